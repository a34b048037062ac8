"""What a browser session holds of an orderer, on the way in and signed in, beside ``accounts.sessions``.

Keys: ``links`` (those that were asked for in this browser: their ids), ``pressed`` (the one that opened the page for
the code), ``orderer`` (who is signed in, and a digest of what their sign-in rests on) and ``company`` (for which one
they act).
"""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import limits, sessions
from accounts.encryption import digest
from accounts.models import Challenge, Company, Orderer
from helpdesk.models import SignInLink


def note_link(request: HttpRequest, link: SignInLink) -> None:
    """Ties a link to this session: it is good nowhere else."""
    request.session["links"] = [*links(request), link.pk][-limits.LINKS_OF_A_SESSION :]


def links(request: HttpRequest) -> list[int]:
    """Those that may be pressed here."""
    return list(request.session.get("links", ()))


def has_asked(request: HttpRequest) -> bool:
    """Whether this is the browser in which a link was asked for, pressed or not."""
    return any(key in request.session for key in ("links", "pressed", sessions.ORDERER))


def begin_code(request: HttpRequest, link_id: int, challenge: Challenge) -> None:
    """The link was pressed, the code is on its way; the session gets a new id."""
    sessions.renew(request)
    request.session["pressed"] = link_id
    sessions.begin(request, challenge)


def pressed(request: HttpRequest) -> int | None:
    """The link by which this session has come to the page for the code."""
    found = request.session.get("pressed")
    return int(found) if found is not None else None


def log_in(request: HttpRequest, orderer: Orderer) -> None:
    """Binds the session to an orderer who has pressed the link and entered the code; it gets a new id."""
    sessions.renew(request)
    request.session[sessions.ORDERER] = {"id": orderer.pk, "mark": _mark(orderer)}


def log_out(request: HttpRequest) -> None:
    """Ends the session, with all that it held."""
    request.session.flush()


def signed_in(request: HttpRequest) -> Orderer | None:
    """The orderer of this session, as they are now; None once they are not active, or reached another way (S2)."""
    kept = request.session.get(sessions.ORDERER)
    if not kept:
        return None
    orderer = Orderer.objects.filter(pk=kept["id"], active=True).first()
    return orderer if orderer and constant_time_compare(_mark(orderer), kept["mark"]) else None


def companies_of(orderer: Orderer) -> list[Company]:
    """Those that they may act for now, by name: asked at each request, so that leaving one ends access at once."""
    return list(orderer.companies.filter(active=True).order_by("name"))


def chosen(request: HttpRequest, companies: list[Company]) -> Company | None:
    """The company that they act for; None if there is a choice to make. The only one that there is, is chosen.

    What is chosen stays so: when they leave that company, a form that is open must not be sent for another one.
    """
    if "company" not in request.session and len(companies) == 1:
        choose(request, companies[0])
    wanted = request.session.get("company")
    return next((company for company in companies if company.pk == wanted), None)


def has_left(request: HttpRequest, companies: list[Company]) -> bool:
    """Whether the company that was chosen is none of theirs any more."""
    return "company" in request.session and chosen(request, companies) is None


def choose(request: HttpRequest, company: Company) -> None:
    request.session["company"] = company.pk


def _mark(orderer: Orderer) -> str:
    """Changes with the address and the number that the sign-in went through."""
    return digest(f"{orderer.pk}/{orderer.email.lower()}/{orderer.mobile}", "orderer session")
