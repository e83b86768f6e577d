from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .mqtt import MQTTClient

_Function = TypeVar('_Function', bound=Callable[..., object])

class Device:
    client: MQTTClient
    """An ``MQTTClient`` that does not run yet and has no will: the device makes it its own, so
    that Home Assistant sees when the device has gone.
    """
    device_id: str
    """Letters, digits, ``-`` and ``_``; one for each device. The topics are
    ``DEVICE/available``, ``DEVICE/ENTITY/state`` and ``DEVICE/ENTITY/set``.
    """
    entities: dict[str, Entity]
    prefix: str
    """What Home Assistant is configured to look for."""
    info: dict[str, Any]
    """What else it is to know about the device, with its names: ``configuration_url``,
    ``manufacturer``, ``model``, ``sw_version``, ``suggested_area``.
    """
    def __init__(
        self,
        client: MQTTClient,
        device_id: str,
        name: str | None = None,
        prefix: str = 'homeassistant',
        **info: Any,
    ) -> None: ...
    def add(
        self, platform: str, entity_id: str, name: str | None = None, **options: Any
    ) -> Entity: ...
    def announce(self) -> None: ...
    def discovery(self) -> Iterator[bytes]: ...

class Entity:
    handler: Callable[..., object] | None
    """What ``on_command`` has decorated."""
    value: Any
    """The state that was set last."""
    device: Device
    """The device that it belongs to."""
    platform: str
    """What kind of entity it is, such as ``switch``."""
    entity_id: str
    """Its own level in the topics."""
    options: dict[str, Any]
    """What else Home Assistant is told about it."""
    def __init__(
        self, device: Device, platform: str, entity_id: str, options: dict[str, Any]
    ) -> None: ...
    def set(self, value: Any) -> None: ...
    def on_command(self, f: _Function) -> _Function: ...
    def config(self) -> dict[str, Any]: ...
