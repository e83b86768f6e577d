"""IANA's registries, as far as web servers meet them: reason phrases and media types.

Loaded by the first response that has a status or a file extension which the core does not know.
"""

# 204 is ``N/A`` in ``http1``: applications written for Microdot 2 may rely on it.
PHRASES = (
    '100Continue\n101Switching Protocols\n103Early Hints\n202Accepted\n'
    '203Non-Authoritative Information\n205Reset Content\n207Multi-Status\n300Multiple Choices\n'
    '301Moved Permanently\n303See Other\n307Temporary Redirect\n308Permanent Redirect\n'
    '402Payment Required\n406Not Acceptable\n407Proxy Authentication Required\n'
    '408Request Timeout\n409Conflict\n410Gone\n411Length Required\n412Precondition Failed\n'
    '414URI Too Long\n415Unsupported Media Type\n416Range Not Satisfiable\n'
    "417Expectation Failed\n418I'm a teapot\n421Misdirected Request\n422Unprocessable Content\n"
    '423Locked\n424Failed Dependency\n425Too Early\n426Upgrade Required\n'
    '428Precondition Required\n429Too Many Requests\n431Request Header Fields Too Large\n'
    '451Unavailable For Legal Reasons\n501Not Implemented\n502Bad Gateway\n'
    '503Service Unavailable\n504Gateway Timeout\n505HTTP Version Not Supported\n'
    '507Insufficient Storage\n511Network Authentication Required\n'
)

# What ``Response.types_map`` does not name.
# One text: each key of a dictionary would be a name for MicroPython to keep.
TYPES = (
    '\n'
    'avif image/avif\nbin application/octet-stream\ncsv text/csv\nhtm text/html\n'
    'ico image/x-icon\njpeg image/jpeg\nmap application/json\nmd text/markdown\n'
    'mjs application/javascript\nmp3 audio/mpeg\nmp4 video/mp4\nogg audio/ogg\n'
    'otf font/otf\npdf application/pdf\nttf font/ttf\nwasm application/wasm\n'
    'wav audio/wav\nwebm video/webm\nwebmanifest application/manifest+json\n'
    'webp image/webp\nwoff font/woff\nwoff2 font/woff2\nxml application/xml\n'
    'zip application/zip\n'
)
