"""Cases of `slots` on a flash in memory, for CPython and MicroPython: see test_slots.

The flash is a NOR flash: a sector is erased to ones, and programming takes ones away. The power can
be cut in any of its operations, which then has done nothing, a half, or something of everything.
"""

import errno
from hashlib import sha256

import slots

SECTOR, PAGE = slots.SECTOR, slots.PAGE
SECTORS = 6  # two slots of two, two tables
TORN = ('not at all', 'the first half', 'the second half', 'every other byte', 'some bits')


class Cut(Exception):
    pass


class Flash(bytearray):
    """The partition of a board. After `left` operations the power is cut, in the next one."""

    left = None
    torn = TORN[0]
    operations = 0
    worn = False

    def change(self, start, new):
        self.operations += 1
        if self.left == self.operations - 1:
            self.tear(start, new)
            raise Cut
        self[start : start + len(new)] = new

    def tear(self, start, new):
        size, half = len(new), len(new) // 2
        if self.torn == 'the first half':
            self[start : start + half] = new[:half]
        elif self.torn == 'the second half':
            self[start + half : start + size] = new[half:]
        elif self.torn == 'every other byte':
            for at in range(0, size, 2):
                self[start + at] = new[at]
        elif self.torn == 'some bits':
            for at in range(size):
                self[start + at] = self[start + at] & 0xA5 | new[at] & 0x5A

    def ioctl(self, operation, argument):
        if operation == 6:
            self.change(argument * SECTOR, b'\xff' * SECTOR)
            return 0
        raise ValueError(operation)

    def writeblocks(self, block, data, offset):
        start, size = block * SECTOR + offset, len(data)
        assert offset % PAGE == 0 and size % PAGE == 0 and offset + size <= SECTOR
        data, old = bytes(data), bytes(self[start : start + size])
        if old != b'\xff' * size:
            both = bytes([a & b for a, b in zip(old, data)])
            for a, b in zip(both, data):
                assert a == b or b == 0xFF or self.worn, 'programmed before it was erased'
            data = both
        self.change(start, data)


def empty():
    return Flash(b'\xff' * SECTOR * SECTORS)


