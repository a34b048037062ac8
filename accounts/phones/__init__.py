"""Numbers on file: registered, replaced, linked and held, stopped, removed."""

from accounts.phones.linking import LinkRefused, already_there, link, tells_old_number
from accounts.phones.numbers_on_file import is_crowded, on_file, sharing, usable_numbers
from accounts.phones.registering import confirm_unchanged, register
from accounts.phones.removal import RemoveRefused, remove
from accounts.phones.stopping import TOKEN_LENGTH, is_stopped, stop, stop_address

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
    "sharing",
    "stop",
    "stop_address",
    "tells_old_number",
    "usable_numbers",
]
