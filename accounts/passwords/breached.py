"""Whether a password is on a list of leaked ones (security.md P2): PASSWORD_BREACHED_FILE, any size, offline.

The file is what the downloader of Have I Been Pwned writes: sorted lines of a SHA-1 hash in hexadecimal and a count,
``HASH:COUNT``. Sorted hashes alone are fine too. It is searched by halves: some forty short reads in 40 GB.
"""

import hashlib
import logging
import os
import re
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

log = logging.getLogger("idportal.passwords")

_DIGITS = 40  # of a SHA-1
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::[0-9]+)?\r?\n?")
_LONGEST = 100  # characters of a line; a file without lines must not be read whole
_PROBES = 200  # places in the file that are looked at before it is trusted


def is_breached(password: str) -> bool:
    """Whether the list has the password; False without a list.

    A list that can't be read refuses nothing, and each time it is an error in the log: all other rules still hold, and
    people who need their password at night must not depend on a file. ``check`` and ``doctor`` find it, too.
    """
    if not settings.PASSWORD_BREACHED_FILE:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    try:
        with Path(settings.PASSWORD_BREACHED_FILE).open("rb") as file:
            at = _place(file, wanted)
            file.seek(at)
            return _hash(file.readline(_LONGEST)) == wanted
    except OSError as error:
        log.error("PASSWORD_BREACHED_FILE can't be read, so leaked passwords are accepted: %s", type(error).__name__)
        return False


def _place(file: BinaryIO, wanted: bytes) -> int:
    """Where the first line begins that is not less than ``wanted``, or the end of the file."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while low < high:
        start, line = _line_from(file, (low + high) // 2)
        if start >= high or _hash(line) >= wanted:
            high = (low + high) // 2
        else:
            low = start + len(line)
    return low


def _line_from(file: BinaryIO, place: int) -> tuple[int, bytes]:
    """The first line that begins at ``place`` or later, and where it begins."""
    file.seek(max(0, place - 1))
    if place:
        file.readline(_LONGEST)
    return file.tell(), file.readline(_LONGEST)


def _hash(line: bytes) -> bytes:
    return line[:_DIGITS].upper()


def problem() -> str:
    """What is wrong with the file: looks at its first lines, and at some all over it. "" if nothing is."""
    try:
        with Path(settings.PASSWORD_BREACHED_FILE).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = [file.readline(_LONGEST) for _ in range(_PROBES)]
            later = [_line_from(file, size * probe // _PROBES)[1] for probe in range(1, _PROBES)]
    except OSError as error:
        return f"can't be read ({type(error).__name__})"
    for lines in (first, later):
        filled = [line for line in lines if line]
        if not filled and lines is first:
            return "is empty"
        if not all(map(_LINE.fullmatch, filled)):
            return "has lines that are no SHA-1 hash"
        if sorted(filled, key=_hash) != filled:
            return "is not sorted"
    return ""