def image(version, size):
    """An image of so many bytes that begins like a ROMFS."""
    inside = size - 5
    header = bytes([0xD2, 0xCD, 0x31, 0x80 | inside >> 7, inside & 0x7F])
    return header + bytes([(version * 7 + at // 64) & 0xFF for at in range(inside)])


IMAGES = {1: image(1, 5000), 2: image(2, 8192), 3: image(3, 300), 4: image(4, 4096)}


def write(found, version, state=slots.TRIAL, replace=False):
    data = IMAGES[version]
    writer = found.begin(len(data), replace)
    for start in range(0, len(data), SECTOR):
        writer.write(memoryview(data)[start : start + SECTOR])
    writer.commit(version, sha256(data).digest(), state)


def started(flash, restarted=False):
    """The Slots of a board that starts."""
    found = slots.open(flash)
    found.start(restarted)
    return found


def version(flash, restarted=False):
    """What a board runs that starts, by what is in its flash."""
    found = started(flash, restarted)
    if found.plain:
        data = bytes(flash[: found.plain])
    elif found.running:
        data = bytes(found.image(found.running))
    else:
        return None
    for number, wanted in IMAGES.items():
        if data == wanted:
            return number
    raise AssertionError('what runs is no version')


def update(flash, version):
    """An update as the board has it: written while something runs, started, confirmed."""
    write(started(flash), version)
    found = started(flash, True)
    found.confirm()


# What is on the board before an update from version 1 to version 2.


def mpremote(flash, data):
    """What `mpremote romfs deploy` does."""
    end = -len(data) % SECTOR + len(data)
    flash[:end] = data + bytes(end - len(data))


def plain():
    flash = empty()
    mpremote(flash, IMAGES[1])
    return flash


def in_slot_0():
    flash = empty()
    update(flash, 1)
    return flash


def in_slot_1():
    flash = empty()
    update(flash, 4)
    update(flash, 1)
    return flash


def beside_a_failed_one():
    flash = in_slot_0()
    write(started(flash), 3)
    for _ in range(slots.RESTARTS):
        assert version(flash) == 3
        started(flash, True)
    assert version(flash) == 1
    return flash


def plain_over_slots():
    flash = in_slot_1()
    mpremote(flash, IMAGES[3])
    assert version(flash) == 3
    return flash


BEFORE = (plain, in_slot_0, in_slot_1, beside_a_failed_one, empty)


# The power is cut.


def at_each_operation(before, work, check):
    """Do something to a board with the power cut in each of its operations, in each way; `check`
    gets the flash then. Return how many operations there are."""
    flash = Flash(before)
    work(flash)
    for torn in TORN:
        for left in range(flash.operations):
            cut = Flash(before)
            cut.left, cut.torn = left, torn
            try:
                work(cut)
                raise AssertionError('not cut')
            except Cut:
                cut.left = None
            check_what_micropython_mounts(cut)
            check(cut)
    return flash.operations


def check_what_micropython_mounts(flash):
    """At the start of the partition is a whole image, or none."""
    length = slots.image_length(flash)
    if length:
        assert bytes(flash[:length]) in IMAGES.values(), 'a part of an image would be mounted'


def at_an_update(prepare):
    before = prepare()
    old = version(Flash(before))
    seen = set()

    def check(flash):
        runs = version(flash)
        assert runs in (old, 2), runs
        seen.add(runs)
        assert version(flash) == runs
        if runs == old:
            write(started(flash), 2)
        assert version(flash, True) == 2
        started(flash).confirm()
        assert version(flash) == 2

    count = at_each_operation(before, lambda flash: write(started(flash), 2), check)
    assert count >= 9
    # The last operation writes the table; half of it is all of the table, and counts.
    assert seen == {old, 2}


def test_cut_in_an_update_of_a_plain_image():
    at_an_update(plain)


def test_cut_in_an_update_of_slot_0():
    at_an_update(in_slot_0)


def test_cut_in_an_update_of_slot_1():
    at_an_update(in_slot_1)


def test_cut_in_an_update_after_one_that_failed():
    at_an_update(beside_a_failed_one)


def test_cut_in_the_first_installation():
    at_an_update(empty)


def test_cut_in_an_update_of_a_plain_image_over_slots():
    before = plain_over_slots()

    def check(flash):
        assert version(flash) in (3, 2)
        if version(flash) == 3:
            write(started(flash), 2)
        assert version(flash) == 2

    at_each_operation(before, lambda flash: write(started(flash), 2), check)


def test_cut_in_the_first_start_of_a_trial():
    before = in_slot_0()
    write(started(before), 2)

    def check(flash):
        assert version(flash) == 2
        for _ in range(slots.RESTARTS - 1):
            assert version(flash, True) == 2
            assert started(flash).running.state == slots.TRIAL
        started(flash).confirm()
        assert version(flash, True) == 2

    assert at_each_operation(before, lambda flash: started(flash, True), check) == 2


def test_cut_in_a_confirmation():
    before = in_slot_0()
    write(started(before), 2)
    started(before, True)

    def check(flash):
        found = started(flash)
        assert found.running.version == 2
        found.confirm()
        for _ in range(10):
            assert version(flash, True) == 2
        update(flash, 3)
        assert version(flash) == 3

    assert at_each_operation(before, lambda flash: started(flash).confirm(), check) == 2


def test_cut_in_a_roll_back():
    for prepare in (in_slot_0, in_slot_1):
        before = prepare()
        write(started(before), 2)
        started(before, True)

        def work(flash):
            for _ in range(slots.RESTARTS):
                started(flash, True)

        def check(flash):
            assert version(flash) in (1, 2)
            for _ in range(slots.RESTARTS):
                runs = version(flash, True)
            assert runs == 1
            update(flash, 2)
            assert version(flash) == 2

        assert at_each_operation(before, work, check) == 2 * slots.RESTARTS


# A slot on trial comes back, or stays.


def on_trial():
    flash = in_slot_0()
    write(started(flash), 2)
    return flash


def test_three_restarts_bring_the_old_one_back():
    flash = on_trial()
    runs = [version(flash, True) for _ in range(6)]
    assert runs == [2, 2, 2, 1, 1, 1], runs
    assert [record.state for record in started(flash).records] == [slots.CONFIRMED, slots.FAILED]
    assert started(flash).records[1].version == 2


def test_switching_on_does_not_count():
    flash = on_trial()
    assert [version(flash) for _ in range(20)] == [2] * 20
    assert version(flash, True) == 2 == version(flash, True)
    assert [version(flash) for _ in range(20)] == [2] * 20
    assert version(flash, True) == 1 == version(flash)


def test_a_confirmed_one_stays():
    flash = on_trial()
    started(flash, True).confirm()
    before = bytes(flash)
    assert [version(flash, True) for _ in range(20)] == [2] * 20
    started(flash).confirm()
    assert bytes(flash) == before  # nothing to write


def test_nothing_else_to_go_back_to():
    flash = empty()
    write(started(flash), 2)
    assert [version(flash, True) for _ in range(5)] == [2, 2, 2, None, None]
    update(flash, 2)
    assert version(flash) == 2


def test_many_updates_in_turn():
    flash = empty()
    for number in (1, 2, 3, 4) * 3:
        update(flash, number)
        assert version(flash, True) == number
    assert {record.slot: record.version for record in started(flash).records} == {0: 3, 1: 4}


# What is damaged, or not from here.


def test_a_damaged_slot_is_not_started():
    flash = on_trial()
    started(flash).confirm()
    found = slots.open(flash)
    flash[found.capacity + 5000] ^= 1
    assert version(flash) == 1
    flash[4000] ^= 1
    assert started(flash).running is None


def test_a_damaged_table_is_not_read():
    flash = on_trial()
    started(flash).confirm()
    whole = bytes(flash)
    for sector in (4, 5):
        for at in range(112):
            damaged = Flash(whole)
            damaged[sector * SECTOR + at] ^= 0x10
            assert version(damaged) == 2


def test_a_plain_image_over_slots_runs():
    flash = plain_over_slots()
    assert version(flash, True) == 3
    update(flash, 2)
    assert version(flash) == 2
    assert started(flash).records[0].state == slots.CONFIRMED  # the plain image, kept


def test_a_plain_image_of_the_same_length_over_slots_runs():
    IMAGES[5] = image(5, len(IMAGES[1]))
    for prepare in (in_slot_0, plain):
        flash = prepare()
        update(flash, 2)
        update(flash, 1)
        mpremote(flash, IMAGES[1])
        assert version(flash) == 1
        mpremote(flash, IMAGES[5])
        assert version(flash) == 5
        update(flash, 2)
        assert version(flash) == 2
        assert started(flash).records[0].state == slots.CONFIRMED
    del IMAGES[5]


def test_a_plain_image_longer_than_a_slot():
    flash = empty()
    mpremote(flash, image(9, 10000))
    found = started(flash)
    assert found.plain == 10000
    raises(OSError, slots.EBUSY, found.begin, 300)
    assert started(flash).plain == 10000
    write(found, 1, slots.CONFIRMED, True)
    assert version(flash) == 1


def test_the_prompt_writes_over_what_is_on_trial():
    """Where nothing runs, as while `make deploy` is at work."""
    flash = on_trial()
    write(slots.open(flash), 3, slots.CONFIRMED)
    assert version(flash) == 3
    assert [record.version for record in started(flash).records] == [1, 3]


# What is refused.


def raises(kind, code, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        assert code is None or error.errno == code, error
    else:
        raise AssertionError('nothing was raised')


def test_lengths():
    found = started(in_slot_0())
    assert found.capacity == 2 * SECTOR
    for length in (0, -1, found.capacity + 1):
        raises(ValueError, None, found.begin, length)
    found.begin(found.capacity)


def test_no_update_while_one_is_on_trial():
    flash = on_trial()
    before = started(flash, True)
    raises(OSError, slots.EBUSY, before.begin, 300)
    assert version(flash) == 2
    before.confirm()
    write(before, 3)
    assert version(flash) == 3


def test_pieces():
    flash = in_slot_0()
    digest = sha256(IMAGES[2]).digest()
    for pieces in ([SECTOR - 1], [SECTOR + 1], [0], [SECTOR, SECTOR - 1], [SECTOR, SECTOR, 1]):
        writer = started(flash).begin(len(IMAGES[2]))
        for piece in pieces[:-1]:
            writer.write(IMAGES[2][:piece])
        raises(ValueError, None, writer.write, bytes(pieces[-1]))
        if len(pieces) < 3:
            raises(ValueError, None, writer.commit, 2, digest)
        assert version(flash) == 1


def test_another_digest():
    flash = in_slot_0()
    raises(OSError, errno.EIO, write_with, started(flash), 2, bytes(32))
    assert version(flash) == 1


def test_no_image():
    flash = in_slot_0()
    for data in (b'x' * 300, IMAGES[3] + b'more', IMAGES[3][:-1], b'\xd2\xcd'):
        IMAGES[0] = data
        try:
            raises(ValueError, None, write, started(flash), 0)
        finally:
            del IMAGES[0]
        assert version(flash) == 1


def test_a_flash_that_does_not_take_it():
    for stuck in (2 * SECTOR, 2 * SECTOR + 10, 3 * SECTOR + 99, 4 * SECTOR + 1, 5 * SECTOR + 1):
        flash = in_slot_0()
        change = flash.change

        def stick(start, new, flash=flash, stuck=stuck, change=change):
            change(start, new)
            flash[stuck] = 0

        flash.change, flash.worn = stick, True
        raises(OSError, errno.EIO, write, started(flash), 2)
        assert version(Flash(flash)) == 1


def test_a_confirmation_that_fails_can_be_repeated():
    before = in_slot_0()
    write(started(before), 2)
    found = started(before, True)
    save = found.save

    def fail():
        raise MemoryError

    found.save = fail
    raises(MemoryError, None, found.confirm)
    assert found.running.state == slots.TRIAL
    found.save = save
    found.confirm()
    assert started(before).running.state == slots.CONFIRMED


def write_with(found, version, digest):
    data = IMAGES[version]
    writer = found.begin(len(data))
    for start in range(0, len(data), SECTOR):
        writer.write(data[start : start + SECTOR])
    writer.commit(version, digest)


def run(name):
    globals()[name]()
