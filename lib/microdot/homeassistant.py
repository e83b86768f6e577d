"""A device that Home Assistant finds by itself, over MQTT::

    device = Device(client, 'desk', name='Desk', configuration_url='http://desk.local')
    temperature = device.add('sensor', 'temperature', device_class='temperature',
                             unit_of_measurement='°C')
    lamp = device.add('switch', 'lamp', name='Lamp')

    @lamp.on_command
    def switch(on):
        pin.value(on)
        lamp.set(on)

    temperature.set(21.5)

All entities are told by one retained message (Home Assistant, "MQTT device discovery"), which is
made while it is sent, so that it takes no memory. It is sent again when Home Assistant says that it
is back, together with the states.
"""

from .compat import dumps, loads, print_exception

_NO_COMMAND = object()


class Device:
    """A device and its entities.

    :param client: an ``MQTTClient`` that does not run yet and has no will: the device makes it its
        own, so that Home Assistant sees when the device has gone.
    :param device_id: letters, digits, ``-`` and ``_``; one for each device. The topics are
        ``DEVICE/available``, ``DEVICE/ENTITY/state`` and ``DEVICE/ENTITY/set``.
    :param name: what Home Assistant shows; the ``device_id`` by default.
    :param prefix: what Home Assistant is configured to look for.
    :param info: what else it is to know about the device, with its names: ``configuration_url``,
        ``manufacturer``, ``model``, ``sw_version``, ``suggested_area``.

    Raises ``ValueError`` for an id that a topic cannot have, or a client with a will.
    """

    def __init__(self, client, device_id, name=None, prefix='homeassistant', **info):
        _check_id(device_id)
        if client.will:
            raise ValueError('the client has a will already')
        self.client = client
        self.device_id = device_id
        self.entities = {}
        self.prefix = prefix
        self.info = {'identifiers': [device_id], 'name': name or device_id}
        self.info.update(info)
        client.will = (device_id + '/available', 'offline')
        client.on_connect(self.announce)
        client.on(prefix + '/status')(self._status)
        client.on(device_id + '/+/set', qos=1)(self._command)

    def add(self, platform, entity_id, name=None, **options):
        """Add an entity and return it.

        :param platform: ``sensor``, ``binary_sensor``, ``switch``, ``number``, ``button`` or
            ``light``.
        :param entity_id: letters, digits, ``-`` and ``_``; one for each entity of the device.
        :param name: what Home Assistant shows; by default it finds a name by the device class.
        :param options: what else it is to know, with its names: ``device_class``, ``state_class``,
            ``unit_of_measurement``, ``icon``, ``entity_category``; of a number ``min``, ``max``,
            ``step``, ``mode``; of a light ``brightness=True``.

        Raises ``ValueError`` for another platform, a bad id, or one that is taken.
        """
        if platform not in _PLATFORMS:
            raise ValueError('unknown platform ' + str(platform))
        _check_id(entity_id)
        if entity_id in self.entities:
            raise ValueError(entity_id + ' is there already')
        if name is not None:
            options['name'] = name
        entity = self.entities[entity_id] = Entity(self, platform, entity_id, options)
        return entity

    def announce(self):
        """Send the entities and their states; done by ``client.greet()`` at each connecting."""
        publish = self.client.publish
        publish(self.prefix + '/device/' + self.device_id + '/config', self.discovery, 1, True)
        publish(self.device_id + '/available', 'online', 1, True)
        for entity in self.entities.values():
            entity._publish()

    def discovery(self):
        """Yield the JSON that announces the device, a piece for each entity, as bytes."""
        from . import __version__

        head = {
            'device': self.info,
            'origin': {'name': 'microdot', 'sw_version': __version__},
            'availability_topic': self.device_id + '/available',
            'qos': 1,
        }
        yield (dumps(head)[:-1] + ', "components": {').encode()
        comma = ''
        for name, entity in self.entities.items():
            yield (comma + '"' + name + '": ' + dumps(entity.config())).encode()
            comma = ', '
        yield b'}}'

    def _status(self, topic, payload, retained):
        if payload == b'online' and not retained:  # as what it retained is from before our start
            self.client.greet()

    def _command(self, topic, payload, retained):
        entity = self.entities.get(topic.split('/')[-2])
        if entity and entity.handler:
            value = _PLATFORMS[entity.platform][1](entity, payload)
            if value is _NO_COMMAND:
                print('Home Assistant: no command for', entity.entity_id, payload[:40])
                return
            try:
                entity.handler(*value)
            except Exception as exc:
                print_exception(exc)


