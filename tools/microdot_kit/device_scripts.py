"""What `device` runs on a board. It has to do for any MicroPython from 1.19, however small it is.

Each script defines a function whose result can be asked for; HOLD is run for what it does.
"""

ABOUT = """
import json, os, sys
def _frozen(name):
    path = sys.path[:]
    known = {n: m for n, m in sys.modules.items() if n.partition('.')[0] == name}
    for n in known: del sys.modules[n]
    sys.path[:] = ['.frozen']
    try:
        return getattr(__import__(name), '__version__', '')
    except ImportError:
        return None
    finally:
        sys.path[:] = path
        for n in list(sys.modules):
            if n.partition('.')[0] == name: del sys.modules[n]
        sys.modules.update(known)
def _free():
    try:
        s = os.statvfs('/')
        return [s[0], s[3], s[2]]
    except OSError:
        return None
def _about():
    i = sys.implementation
    return {
        'name': i.name, 'version': list(i.version)[:3], 'mpy': getattr(i, '_mpy', 0),
        'machine': getattr(i, '_machine', ''), 'blocks': _free(),
        'frozen': {n: _frozen(n) for n in ('microdot', 'utemplate', 'startup', 'slots')},
    }
"""

FILES = """
import binascii, hashlib, json, os, sys
def _hash(path):
    try:
        f = open(path, 'rb')
    except OSError:
        return ''
    h = hashlib.sha256()
    b = memoryview(bytearray(1024))
    while True:
        n = f.readinto(b)
        if not n: break
        h.update(b[:n])
    f.close()
    return binascii.hexlify(h.digest()).decode()
"""

# A watchdog outlives the reset: let it not bite while this works.
HOLD = """
try:
    import json
    if json.load(open('/network.json'))['watchdog']:
        import startup
        startup.hold()
except Exception: pass
"""

NETWORK = """
def _addresses():
    found = []
    for name in ('STA_IF', 'AP_IF'):
        try:
            import network
            nic = network.WLAN(getattr(network, name))
            if nic.active() and nic.ifconfig()[0] != '0.0.0.0': found.append(nic.ifconfig()[0])
        except Exception: pass
    return found
"""
