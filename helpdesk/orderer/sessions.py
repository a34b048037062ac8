"""The orderer's part of a browser session, beside ``accounts.sessions``.

Keys: ``links`` (ids of the links that this browser asked for), ``pressed`` (the link that led to the code page),
``orderer`` (the signed-in orderer, and a digest of the address and number of the sign-in) and ``company`` (the one that
the orderer acts for).
"""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import limits, sessions
from accounts.encryption import digest
from accounts.models import Challenge, Company, Orderer
from helpdesk.models import SignInLink


def note_link(request: HttpRequest, link: SignInLink) -> None:
    """Ties a link to this session. It works in no other one."""
    request.session["links"] = [*links(request), link.pk][-limits.LINKS_OF_A_SESSION :]


def links(request: HttpRequest) -> list[int]:
    """Ids of the links that this session may use."""
    return list(request.session.get("links", ()))


def has_asked(request: HttpRequest) -> bool:
    """Whether this browser asked for a link, used or not."""
    return any(key in request.session for key in ("links", "pressed", sessions.ORDERER))


def begin_code(request: HttpRequest, link_id: int, challenge: Challenge) -> None:
    """Notes the used link and the code on its way. The session gets a new id."""
    sessions.renew(request)
    request.session["pressed"] = link_id
    sessions.begin(request, challenge)


def pressed(request: HttpRequest) -> int | None:
    """The id of the link that led this session to the code page."""
    found = request.session.get("pressed")
    return int(found) if found is not None else None


def log_in(request: HttpRequest, orderer: Orderer) -> None:
    """Binds the session to an orderer who has used the link and entered the code. It gets a new id."""
    sessions.renew(request)
    request.session[sessions.ORDERER] = {"id": orderer.pk, "mark": _mark(orderer)}


def log_out(request: HttpRequest) -> None:
    """Ends the session and deletes its content."""
    request.session.flush()


def signed_in(request: HttpRequest) -> Orderer | None:
    """The orderer of this session. None once they are inactive, or have another address or number (S2)."""
    kept = request.session.get(sessions.ORDERER)
    if not kept:
        return None
    orderer = Orderer.objects.filter(pk=kept["id"], active=True).first()
    return orderer if orderer and constant_time_compare(_mark(orderer), kept["mark"]) else None


def companies_of(orderer: Orderer) -> list[Company]:
    """The orderer's active companies, by name. Read at each request, so that leaving one ends access at once."""
    return list(orderer.companies.filter(active=True).order_by("name"))


def chosen(request: HttpRequest, companies: list[Company]) -> Company | None:
    """The company that the orderer acts for; None if they have to choose. A single company chooses itself.

    The choice stays when the orderer leaves that company: an open form must not be sent for another one.
    """
    if "company" not in request.session and len(companies) == 1:
        choose(request, companies[0])
    wanted = request.session.get("company")
    return next((company for company in companies if company.pk == wanted), None)


def has_left(request: HttpRequest, companies: list[Company]) -> bool:
    """Whether the orderer has left the chosen company."""
    return "company" in request.session and chosen(request, companies) is None


def choose(request: HttpRequest, company: Company) -> None:
    request.session["company"] = company.pk


def _mark(orderer: Orderer) -> str:
    """Changes with the address and the number of the sign-in."""
    return digest(f"{orderer.pk}/{orderer.email.lower()}/{orderer.mobile}", "orderer session")
