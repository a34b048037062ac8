"""Numbers on file: registering, replacing, linking, holding, stopping and removing them."""

from accounts.phones.holds import TOKEN_LENGTH, end_hold, is_blocked, on_file, stop_address, waiting
from accounts.phones.linking import LinkRefused, already_there, link, stop, stopped_before, tells_old_number
from accounts.phones.numbers_on_file import (
    RemoveRefused,
    confirm_unchanged,
    enter,
    is_crowded,
    recent_removals,
    register,
    remove,
    sharing,
    usable_numbers,
)
