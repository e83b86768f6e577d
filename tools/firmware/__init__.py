"""Builds firmware with the framework frozen in: `make firmware BOARD=...`, see docs/firmware.md."""
