"""Numbers on file: registered, replaced, linked and held, stopped, removed."""

from accounts.phones.numbers_on_file import (
    TOKEN_LENGTH,
    LinkRefused,
    RemoveRefused,
    already_there,
    confirm_unchanged,
    is_crowded,
    is_stopped,
    link,
    on_file,
    register,
    remove,
    stop,
    stop_address,
    tells_old_number,
)

__all__ = [
    "TOKEN_LENGTH",
    "LinkRefused",
    "RemoveRefused",
    "already_there",
    "confirm_unchanged",
    "is_crowded",
    "is_stopped",
    "link",
    "on_file",
    "register",
    "remove",
    "stop",
    "stop_address",
    "tells_old_number",
]
