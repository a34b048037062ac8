"""What the border mail server says of who a mail is from (RFC 8601), and which mails are from programs (RFC 3834).

From authenticates nobody (security.md M1). A server's word counts if it names itself as HELPDESK_AUTHSERV_ID; that
server takes such headers away from what comes from outside (RFC 8601 5), which docs/operations.md asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from helpdesk.intake.mime import Letter

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_RESULT = re.compile(r"dmarc\s*(?:/\s*1\s*)?=\s*([a-z]+)(?![a-z0-9=.-])(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(r"(?<![\w.-])header\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
_DEEPEST = 5  # comments within comments

PASS = "pass"  # noqa: S105  a result, no password


def dmarc(letter: Letter, authserv_id: str) -> str:
    """The border server's result for the mail's one sender: "pass", "fail", "none" …; "" if it says nothing.

    Of several that it wrote all must say the same. A "pass" for another domain than the sender's is worth nothing.
    """
    if not authserv_id or len(letter.senders) != 1:
        return ""
    domain = letter.senders[0][1].rpartition("@")[2]
    found = {result for header in letter.all("authentication-results") for result in _of(header, authserv_id, domain)}
    return found.pop() if len(found) == 1 else ("" if not found else "mixed")


def _of(header: str, authserv_id: str, domain: str) -> Iterable[str]:
    """What one header says of DMARC, if that server wrote it."""
    first, *results = _plain(header).split(";")
    words = first.split()
    # The identifier may be followed by a version, of which there is one.
    if not words or words[0].casefold() != authserv_id.casefold() or words[1:] not in ([], ["1"]):
        return
    for each in results:
        if found := _RESULT.fullmatch(each.strip()):
            said = _DOMAIN.findall(found[2])
            about_sender = all(name.strip('".').casefold() == domain.casefold() for name in said)
            yield found[1].lower() if about_sender else "other domain"


def _plain(header: str) -> str:
    """Without comments, and with nothing in quotes: either could hold what looks like a result."""
    header = _QUOTED.sub('""', header)
    for _ in range(_DEEPEST):
        header = _COMMENT.sub(" ", header)
    return "" if "(" in header or ")" in header else header


_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-owner", "list-archive", "list-subscribe")
_BY_PROGRAMS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients", "x-auto-reply-from")
_NOBODY = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply[\w.+-]*|bounces?|[\w.+-]*-bounces?|listserv|majordomo"
    r"|svara-?(ej|inte))([+=].*)?@.*",
    re.IGNORECASE,
)


def is_automatic(letter: Letter) -> bool:
    """Whether no program may answer it, or two would go on for ever (RFC 3834 2, security.md M2)."""
    names = {name for name, _ in letter.headers}
    paths = letter.all("return-path")
    submitted = letter.all("auto-submitted")
    precedence = {value.lower() for value in letter.all("precedence")}
    suppressed = " ".join(letter.all("x-auto-response-suppress")).lower()
    return (
        any(value.split(";")[0].strip().lower() not in ("", "no") for value in submitted)
        or any(path.strip("<> ") == "" for path in paths)
        or not names.isdisjoint((*_LISTS, *_BY_PROGRAMS))
        or not precedence.isdisjoint(("bulk", "list", "junk", "auto_reply", "auto-reply"))
        or any(word in suppressed for word in ("all", "oof", "autoreply"))
        or letter.content_type == "multipart/report"
        or any(_NOBODY.fullmatch(address) for _, address in letter.senders)
        or any(_NOBODY.fullmatch(path.strip("<> ")) for path in paths)
    )
