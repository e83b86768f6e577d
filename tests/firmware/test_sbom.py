"""The bill of materials of a firmware: what it lists for each board, as others read it."""

import json

import pytest

import needs
from firmware import sbom, sources
from microdot_kit import boards, payload

BOARDS = boards.read()


def about(facts):
    """What built-from.json would say."""
    made = {'application': 'examples/dashboard'}
    if facts['sources'] == 'packages':
        pinned = sources.pins()
        port = pinned['ports'][facts['port']]
        packages = {name: pinned['packages'][name] for name in port['packages']}
        return {**made, 'packages': packages, 'patches': port['patches']}
    made['micropython'] = 'v1.25.0'
    return {**made, 'esp-idf': '5.4'} if facts['port'] == 'esp32' else made


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'firmware.bin'
    path.write_bytes(b'image')
    return path


def check(text):
    """Fail unless it is CycloneDX, by its schema, and its makers' own library reads it."""
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError as exc:
        needs.missing(f'{exc.name} is not installed: make .venv/stamps/test')
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error
    return Bom.from_json(json.loads(text))


@pytest.mark.parametrize('board', BOARDS)
def test_documents(board, image):
    facts = BOARDS[board]
    text = sbom.document(board, facts, about(facts), [image])
    bom = check(text)
    names = {part.name: part for part in bom.components}
    assert names['microdot-kit'].version == payload.version()
    assert names['application:dashboard'] and names['littlefs']
    assert ('newlib' in names) == (facts['port'] == 'rp2')
    assert ('esp-idf' in names) == (facts['port'] == 'esp32')
    assert names['micropython'].version
    root = bom.metadata.component
    (file,) = root.components
    assert (root.name, file.name) == ('microdot-kit-' + board, 'firmware.bin')
    assert {digest.content for digest in file.hashes} == {sources.sha256(image)}
    (depends,) = [d for d in bom.dependencies if d.ref == root.bom_ref]
    assert {str(d.ref) for d in depends.dependencies} == {str(p.bom_ref) for p in bom.components}
    assert text == sbom.document(board, facts, about(facts), [image])


def test_pinned_sources_are_named_with_their_checksums(image):
    pinned = sources.pins()['packages']
    facts = BOARDS['rpi_pico']
    text = sbom.document('rpi_pico', facts, about(facts), [image])
    for package in pinned.values():
        assert package['sha256'] in text and package['version'] in text
    for patch in sources.pins()['ports']['rp2']['patches']:
        assert patch in text


def test_a_document_that_is_wrong_is_noticed(image):
    made = json.loads(sbom.document('unix', BOARDS['unix'], about(BOARDS['unix']), [image]))
    made['components'][0]['type'] = 'thing'
    with pytest.raises(AssertionError):
        check(json.dumps(made))
