"""``Update``: takes signed updates of a board over the network, and says which version runs.

An update is a file that ``make update`` has signed; docs/howto/update.md has its format. Its header
is looked at first: nothing is erased before it is known to be whole, for this board, newer than
what runs, and signed with the key whose public half is frozen into the firmware. Then it goes to
flash as it comes, 4 KB at a time, beside what runs, and becomes what starts next, on trial, once
all of it has been compared with the hash that was signed. Whatever goes wrong, the board goes on as
it is.
"""

import asyncio
import struct
from hashlib import sha256

from .csrf import CSRF
from .dispatching import wrap_dispatch

HEADER = 144  # bytes before the payload
_SIGNED = 80  # bytes of these that the signature is for
_SECTOR = 4096
_APPLICATION = 0
_FIRMWARE = 1
_HEADERS = {'Cache-Control': 'no-store'}
_TEXT = {'Cache-Control': 'no-store', 'Content-Type': 'text/plain; charset=UTF-8'}

# What is wrong with an update: status, and what to say to whoever sent it.
_REFUSALS = {
    'no key': (501, 'There is no key in this firmware: it takes no updates over the network.'),
    'no slots': (501, 'This board has no room for a second version: it takes no updates.'),
    'no firmware': (422, 'This is a firmware, and this board takes applications alone.'),
    'busy': (409, 'Another update is on its way.'),
    'restarting': (409, 'An update has been taken: the board restarts.'),
    'plain': (
        409,
        'ROMFS has an image longer than a slot: write a shorter one by cable first.',
    ),
    'on trial': (409, 'The version that runs is on trial: wait until it is confirmed.'),
    'no length': (411, 'The length of the update has to be announced.'),
    'too long': (413, 'The update has %d bytes, and there is room for %d.'),
    'cut short': (400, 'The update is cut short: %d of %d bytes.'),
    'longer': (400, 'The update has %d bytes, its header says %d.'),
    'no update': (400, 'This is no update: "make update" makes one.'),
    'board': (422, 'The update is for %s, this board is %s.'),
    'older': (409, 'The update has version %s, and %s runs: add ?older=1 to take it all the same.'),
    'signature': (422, 'The signature is not that of the key in this firmware.'),
    'no image': (422, 'The update is signed, and yet not what this board can run: %s.'),
    'altered': (422, 'The update has been altered: it is not what was signed.'),
    'flash': (500, 'The flash could not be written: %s.'),
}


class Refused(Exception):
    """Raised for an update that is not taken: ``status``, and why as ``str()``."""

    def __init__(self, name, *values):
        self.status, text = _REFUSALS[name]
        super().__init__(text % values if values else text)


def version_text(number):
    """Return the text, such as ``'1.2.3'``, of a version as a header has it: a number."""
    return '%d.%d.%d' % (number >> 24, number >> 12 & 0xFFF, number & 0xFFF)


class Header:
    """What the first 144 bytes of an update say.

    :param data: these bytes. Raises ``Refused`` if they are not those of an update.

    ``kind`` is 0 for an application, 1 for a firmware of an ESP32, ``version`` a number, ``length``
    that of the payload in bytes, ``sha256`` its hash, ``board`` a str.
    """

    def __init__(self, data):
        fields = struct.unpack('<4sB3sII32s32s64s', data)
        magic, self.kind, zeros, self.version, self.length = fields[:5]
        self.sha256, board, self.signature = fields[5:]
        if magic != b'MDU1' or self.kind > _FIRMWARE or zeros != bytes(3) or not self.length:
            raise Refused('no update')
        try:
            self.board = board.rstrip(b'\0').decode()
        except ValueError:
            raise Refused('no update') from None
        self.signed = bytes(data[:_SIGNED])

    async def is_signed(self, key):
        """Return whether the signature is that of a public key (64 bytes); see ``p256.verify``."""
        from .p256 import verify

        return await verify(key, sha256(self.signed).digest(), self.signature)


