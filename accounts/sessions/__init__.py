"""A browser's way through the portal: journeys, sessions and known browsers, and when each ends."""

from accounts.sessions.signed_in import (
    ORDERER,
    UNATTENDED,
    ask_again,
    begin,
    challenge_of,
    context,
    finish,
    is_done,
    is_signed_in,
    log_in,
    log_out,
    password_at,
    password_is_fresh,
    pop_flash,
    renew,
    row_of,
    under_way,
    verified,
)
