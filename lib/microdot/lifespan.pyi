class Task:
    shortest_pause: float
    """Seconds before it is started again, for the first time."""
    longest_pause: float
    """Most seconds of it; a task that has run for as long begins with the shortest again."""
    restarts: int
    error: BaseException | None
    def done(self) -> bool: ...
    def is_idle(self) -> bool: ...
    def cancel(self) -> None: ...
