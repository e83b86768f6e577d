"""examples/homeassistant with a real broker: what Home Assistant sees, and what it switches."""

import contextlib
import json

import pytest
from servers import RUNTIMES, eventually
from test_mqtt_brokers import Broker, Observer, check_discovery, mosquitto

from serving import Client, copied, serve


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_what_home_assistant_sees(runtime, tmp_path):
    with contextlib.ExitStack() as stack:
        broker = Broker(mosquitto, tmp_path)
        stack.callback(broker.kill)
        observer = Observer(broker.port, 'desk/#', 'homeassistant/#')
        stack.callback(observer.stop)
        main = copied('examples/homeassistant/main.py', tmp_path)
        settings = main.with_name('settings.py')
        settings.write_text(settings.read_text().replace('1883', str(broker.port)))
        server = stack.enter_context(serve(main, runtime, tmp_path))
        told = json.loads(observer.next('homeassistant/device/desk/config').payload)
        check_discovery(told)
        assert set(told['components']) == {'temperature', 'lamp', 'fan', 'restart'}
        client = stack.enter_context(Client(server))
        eventually(lambda: client.json('/state')['broker'])
        observer.send('desk/lamp/set', '{"state": "ON", "brightness": 51}')
        state = observer.next('desk/lamp/state', lambda payload: b'51' in payload).payload
        assert json.loads(state) == {'state': 'ON', 'brightness': 51, 'color_mode': 'brightness'}
        assert client.json('/state')['brightness'] == 51
        client.post('/switch', {'what': 'fan', 'on': '1'})
        observer.next('desk/fan/state', lambda payload: payload == b'ON')
        observer.send('desk/fan/set', 'OFF')
        observer.next('desk/fan/state', lambda payload: payload == b'OFF')
        assert client.json('/state')['fan'] is False
        observer.send('desk/restart/set', 'PRESS')
        eventually(lambda: 'Restart' in server.output())
