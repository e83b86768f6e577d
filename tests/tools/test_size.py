"""The measured applications keep to the ceilings of measure/targets.py; so does what is written."""

import functools
import re
import shutil
import subprocess
import sys

import pytest

import needs
from measure import extensions, forms, heap, server, size, steps, targets, wasm
from microdot_kit import payload, runtimes
from microdot_kit.steps import Failure

MEMORY = runtimes.ROOT / 'docs' / 'howto' / 'memory.md'
SMALLEST = [name for name in targets.CEILINGS if name.endswith(' smallest')]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A function that makes the package's form of a name, once."""
    folder = tmp_path_factory.mktemp('forms')

    @functools.cache
    def make(name):
        try:
            return forms.make(name, runtimes.LIB, folder)
        except (server.Missing, Failure) as error:
            needs.missing(str(error))

    return make


@pytest.fixture(scope='module')
def node():
    """What `wasm.install` returns."""
    try:
        return wasm.install(runtimes.ROOT / 'build' / 'size' / 'wasm')
    except server.Missing as error:
        needs.missing(str(error))


@pytest.fixture(scope='module')
def modules(made):
    """The modules that the page loads, as in `size.loaded`."""
    states = heap.in_use(made('mpy'), 'page', steps.PAGE_STEPS)
    return size.loaded(made('mpy'), states)


# One that is frozen is built of MicroPython's sources first.
BUILT = pytest.param('frozen', marks=pytest.mark.slow)


@pytest.mark.parametrize('form', [BUILT if form == 'frozen' else form for form in size.UNIX])
def test_heap_in_use(made, form):
    figures = {}
    for profile in size.PROFILES:
        states = heap.in_use(made(form), profile, steps.PROFILES[profile])
        figures |= size.of_states(f'{profile} {form}', states)
    assert targets.of(form) - set(SMALLEST) <= set(figures)
    assert targets.over(figures) == []


def test_heap_in_use_on_32_bit(made, node, modules):
    figures = size.measure_wasm(*node, made('mpy').folder, modules)
    assert targets.of('32-bit') <= set(figures)
    assert targets.over(figures) == []


def test_modules_of_the_core(modules):
    figures = size.core(modules)
    assert {name for name in targets.CEILINGS if name.split()[0] == 'core'} == set(figures)
    assert targets.over(figures) == []


def test_every_module_that_is_loaded_is_counted(tmp_path):
    lib = tmp_path / 'lib'
    shutil.copytree(runtimes.LIB, lib)
    (lib / 'microdot' / 'hidden.py').write_text('x = 1\n')
    with open(lib / 'microdot' / 'sse.py', 'a') as file:
        file.write("\n__import__('micro' + 'dot.hidden')\n")
    form = forms.make('mpy', lib, tmp_path / 'forms')
    states = heap.in_use(form, 'page', steps.PAGE_STEPS[:2])
    found = {name: (length, step) for name, length, step in size.loaded(form, states)}
    file = form.folder / 'microdot' / 'hidden.mpy'
    assert found['microdot.hidden'] == (file.stat().st_size, 'start')


@pytest.mark.parametrize('name', SMALLEST)
def test_a_small_heap_will_do(made, name):
    profile, form, _ = name.split()
    # What a stack happens to hold can keep garbage alive, so that one run in many falls short.
    for attempts_left in (2, 1, 0):
        try:
            kib = targets.CEILINGS[name] // 1024
            return heap.serve(made(form), profile, steps.PROFILES[profile], kib)
        except server.ServerError:
            if not attempts_left:
                raise


def test_a_tiny_heap_does_not_serve(made):
    with pytest.raises(server.ServerError, match='MemoryError'):
        heap.serve(made('mpy'), 'page', steps.PAGE_STEPS, 16)


def test_what_is_above_its_ceiling_is_named():
    limit = targets.CEILINGS['page mpy end']
    assert targets.over({'page mpy end': limit}) == []
    line = f'page mpy end: {limit + 7:,} bytes, 7 over its ceiling'
    assert targets.over({'page mpy end': limit + 7, 'core end': 1}) == [line]


def test_a_check_fails_by_what_is_above(monkeypatch, capsys):
    figures = {'page mpy end': targets.CEILINGS['page mpy end'] + 7}
    monkeypatch.setattr(size, 'run', lambda options: {size.OURS: figures})
    monkeypatch.setattr(sys, 'argv', ['size.py', '--check'])
    with pytest.raises(SystemExit, match='page mpy end: .* 7 over its ceiling'):
        size.main()
    monkeypatch.setattr(sys, 'argv', ['size.py'])
    size.main()


def test_targets_beside_figures():
    wanted = {'a': ('A', 20, 10), 'b': ('B', 20, None), 'c': ('C', 1, 1)}
    rows = list(targets.rows(wanted, {'a': 15, 'b': 21}, {'b': 5}))
    assert rows == [['A', 15, None, 20, 10, 'yes'], ['B', 21, 5, 20, None, 'no']]
    assert list(targets.rows(wanted, {'a': 10}, {}))[0][-1] == 'beyond'


def test_a_package_that_is_not_there(tmp_path):
    command = [sys.executable, str(runtimes.ROOT / 'tools'), 'measure.size', '--quick', '--lib']
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f'size: {tmp_path} has no package microdot\n'


@pytest.mark.slow
def test_what_extensions_cost_is_what_the_documentation_says(made, node, modules):
    row = r'^\| `([a-z]+)`' + r' \| ([0-9.]+) KB' * 3 + r' \|$'
    written = {name: values for name, *values in re.findall(row, MEMORY.read_text(), re.MULTILINE)}
    names = [name for name, _, _ in modules]
    rows = extensions.measure(runtimes.LIB, made('mpy').folder, *node, names)
    measured = {name: values for name, *values in rows}
    assert set(written) == set(measured) == set(payload.extensions())
    for name, values in written.items():
        # Pools of interned strings, which are in the heap, fill up at one import or another.
        for value, found, off in zip(values, measured[name], (500, 500, 100), strict=True):
            assert abs(float(value) * 1000 - found) <= off + found / 20, (name, measured[name])
