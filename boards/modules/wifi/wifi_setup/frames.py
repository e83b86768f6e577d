"""The frames of Improv Wi-Fi on a serial port (https://www.improv-wifi.com/serial/), version 1.

`IMPROV`, the version, a type, the length of the data, the data, and the sum of all that, modulo
256. A line feed goes before a frame, which has to begin a line, and one after it.
"""

HEAD = b'IMPROV\1'
STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4  # types
INTERRUPT = 3  # Ctrl-C, unless it is in a frame
CTRL_C = 'Ctrl-C'


def frame(kind, data):
    """The bytes of a frame with that data (255 bytes at most)."""
    out = HEAD + bytes((kind, len(data))) + data
    return b'\n' + out + bytes((sum(out) & 255, 10))


def result(command, strings):
    """The bytes of a frame with what has come of a command."""
    data = b''
    for text in strings:
        text = text.encode()
        data += bytes((len(text),)) + text
    return frame(RESULT, bytes((command, len(data))) + data)


def credentials(data):
    """Return (ssid, password) out of the data of the command that sets them; ValueError else."""
    ssid, rest = cut(data)
    password, rest = cut(rest)
    if rest:
        raise ValueError
    return ssid.decode(), password.decode()


def cut(data):
    """Return a string with its length before it, and what follows."""
    end = 1 + data[0] if data else 1
    if end > len(data):
        raise ValueError
    return data[1:end], data[end:]


class Reader:
    """Finds the frames in what comes from a console."""

    def __init__(self):
        self.got = bytearray()  # of a frame, or of what may become one

    def take(self, byte):
        """Take the next byte; return what it completes, `None` if nothing.

        That is CTRL_C, or (type, data) of a frame; the data is `None` if its sum is wrong.
        """
        got = self.got
        size = len(got)
        if size < len(HEAD) and byte != HEAD[size]:
            if size:
                self.got = bytearray()
            if byte == HEAD[0]:
                self.got.append(byte)
            return CTRL_C if byte == INTERRUPT else None
        got.append(byte)
        if size < 9 or size < 9 + got[8]:
            return None
        self.got = bytearray()
        data = bytes(got[9:-1]) if (sum(got) - byte) & 255 == byte else None
        return got[7], data

    def forget(self):
        """Begin anew, after a pause that no frame has."""
        if self.got:
            self.got = bytearray()
