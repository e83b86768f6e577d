"""The frames of Improv Wi-Fi on a board's console: whatever else comes there does them no harm."""

from board_modules import board_module
from support import raises

LETTERS = b'IMPROV\1\3\2\4\0\xff\n\r'


def frames_module():
    """The module `wifi_setup.frames`, of the sources of the boards."""
    frames = board_module('wifi_setup.frames', '/wifi')
    board_module('wifi_setup', '/wifi').forget()
    return frames


def read(frames, data, reader=None):
    """All that the bytes complete."""
    reader = reader or frames.Reader()
    return [found for found in [reader.take(byte) for byte in data] if found is not None]


def numbers(seed):
    """Numbers below 256 without an end, the same each time."""
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 16 & 255


def test_the_bytes_of_a_frame():
    frames = frames_module()
    # Worked out by hand: the six letters are 477 in all.
    assert frames.frame(1, b'\2') == b'\nIMPROV\1\1\1\2' + bytes(((477 + 5) & 255,)) + b'\n'
    made = frames.result(4, ('café', '-60', 'YES'))
    data = b'\4\x0e\5caf\xc3\xa9\3-60\3YES'
    assert made[1:10] == b'IMPROV\1\4' + bytes((len(data),)) and made[10:-2] == data
    assert frames.result(4, ())[8:-2] == b'\4\2\4\0'


def test_every_length():
    frames = frames_module()
    for size in range(256):
        data = bytes([n * 7 & 255 for n in range(size)])
        assert read(frames, frames.frame(3, data)) == [(3, data)], size


def test_ctrl_c_outside_of_a_frame():
    frames = frames_module()
    frame = frames.frame(3, b'\3\0')
    for data in (b'\3', b'IMPROV\3', b'\r\3', b'IMP\3', b'x' * 300 + b'\3'):
        assert read(frames, data) == [frames.CTRL_C], data
    assert read(frames, b'\3' + frame + b'\3') == [frames.CTRL_C, (3, b'\3\0'), frames.CTRL_C]


def test_ctrl_c_after_a_beginning():
    """In a frame that goes on it is data; after a pause there is no frame any more."""
    frames = frames_module()
    reader = frames.Reader()
    assert read(frames, b'IMPROV\1\3\xff\3\3', reader) == []
    reader.forget()
    assert read(frames, b'\3', reader) == [frames.CTRL_C]


def test_wrong_sums():
    frames = frames_module()
    frame = frames.frame(3, b'\2\0')
    for wrong in range(256):
        data = frame[:-2] + bytes((wrong, 10))
        assert read(frames, data) == [(3, b'\2\0' if wrong == frame[-2] else None)]
    assert read(frames, frame[:-2] + b'\0\n' + frame) == [(3, None), (3, b'\2\0')]


def test_beginnings_of_frames():
    frames = frames_module()
    frame = frames.frame(3, b'\2\0')
    for size in range(7):
        assert read(frames, b'IMPROV'[:size] + frame[1:]) == [(3, b'\2\0')], size
    assert read(frames, b'IIIIMPRIMPROVIMPROV\2' + frame) == [(3, b'\2\0')]


def test_noise_before_a_frame():
    """After any noise and a pause a frame is read; nothing that is found is no frame."""
    frames = frames_module()
    number = numbers(7)
    for case in range(120):
        size = next(number) % 80
        if case % 2:
            noise = bytes([LETTERS[next(number) % len(LETTERS)] for _ in range(size)])
        else:
            noise = b'IMPROV\1' * (case % 3 == 0) + bytes([next(number) for _ in range(size)])
        reader = frames.Reader()
        for found in read(frames, noise, reader):
            assert found is frames.CTRL_C or len(found) == 2
        reader.forget()
        data = bytes([next(number) for _ in range(next(number))])
        assert read(frames, frames.frame(3, data), reader) == [(3, data)], noise


def test_cut_and_mixed_frames():
    """A frame with a lost or a wrong byte gives no false data, and after a pause it is over."""
    frames = frames_module()
    number = numbers(11)
    good = frames.frame(3, b'\1\x0f\4home\x09right one')
    for place in range(1, len(good) - 1):
        for broken in (
            good[:place] + good[place + 1 :],
            good[:place] + bytes((good[place] ^ (1 + next(number) % 255),)) + good[place + 1 :],
        ):
            reader = frames.Reader()
            for found in read(frames, broken, reader):
                assert found is frames.CTRL_C or found[1] is None or found[0] != 3, broken
            reader.forget()
            assert read(frames, good, reader) == [(3, good[10:-2])]


def test_credentials():
    frames = frames_module()
    assert frames.credentials(b'\4home\x09right one') == ('home', 'right one')
    assert frames.credentials(b'\5caf\xc3\xa9\0') == ('café', '')
    assert frames.credentials(b'\0\0') == ('', '')
    for wrong in (b'', b'\4', b'\4home', b'\5home', b'\4home\1', b'\4home\0\0', b'\2\xc3\x28\0'):
        raises(ValueError, frames.credentials, wrong)


def test_credentials_of_noise():
    frames = frames_module()
    number = numbers(3)
    for _ in range(300):
        data = bytes([next(number) & 15 for _ in range(next(number) % 24)])
        try:
            ssid, password = frames.credentials(data)
            assert len(ssid.encode()) + len(password.encode()) + 2 == len(data)
        except ValueError:
            pass
