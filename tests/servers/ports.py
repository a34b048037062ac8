"""A port on loopback that nobody uses."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that was free just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