class Update:
    """Adds a page for updates to an application, and what programs need to send one.

    :param app: the application, not one that is mounted in another.
    :param auth: what decorates routes for those who may update: a ``BasicAuth``, ``TokenAuth`` or
        ``Login``.
    :param csrf: a ``CSRF`` object with the exceptions to make; other sites are refused anyway.
    :param path: the path of the page.
    :param key: what has ``KEY``, the public key in 64 bytes, ``BOARD``, the name of the board, and
        for a firmware ``VERSION``, a str: by default the module ``update_key``, which
        ``make firmware KEY=`` freezes.
    :param slots: the slots for applications, by default ``slots.open()`` of the firmware.
    :param restart: the function that restarts the board, by default ``machine.reset``.

    ``GET`` answers with a page if that is preferred, else with JSON: see ``state``. ``POST`` takes
    an update, as it is, as the body; ``?older=1`` one that is not newer, too. The board restarts a
    second after it has taken it. Raises ``TypeError`` without ``auth``.
    """

    #: Seconds until the restart, for the answer to arrive.
    pause = 1

    def __init__(self, app, auth, csrf=None, path='/update', key=None, slots=None, restart=None):
        if not callable(auth):
            raise TypeError('auth: a BasicAuth, TokenAuth or Login, so that not everybody may')
        self.app = app
        self.path = path
        self.csrf = csrf or CSRF()
        self.key = key or _frozen_key()
        self.slots = slots or _slots()
        self.firmware = _firmware(self.key)
        if self.firmware and self.firmware.state == 'trial':
            app.create_task(self.firmware.prove(app))
        self.restart = _reset if restart is None else restart
        self._taking = self._taken = False
        self._take_guarded = auth(self._post)
        wrap_dispatch(app, self._limited)
        app.get(path)(auth(self._get))
        app.post(path)(self._checked)

    async def _limited(self, request, dispatch):
        """Dispatch a request; an update may be as long as the flash has room for."""
        if request and request.path == self.path and request.method == 'POST':
            request.max_content_length = request.content_length
            request.max_body_length = 0  # none of it is loaded
        return await dispatch(request)

    def state(self):
        """Return what ``GET`` answers, a dictionary.

        ``board`` is its name; ``version`` that of the application that runs from a slot, ``None``
        for any other; ``state`` is ``'trial'`` or ``'confirmed'``; ``failed`` is the last version
        that did not pass its trial; ``capacity`` is how many bytes there is room for; ``why`` is
        why the board takes no updates at present, if it takes none; ``firmware`` is, on an ESP32
        with two of them, a dictionary with ``version``, ``state`` and ``capacity`` of that.
        """
        answer = {'board': getattr(self.key, 'BOARD', None), 'version': None, 'state': None}
        if self.slots:
            running = self.slots.running
            if running:
                answer['version'] = version_text(running.version)
                answer['state'] = running.state
            failed = self._failed()
            if failed:
                answer['failed'] = version_text(failed)
            answer['capacity'] = self.slots.capacity
        if self.firmware:
            answer['firmware'] = {
                'version': self.firmware.version and version_text(self.firmware.version),
                'state': self.firmware.state,
                'capacity': self.firmware.capacity,
            }
        try:
            self._check_able()
        except Refused as exc:
            answer['why'] = str(exc)
        return answer

    def _failed(self):
        """Return the version that has failed last, if it is the last one that was taken."""
        last = None
        for record in self.slots.records:
            if record and (not last or record.number > last.number):
                last = record
        return last.version if last and last.state == 'failed' else None

    async def _get(self, request):
        request.vary('Accept')
        if 'text/html' in request.headers.get('Accept', ''):
            from .update_page import page

            return page()
        return self.state(), _HEADERS

    async def _checked(self, request):
        if not self.csrf._is_allowed(request):
            return 'Forbidden', 403
        return await self._take_guarded(request)

    async def _post(self, request):
        try:
            self._check_able()
            self._taking = True
            try:
                version = await self._take(request)
                # Not in the connection's task, which ends when another client needs its place, or
                # when there is no memory for the answer.
                self._restarting = asyncio.create_task(self._restart_soon())
                self._taken = True
            finally:
                self._taking = False
        except Refused as exc:
            return str(exc) + '\n', exc.status, _TEXT
        return {'version': version, 'state': 'trial'}, _HEADERS

    def _check_able(self):
        """Raise ``Refused`` if no update can be taken now."""
        running = self.slots and self.slots.running
        for refused, name in (
            (not self.key, 'no key'),
            (not self.slots and not self.firmware, 'no slots'),
            (self._taken, 'restarting'),
            (self._taking, 'busy'),
            (running and running.state == 'trial' and not self.firmware, 'on trial'),
        ):
            if refused:
                raise Refused(name)

    async def _take(self, request):
        """Take the update that is the body of a request, and return its version as text."""
        length = request.content_length
        if not length:
            raise Refused('no length')
        if length <= HEADER:
            raise Refused('cut short', length, HEADER)
        stream = request.stream
        header = Header(await stream.readexactly(HEADER))
        target = self._target(header, length - HEADER, request.args.get('older') == '1')
        if not await header.is_signed(self.key.KEY):
            raise Refused('signature')
        if getattr(target, 'plain', 0) > target.capacity:
            raise Refused('plain')
        writer = _try(target.begin, header.length)
        await self._write(stream, header, writer)
        return version_text(header.version)

    def _target(self, header, length, older):
        """Return where an update goes: slots or firmware. Raises ``Refused``."""
        if length != header.length:
            name = 'cut short' if length < header.length else 'longer'
            raise Refused(name, length + HEADER, header.length + HEADER)
        if header.board != self.key.BOARD:
            raise Refused('board', header.board, self.key.BOARD)
        target = self.firmware if header.kind == _FIRMWARE else self.slots
        if not target:
            raise Refused('no firmware' if header.kind == _FIRMWARE else 'no slots')
        if header.length > target.capacity:
            raise Refused('too long', header.length, target.capacity)
        running = target.running
        if running:
            # The other one is what the board goes back to.
            if running.state == 'trial':
                raise Refused('on trial')
            if header.version <= running.version and not older:
                raise Refused('older', version_text(header.version), version_text(running.version))
        return target

    async def _write(self, stream, header, writer):
        """Write what comes, and make it what starts next. Raises ``Refused``, ``ClientError``."""
        sector = bytearray(_SECTOR)
        digest = sha256()
        left = header.length
        while left:
            block = memoryview(sector)[: min(left, _SECTOR)]
            filled = 0
            while filled < len(block):
                data = await stream.read(len(block) - filled)
                if not data:
                    raise Refused('cut short', header.length - left + filled, header.length)
                block[filled : filled + len(data)] = data
                filled += len(data)
            digest.update(block)
            left -= filled
            _try(writer.write, block)
            await asyncio.sleep(0)
        if digest.digest() != header.sha256:
            raise Refused('altered')
        _try(writer.commit, header.version, header.sha256)

    async def _restart_soon(self):
        await asyncio.sleep(self.pause)
        self.restart()


def _try(f, *args):
    """Call something that writes to flash. Raises ``Refused`` for what goes wrong there."""
    try:
        return f(*args)
    except OSError as exc:
        raise Refused('flash', exc) from None
    except ValueError as exc:
        raise Refused('no image', exc) from None


def confirm():
    """Confirm that the version that runs is good, so that the board does not go back.

    Without it the board does so itself: a slot when the application has run for a minute and
    answers, a firmware when the application has served for a minute. Nothing happens for a version
    that is confirmed already, or that came another way.
    """
    try:
        import slots

        slots.confirm()
    except ImportError:
        pass
    try:
        from .update_esp32 import confirm as confirm_firmware

        confirm_firmware()
    except ImportError:
        pass


def _frozen_key():
    try:
        import update_key

        return update_key
    except ImportError:
        return None


def _slots():
    try:
        import slots

        return slots.open()
    except (ImportError, OSError):
        return None


def _firmware(key):
    try:
        from .update_esp32 import Firmware

        return Firmware(getattr(key, 'VERSION', None))
    except (ImportError, OSError):
        return None


def _reset():
    from machine import reset

    reset()
