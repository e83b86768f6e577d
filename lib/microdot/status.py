"""The standard reason phrases (RFC 9110, section 15, and the IANA registry).

One str instead of a dictionary: a board that has answered nothing but 200 never loads it.
"""

_PHRASES = (
    '100Continue\n101Switching Protocols\n103Early Hints\n200OK\n201Created\n202Accepted\n'
    '203Non-Authoritative Information\n204N/A\n205Reset Content\n206Partial Content\n'
    '207Multi-Status\n300Multiple Choices\n301Moved Permanently\n302Found\n303See Other\n'
    '304Not Modified\n307Temporary Redirect\n308Permanent Redirect\n400Bad Request\n'
    '401Unauthorized\n402Payment Required\n403Forbidden\n404Not Found\n405Method Not Allowed\n'
    '406Not Acceptable\n407Proxy Authentication Required\n408Request Timeout\n409Conflict\n'
    '410Gone\n411Length Required\n412Precondition Failed\n413Content Too Large\n'
    '414URI Too Long\n415Unsupported Media Type\n416Range Not Satisfiable\n'
    "417Expectation Failed\n418I'm a teapot\n421Misdirected Request\n422Unprocessable Content\n"
    '423Locked\n424Failed Dependency\n425Too Early\n426Upgrade Required\n'
    '428Precondition Required\n429Too Many Requests\n431Request Header Fields Too Large\n'
    '451Unavailable For Legal Reasons\n500Internal Server Error\n501Not Implemented\n'
    '502Bad Gateway\n503Service Unavailable\n504Gateway Timeout\n'
    '505HTTP Version Not Supported\n507Insufficient Storage\n'
    '511Network Authentication Required\n'
)


def reason_phrase(status_code):
    """Return the phrase of a status, ``'N/A'`` for an unknown one.

    204 is ``'N/A'`` too: applications written for Microdot 2 may rely on it.
    """
    start = _PHRASES.find(str(status_code))
    # Only three digits at the start of a line are a status.
    if start < 0 or not 100 <= status_code <= 999:
        return 'N/A'
    return _PHRASES[start + 3 : _PHRASES.find('\n', start)]
