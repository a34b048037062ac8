"""What the border mail server says of who a mail is from (RFC 8601), and which mails are from programs (RFC 3834).

From authenticates nobody (security.md M1). A server's word counts if it names itself as HELPDESK_AUTHSERV_ID; that
server takes such headers away from what comes from outside (RFC 8601 5), which docs/operations.md asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from helpdesk.intake.decoding import LONGEST_HEADER
from helpdesk.intake.mime import Letter
from helpdesk.models import FORGED

_IDENTIFIER = re.compile(r"\s*([^\s;(]*)")
_RESULT = re.compile(r"dmarc\s*(?:/\s*1\s*)?=\s*([a-z]+)(|\s.*)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?<![\w.-])header\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
_SIMPLE_FROM = re.compile(r"""(?:[^<>"(),:;@\\[\]]*|"[^"\\]*") ?<[\w.+-]+@[\w.-]+>|[\w.+-]+@[\w.-]+""")
_PLAIN = re.compile(r"[\t -~]*")

PASS = "pass"  # noqa: S105  a result, no password


def dmarc(letter: Letter, authserv_id: str) -> str:
    """The border server's result for the mail's one sender: "pass", "fail", "none" …; "" if it says nothing.

    Of several that it wrote all must say the same, or it is the worst of them. A "pass" for another domain than the
    sender's is worth nothing, and so is one for an address in other signs than ASCII's, which servers and databases
    compare unalike.
    """
    if not authserv_id or len(letter.senders) != 1 or len(letter.all("from")) != 1:
        return ""
    _, at, domain = letter.senders[0][1].rpartition("@")
    simple = _SIMPLE_FROM.fullmatch(letter.first("from")) is not None
    if not at or not letter.senders[0][1].isascii():
        return ""
    headers = letter.all("authentication-results")
    found = {result for header in headers for result in _of(header, authserv_id, domain, simple=simple)}
    if len(found) < 2:  # noqa: PLR2004  they agree
        return found.pop() if found else ""
    return next((each for each in FORGED if each in found), "mixed")


def _of(header: str, authserv_id: str, domain: str, *, simple: bool) -> Iterable[str]:
    """What one header says of DMARC, if that server wrote it.

    ``simple``: From can be read in one way only. Else the server has to say which domain it read there.
    """
    begun = _IDENTIFIER.match(header)
    if not begun or begun[1].casefold() != authserv_id.casefold() or not begun[1].isascii():
        return
    plain = _plain(header)
    if plain is None:
        yield "unreadable"
        return
    first, *results = plain.split(";")
    # The identifier may be followed by a version, of which there is one.
    if first.split()[1:] not in ([], ["1"]):
        return
    for each in results:
        if found := _RESULT.fullmatch(each.strip()):
            said = _DOMAIN.findall(found[2])
            said = [name.strip('".').casefold() for name in said]
            about_sender = all(name == domain.casefold() for name in said) if said else simple
            yield found[1].lower() if about_sender else "other domain"


def _plain(header: str) -> str | None:
    """Without comments, and with nothing in quotes: either could hold what looks like a result.

    None if one of them does not end, there are signs that no server writes, or the header may have been cut.
    """
    if len(header) >= LONGEST_HEADER or not _PLAIN.fullmatch(header):
        return None
    kept: list[str] = []
    depth, quoted, characters = 0, False, iter(header)
    for character in characters:
        if character == "\\" and (quoted or depth):
            next(characters, "")
        elif quoted:
            quoted = character != '"'
        elif character == '"' and not depth:
            quoted = True
            kept.append('""')
        elif character in "()":
            depth += 1 if character == "(" else -1
            kept.append(" ")
            if depth < 0:
                return None
        elif not depth:
            kept.append(character)
    return None if quoted or depth else "".join(kept)


_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-owner", "list-archive", "list-subscribe")
_COMMENT = re.compile(r"\([^()]*\)")
_BY_PROGRAMS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients", "x-auto-reply-from")
_NOBODY = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply[\w.+-]*|bounces?|[\w.+-]*-bounces?|listserv|majordomo"
    r"|svara-?(ej|inte))([+=].*)?",
    re.IGNORECASE,
)
_LONGEST_LOCAL = 256  # characters that are looked at: a path may name whom the mail was for


def is_automatic(letter: Letter) -> bool:
    """Whether no program may answer it, or two would go on for ever (RFC 3834 2, security.md M2)."""
    names = {name for name, _ in letter.headers}
    paths = letter.all("return-path")
    submitted = letter.all("auto-submitted")
    suppressed = " ".join(letter.all("x-auto-response-suppress")).lower()
    return (
        any(_COMMENT.sub("", value).split(";")[0].strip().lower() not in ("", "no") for value in submitted)
        or any(path.strip("<> ") == "" for path in paths)
        or not names.isdisjoint(_BY_PROGRAMS)
        or is_bulk(letter)
        or not _precedence(letter).isdisjoint(("auto_reply", "auto-reply"))
        or any(word in suppressed for word in ("all", "oof", "autoreply"))
        or letter.content_type == "multipart/report"
        or any(_is_nobody(address) for _, address in letter.senders)
        or any(_is_nobody(path.strip("<> ")) for path in paths)
    )


def is_bulk(letter: Letter) -> bool:
    """Whether it went to many: by a list (RFC 2369, RFC 2919), or as a newsletter."""
    names = {name for name, _ in letter.headers}
    return not names.isdisjoint(_LISTS) or not _precedence(letter).isdisjoint(("bulk", "list", "junk"))


def _precedence(letter: Letter) -> set[str]:
    return {value.strip().lower() for value in letter.all("precedence")}


def _is_nobody(address: str) -> bool:
    return _NOBODY.fullmatch(address.rpartition("@")[0][:_LONGEST_LOCAL]) is not None
