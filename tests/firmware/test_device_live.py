"""What live data takes of the heap of an emulated RP2040, frozen: each module, while it is used and
after it has ended. The figures are printed, and those of docs/howto/memory.md are compared.
"""

import re

import board as boards

from microdot_kit import runtimes

BEFORE = 'import asyncio, gc\nfrom microdot import Microdot\napp = Microdot()\n'
# Name: how it is imported, how it is used, how that ends.
PARTS = {
    'topics': (
        'from microdot.topics import Topic',
        'topic = Topic()\nfor n in range(16): topic.publish({"celsius": n})\n'
        'listeners = [topic.listen() for _ in range(4)]',
        'del topic, listeners, n',
    ),
    'lifespan': (
        'import microdot.lifespan',
        'async def work():\n    await asyncio.sleep(1)\n'
        'app.create_task(work)\napp.on_shutdown(print)',
        'del work\napp = None',
    ),
    'mqtt': (
        'from microdot.mqtt import MQTTClient',
        'client = MQTTClient("10.0.0.1")\nfor n in range(32): client.publish("desk/n", n)',
        'del client, n',
    ),
    'homeassistant': (
        'from microdot.mqtt import MQTTClient\nfrom microdot.homeassistant import Device',
        'client = MQTTClient("10.0.0.1")\ndevice = Device(client, "desk")\n'
        'for n in range(10): device.add("sensor", "s%d" % n, device_class="temperature").set(n)',
        'del client, device, n',
    ),
    'health': (
        'from microdot.health import Health',
        'health = Health(app)',
        'del health\napp = None',
    ),
    'access_log': (
        'from microdot.access_log import access_log',
        'access_log(app)',
        'app = None',
    ),
}
LOOK = '\ngc.collect()\nfigures.append(gc.mem_alloc())\n'
ROW = re.compile(r'\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|')
OFF = 300  # bytes by which the page may be off


def measured(board, steps):
    """Bytes of heap that are in use more after each of these steps than before the first."""
    board.prompt(fresh=True)
    program = BEFORE + 'figures = []\nfigures.append(0); figures.pop()\n'
    figures = eval(board.exec(program + LOOK + LOOK.join(steps) + LOOK + 'print(figures)'))
    return [figure - figures[0] for figure in figures[1:]]


def test_heap_of_each_module(board):
    page = (runtimes.ROOT / 'docs' / 'howto' / 'memory.md').read_text()
    told = {
        name: [int(text.replace(',', '')) for text in rest] for name, *rest in ROW.findall(page)
    }
    found = {name: measured(board, steps) for name, steps in PARTS.items()}
    for name, figures in found.items():
        for what, figure in zip(('imported', 'in use', 'after its end'), figures):
            boards.figures.append((f'microdot.{name}, frozen, {what}', figure, 'bytes'))
        print(f'| `{name}` | ' + ' | '.join(f'{figure:,}' for figure in figures) + ' |')
    for name, figures in found.items():
        for figure, expected in zip(figures, told[name]):
            assert abs(figure - expected) < OFF, (name, figures, told[name])
