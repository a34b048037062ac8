"""Addresses on loopback that nobody uses."""

from __future__ import annotations

import socket


def free() -> int:
    """A port of 127.0.0.1 that was free just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def free_addresses(count: int, ports: tuple[int, ...]) -> list[str]:
    """The first addresses from 127.0.0.10 on where all these ports are free. Raises :class:`LookupError`."""
    found: list[str] = []
    for last in range(10, 250):
        address = f"127.0.0.{last}"
        if all(_can_bind(address, port) for port in ports):
            found.append(address)
        if len(found) == count:
            return found
    raise LookupError(f"ports {ports} are taken on every loopback address, or need root")


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, port))
        except OSError:
            return False
        return True
