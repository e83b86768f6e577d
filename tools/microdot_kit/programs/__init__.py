"""What runs in processes of its own, beside an application; `serve` on MicroPython too."""
