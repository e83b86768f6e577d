"""Makes inputs for `wire_targets` out of good ones: the same for the same seed and number.

What an input can be made of is at the margin of correct: pieces of good inputs that are repeated,
left out, cut and exchanged, numbers at their limits, and words that mean something to the target.
"""

import random

NUMBERS = [b'0', b'-1', b'1', b'00', b'255', b'65535', b'65536', b'9' * 18, b'9' * 30, b'0x1']
BYTES = [b'\0', b'\t', b'\n', b'\r', b' ', b'"', b'%', b',', b':', b';', b'=', b'\\', b'\x7f']
BYTES += [b'\x80', b'\xc3', b'\xff', b'\xe2\x80\xa8', b'\xed\xa0\x80', b'\xc0\xaf', b'\xc4\xb0']
LONGEST = 700  # what comes back has to fit beside it into a small heap


def masked(opcode, payload, fin=0x80, rsv=0, mask=b'\x01\x80\xff\x00'):
    """The bytes of a client's frame."""
    n = len(payload)
    size = bytes([0x80 | n]) if n < 126 else bytes([0xFE]) + n.to_bytes(2, 'big')
    data = bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))
    return bytes([fin | rsv | opcode]) + size + mask + data


HEAD = b'POST /a%20b?c=d HTTP/1.1\r\nHost: h:80\r\nContent-Length: 3\r\nCookie: a=b\r\n\r\n'
CHUNKED = b'PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
PART = b'Content-Disposition: form-data; name="a"'
FORM = b'multipart/form-data; boundary="b"\n--b\r\n' + PART + b'\r\n\r\nvalue\r\n--b\r\n' + PART
HEAD_WORDS = [
    b'\r\n', b'\n', b'\r', b' ', b'HTTP/1.1', b'HTTP/1.0', b'GET ', b'HEAD ', b'CONNECT h:1 ',
    b'OPTIONS * ', b'http://u@[::1]:80/', b'Host: ', b'Content-Length: 5\r\n', b'chunked', b'close',
    b'Transfer-Encoding: ', b'gzip, ', b'Expect: 100-continue\r\n', b'Connection: ', b'%2F', b'%',
    b'#', b'?', b'Host: [::1]:8\r\n', b'\r\n\r\n', b';ext="a', b'0\r\n\r\n', b'3\r\nabc\r\n',
]  # fmt: skip

