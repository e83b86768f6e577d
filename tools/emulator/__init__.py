"""The emulated board: an RP2040 that runs the firmware as it is, see docs/emulator.md."""
