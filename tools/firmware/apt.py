"""Debian's packages by apt's ordinary client: the sources of a firmware, and its compilers.

The sources come from a newer Debian than the system may be. So they are looked up with lists, a
cache and settings of their own in the build folder; the system's are neither used nor changed. The
mirror is the one that the system gets its own packages from.
"""

import os
import shutil

from microdot_kit.steps import BUILD, Failure, alone, ask, environment, run, say

ROOT = BUILD / 'cache' / 'apt'
LOGS = BUILD / 'cache' / 'logs'
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
PATIENCE = 300  # seconds for another dpkg to end
ELSEWHERE = 'name a MicroPython checkout of your own instead: MICROPYTHON_DIR=path'


def mirror():
    """The address of the archive that the system itself uses; Failure if this is no Debian."""
    if not shutil.which('apt-get'):
        raise Failure(f'Sources are fetched by apt-get, which is not here: {ELSEWHERE}')
    release = ask('sh', '-c', '. /etc/os-release && echo "$ID $VERSION_CODENAME"').split()
    form = '$(ORIGIN)|$(CODENAME)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)'
    for line in ask('apt-get', 'indextargets', '--format', form).splitlines():
        *_, suite, component, address = line.split('|')
        if release[:1] == ['debian'] and suite in release and component == 'main':
            return address
    raise Failure(f'Sources are fetched from a Debian mirror, and apt-get knows none: {ELSEWHERE}')


def settings(suite):
    """Write apt's settings for that Debian and return the environment that makes apt use them."""
    for name in ('state/lists/partial', 'cache/archives/partial', 'files'):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    signed = f'[signed-by={KEYRING}] ' if os.path.exists(KEYRING) else ''
    line = f'{signed}{mirror()} {suite} main\n'
    (ROOT / 'sources.list').write_text(f'deb {line}deb-src {line}')
    lines = {
        'Dir::State': f'{ROOT}/state',
        'Dir::State::status': '/dev/null',
        'Dir::Cache': f'{ROOT}/cache',
        'Dir::Etc::sourcelist': f'{ROOT}/sources.list',
        'Dir::Etc::sourceparts': '/dev/null',
        'APT::Sandbox::User': ask('id', '-un'),
    }
    (ROOT / 'apt.conf').write_text(''.join(f'{k} "{v}";\n' for k, v in lines.items()))
    return environment(APT_CONFIG=f'{ROOT}/apt.conf')


def fetch(packages, suite):
    """Fetch the archives of packages, as {name: {'file', 'version'}}, into ROOT/files.

    Failure in one line if apt cannot be reached or has another version by now.
    """
    env = settings(suite)
    # By itself it takes lists that it cannot fetch for a reason to warn.
    update = ['apt-get', 'update', '-o', 'APT::Update::Error-Mode=any']
    run(f'Fetching the lists of Debian {suite}', update, LOGS / 'update', env)
    for name, package in packages.items():
        if package['file'].endswith('.deb'):
            command = ['apt-get', 'download', name]
        else:
            command = ['apt-get', 'source', '--download-only', '--tar-only', name]
        title = f'Fetching {name} {package["version"]}'
        run(title, command, LOGS / name, env, cwd=ROOT / 'files')
        if not (ROOT / 'files' / package['file']).exists():
            raise Failure(f'Debian {suite} has no {package["file"]} (any more): {ELSEWHERE}')


def need(port):
    """Install what the programs of a port lack, if that can be done; else Failure names it."""
    if missing(port) and os.geteuid() == 0 and shutil.which('apt-get'):
        with alone(ROOT.with_name('install.lock'), 'installation'):
            install(sorted(set(missing(port).values())))
    lacking = missing(port)
    if lacking:
        names, packages = ', '.join(lacking), ' '.join(sorted(set(lacking.values())))
        raise Failure(f'Missing: {names}. Install them (Debian: apt-get install {packages})')


def install(packages):
    """Install packages, if any, into the system, when no other dpkg is at work there."""
    if not packages:
        return
    say('Installing with apt-get: ' + ' '.join(packages))
    options = ['-qq', '-o', f'DPkg::Lock::Timeout={PATIENCE}']
    env = environment(DEBIAN_FRONTEND='noninteractive')
    run('  the lists', ['apt-get', 'update', *options], LOGS / 'install-update', env)
    command = ['apt-get', 'install', *options, '-y', '--no-install-recommends', *packages]
    run('  the packages', command, LOGS / 'install', env)


def missing(port):
    """{program or library: its package} of what a port needs and this machine does not have."""
    programs = port['programs'].items()
    lacking = {name: package for name, package in programs if not shutil.which(name)}
    compiler = port.get('compiler', 'arm-none-eabi-gcc').split()
    for name, package in port['libraries'].items():
        found = ask(*compiler, f'-print-file-name={name}')
        if not os.path.isabs(found):
            lacking[name] = package
    return lacking