class Entity:
    """Something of a device that has a state or takes commands, made by ``Device.add``."""

    #: What ``on_command`` has decorated.
    handler = None
    #: The state that was set last.
    value = None

    def __init__(self, device, platform, entity_id, options):
        self.device = device
        self.platform = platform
        self.entity_id = entity_id
        self.options = options

    def set(self, value):
        """Set and send the state.

        :param value: a number or text (sensor, number), a bool (binary_sensor, switch), a bool or
            a tuple of a bool and the brightness, 0 to 255 (light).

        While the client is not connected, only the last state is kept. Raises ``ValueError`` for a
        button, which has no state.
        """
        if not _PLATFORMS[self.platform][0]:
            raise ValueError(self.platform + ' has no state')
        self.value = value
        if self.device.client.connected:
            self._publish()

    def on_command(self, f):
        """Decorate the function that carries out what Home Assistant asks for.

        It is called with a bool (switch), a number between ``min`` and ``max`` (number), nothing
        (button), or a bool and the brightness or ``None`` (light); anything else that arrives is
        refused with a line on the console. It must not block, and sets the state.
        Raises ``ValueError`` for what takes no commands.
        """
        if not _PLATFORMS[self.platform][1]:
            raise ValueError(self.platform + ' takes no commands')
        self.handler = f
        return f

    def config(self):
        """Return what Home Assistant is told about the entity, a dictionary."""
        base = self.device.device_id + '/' + self.entity_id
        state, command, more = _PLATFORMS[self.platform]
        config = {'platform': self.platform, 'unique_id': base.replace('/', '_')}
        config.update(more)
        if state:
            config['state_topic'] = base + '/state'
        if command:
            config['command_topic'] = base + '/set'
        config.update(self.options)
        if config.get('brightness'):
            config['supported_color_modes'] = ['brightness']
        return config

    def _publish(self):
        if self.value is not None:
            topic = self.device.device_id + '/' + self.entity_id + '/state'
            state = _PLATFORMS[self.platform][0](self.value)
            self.device.client.publish(topic, state, 0, True)


def _check_id(name):
    if not name or name.strip('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'):
        raise ValueError('bad id ' + str(name))


def _on_or_off(value):
    return 'ON' if value else 'OFF'


def _light_state(value):
    on, brightness = value if isinstance(value, tuple) else (value, None)
    state = {'state': _on_or_off(on)}
    if brightness is not None:
        state['brightness'] = brightness
        state['color_mode'] = 'brightness'
    return state


def _switched(entity, payload):
    return (payload == b'ON',) if payload in (b'ON', b'OFF') else _NO_COMMAND


def _pressed(entity, payload):
    return () if payload == b'PRESS' else _NO_COMMAND


def _number(entity, payload):
    least, most = entity.options.get('min', 1), entity.options.get('max', 100)
    try:
        value = float(payload)
    except ValueError:
        return _NO_COMMAND
    if not least <= value <= most:
        return _NO_COMMAND
    return (int(value) if value == int(value) else value,)


def _light(entity, payload):
    try:
        wanted = loads(str(payload, 'utf-8'))
        on = wanted.get('state')
        brightness = wanted.get('brightness')
    except (ValueError, AttributeError):
        return _NO_COMMAND
    known = brightness is None or isinstance(brightness, int) and 0 <= brightness <= 255
    return (on == 'ON', brightness) if on in ('ON', 'OFF') and known else _NO_COMMAND


# What makes the text of a state, what reads a command, and what Home Assistant is told besides.
_PLATFORMS = {
    'sensor': (str, None, {}),
    'binary_sensor': (_on_or_off, None, {}),
    'switch': (_on_or_off, _switched, {}),
    'number': (str, _number, {}),
    'button': (None, _pressed, {}),
    'light': (_light_state, _light, {'schema': 'json'}),
}
