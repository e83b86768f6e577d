"""What is in a firmware, as a CycloneDX 1.6 document: the software bill of materials of an image.

`sbom.cdx.json` lies beside the image that it is of. Nothing in it depends on where or when it was
made. What it cannot know is the maker of a product, who adds `metadata.supplier`, and what an
application brings along from elsewhere.
"""

import json
import uuid

from firmware import sources
from microdot_kit import payload

NAME = 'sbom.cdx.json'
PROJECT = 'microdot-kit'
# What is in MicroPython's own tree, by its folder: (name, licence), of every port.
WITHIN = {
    'lib/littlefs': ('littlefs', 'BSD-3-Clause'),
    'lib/oofatfs': ('FatFs', None),
    'lib/uzlib': ('uzlib', 'Zlib'),
}
LICENSES = {
    'micropython': 'MIT',
    'mbedtls': 'Apache-2.0 OR GPL-2.0-or-later',
    'lwip': 'BSD-3-Clause',
    'pico-sdk': 'BSD-3-Clause',
    'tinyusb': 'MIT',
    'esp-idf': 'Apache-2.0',
    'cyw43-driver': None,  # one of its own, for use with chips of its makers
}


def component(kind, name, version='', license=None, **others):
    """A component; what is not known is left out."""
    made = {'type': kind, 'bom-ref': name, 'name': name}
    if version:
        made['version'] = version
    if license:
        single = len(license.split()) == 1
        made['licenses'] = [{'license': {'id': license}} if single else {'expression': license}]
    return {**made, **others}


def hashes(path):
    return [{'alg': 'SHA-256', 'content': sources.sha256(path)}]


def packaged(name, package, patches):
    """The component of a pinned source package."""
    known = name.removesuffix('-source')
    others = {
        'purl': f'pkg:deb/debian/{known}@{package["version"]}?arch=source',
        'externalReferences': [
            {
                'type': 'source-distribution',
                'url': package['file'],
                'hashes': [{'alg': 'SHA-256', 'content': package['sha256']}],
            }
        ],
    }
    if patches:
        diffs = [{'type': 'unofficial', 'diff': {'url': f'patches/{file}'}} for file in patches]
        others['pedigree'] = {'patches': diffs}
    kind = 'platform' if known == 'micropython' else 'library'
    return component(kind, known, package['version'], LICENSES.get(known), **others)


def components(facts, about):
    """What the firmware is made of, beside the application."""
    yield component('framework', PROJECT, payload.version(), 'MIT')
    if 'packages' in about:
        for name, package in about['packages'].items():
            patches = about['patches'] if name == 'micropython' else ()
            yield packaged(name, package, patches)
    else:
        yield component('platform', 'micropython', about['micropython'], LICENSES['micropython'])
        for part in facts['submodules']:
            name = part.rpartition('/')[2]
            if name != 'micropython-lib':
                yield component('library', name, license=LICENSES.get(name))
    if facts['port'] == 'esp32':
        yield component('platform', 'esp-idf', about.get('esp-idf', ''), LICENSES['esp-idf'])
    for name, license in WITHIN.values():
        yield component('library', name, license=license)
    if facts['port'] == 'rp2':
        yield component('library', 'newlib')
        yield component('library', 'libgcc', license='GPL-3.0-only WITH GCC-exception-3.1')


def document(board, facts, about, images):
    """The document, as text.

    `about` is what built-from.json says, `images` are the paths of the image's files.
    """
    parts = list(components(facts, about))
    if about.get('application'):
        name = payload.main_file(about['application']).parent.name
        parts.append(component('application', 'application:' + name))
    files = [component('file', path.name, hashes=hashes(path)) for path in sorted(images)]
    root = component('firmware', f'{PROJECT}-{board}', payload.version(), components=files)
    made = {
        '$schema': 'http://cyclonedx.org/schema/bom-1.6.schema.json',
        'bomFormat': 'CycloneDX',
        'specVersion': '1.6',
        'version': 1,
        'metadata': {'component': root},
        'components': parts,
        'dependencies': [
            {'ref': root['bom-ref'], 'dependsOn': sorted(part['bom-ref'] for part in parts)},
            *[{'ref': part['bom-ref']} for part in parts],
        ],
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made, sort_keys=True))
    return json.dumps({**made, 'serialNumber': f'urn:uuid:{number}'}, indent=2) + '\n'
