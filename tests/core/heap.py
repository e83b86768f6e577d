"""A heap that is used up: between `heap_lock()` and `heap_unlock()` nothing can be allocated."""

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython: what is tested is the rest

    def heap_lock():
        pass

    heap_unlock = heap_lock
