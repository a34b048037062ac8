"""Numbers on file: registered, replaced, linked and held, stopped, removed."""

from accounts.phones.linking import (
    TOKEN_LENGTH,
    LinkRefused,
    already_there,
    is_stopped,
    link,
    stop,
    stop_address,
    tells_old_number,
)
from accounts.phones.numbers_on_file import (
    RemoveRefused,
    confirm_unchanged,
    enter,
    is_crowded,
    on_file,
    recent_removals,
    register,
    remove,
    sharing,
    usable_numbers,
)
