# What bounds the own server: assign to the class.
class Connection:
    max_head_size: int
    max_headers: int
    head_timeout: float
    body_timeout: float
    idle_timeout: float
    write_timeout: float
    linger_timeout: float
    max_connections: int
    backlog: int
    shutdown_timeout: float
    tick: float