# By target: good inputs, and words.
SOURCES = {
    'server': (
        [
            HEAD + b'abc' + b'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
            CHUNKED + b'3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nX-Sum: 1\r\n\r\n' + HEAD,
            CHUNKED.replace(b'\r\n\r\n', b'\r\nExpect: 100-continue\r\n\r\n') + b'0\r\n\r\n',
            b'\r\nGET http://h/?a HTTP/1.0\r\nX: y\r\n\r\nHEAD / HTTP/1.1\r\n\r\n',
        ],
        HEAD_WORDS,
    ),
    'head': ([HEAD, CHUNKED, b'OPTIONS * HTTP/1.1\nHost: [::1]:80\nX:\n\n'], HEAD_WORDS),
    'form': (
        [
            FORM + b'; filename="f\\"g"\r\nContent-Type: text/plain\r\n\r\ndata\r\n--b--\r\n',
            FORM + b'; filename*=UTF-8\'\'%C3%A4.txt\r\n\r\n\r\n--b\r\n--bb\r\n--b--',
            FORM.replace(b'="b"', b'=b') + b'\r\n\r\n\xc3\xa4\r\n--b--',
        ],
        [
            b'\r\n--b', b'--', b'\r\n', b'\r', b'\r\n\r\n', PART, b'; filename="', b'; name=', b'"',
            b"filename*=UTF-8''", b'%00', b'\\"', b'\\\\', b'boundary=', b';' * 20, b'a=b;' * 20,
            b'x' * 1023, b'\r\n ', b'Content-Type: ', b'--b--\r\n', b'\r\n--b \t\r\n',
        ],
    ),
    'frames': (
        [
            masked(1, b'hello') + masked(9, b'ping') + masked(8, b'\x03\xe8bye'),
            masked(1, 'aä€'.encode()[:3], fin=0) + masked(9, b'') + masked(0, 'aä€'.encode()[3:]),
            masked(2, b'x' * 200, fin=0) + masked(0, b'y' * 126) + masked(8, b''),
        ],
        [
            masked(0, b'', fin=0), masked(1, b'\xf0\x9f', fin=0), masked(0, b'\x98\x80'),
            b'\x88\x80', masked(8, b'\x03'), masked(8, b'\x03\xed'), masked(9, b'p' * 125),
            masked(10, b''), masked(3, b''), masked(1, b'', rsv=0x40), b'\x81\xff', b'\xff' * 8,
            b'\x7f\xff', b'\0', masked(8, b'\x0f\xa0\xff'), b'\x81\xfe\x00\x05',
            masked(2, b'z' * 900),
        ],
    ),
    'cookies': (
        [b'a=b; c="d e"; e=', b'session=eyJ.x-_; $Version=1; f==; ="', b'\xc3\xa4=\xe2\x82\xac'],
        [b'; ', b';', b'=', b'"', b'""', b' ', b'\t', b'\xa0', b'__Host-', b'a=',
         b'=b', b'; Path=/'],
    ),
    'url': (
        [b'a=1&b=%C3%A4+x&a=2', b'a&=b&&c==d', b'%E2%82%AC=%25&q=a%2Bb', '☃=ä'.encode()],
        [b'%', b'%2', b'%zz', b'%00', b'%C3', b'%F0%9F%98%80', b'+', b'&', b'=',
         b'%ed%a0%80', b'%c0%af', b'/'],
    ),
    'ranges': (
        [
            b'bytes=0-4', b'bytes=-5, 7-, 2-3', b'"a", W/"b", *', b'Sun, 06 Nov 1994 08:49:37 GMT',
            b'Sunday, 06-Nov-94 08:49:37 GMT', b'Sun Nov  6 08:49:37 1994',
        ],
        [b'-', b',', b'bytes=', b' ', b'0-0', b'99999999999999999999-', b'GMT', b'Feb', b'31', b'*',
         b'W/', b'"', b'29 Feb 2023', b'24:60:61', b'1-0', '\u00b2'.encode(), '\u0663'.encode()],
    ),
    'template': (
        [
            b'{% args a, b=1 %}\n<p>{{ a }}</p>{% if b %}x{% elif a %}y{% else %}z{% endif %}\n',
            b'{% for i in range(3) %}{{ i }}{% if i %}{% break %}{% endif %}{% endfor %}{# c #}',
            b'{% macro m(x) %}{{ x|safe }}{% endmacro %}{% set y = {"a": [1]} %}{{ m(y) }}',
            b'{% raw %}{{ x }}{% endraw %}{% include "other.html" %}{% while a %}{% endwhile %}',
        ],
        [
            b'{{', b'}}', b'{%', b'%}', b'{#', b'#}', b'{% endif %}', b'{% else %}', b'"', b"'",
            b'\\', b'(' * 40, b'[', b'{', b'lambda: ', b' if ', b':', b'\n', b'\r\n', b'x' * 256,
            b'#', b'{% from x import y %}', b'yield', b'await x', b'"""', b'{% endraw %}',
            b'not ' * 100,
        ],
    ),
}  # fmt: skip


def change(random, data, goods, words):
    """A change of the kind that the generator of numbers says."""
    i, j = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    j = min(j, i + random.choice((1, 2, 8, 60)))
    kind = random.randrange(8)
    if kind == 0:
        return data[:i] + random.choice(words) + data[i:]
    if kind == 1:
        return data[:i] + random.choice(words) + data[j:]
    if kind == 2:
        return data[:i] + data[j:]
    if kind == 3:
        return data[:i] + data[i:j] * random.choice((2, 3, 17, 200)) + data[j:]
    if kind == 4:
        return data[:i] + random.choice(BYTES) + data[i:]
    if kind == 5:
        return data[:i] + bytes([random.randrange(256)]) + data[i + 1 :]
    if kind == 6:
        return data[:i] + random.choice(NUMBERS) + data[j:]
    other = random.choice(goods)
    return data[:i] + other[random.randrange(len(other) + 1) :]


def inputs(target, count, seed=1):
    """Yield a number of inputs for a target, each a list of pieces; first the good ones."""
    goods, words = SOURCES[target]
    for number in range(count):
        if number < len(goods):
            yield [goods[number]]
            continue
        chance = random.Random(f'{seed} {target} {number}')
        data = chance.choice(goods)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            data = change(chance, data, goods, words)[:LONGEST]
        at = chance.randrange(len(data) + 1)
        yield [data[:at], data[at:]]
