"""What a browser session holds of an orderer who is signed in, beside ``accounts.sessions``.

Keys: ``orderer`` (who, and a digest of what their sign-in rests on) and ``company`` (for which one they act).
"""

from __future__ import annotations

from django.http import HttpRequest

from accounts import sessions
from accounts.encryption import digest, same_digest
from accounts.models import Company, Orderer


def log_in(request: HttpRequest, orderer: Orderer) -> None:
    """Binds the session to an orderer who has pressed the link and entered the code; it gets a new id."""
    sessions.renew(request)
    request.session["orderer"] = {"id": orderer.pk, "mark": _mark(orderer)}


def log_out(request: HttpRequest) -> None:
    """Ends the session, with all that it held."""
    request.session.flush()


def signed_in(request: HttpRequest) -> Orderer | None:
    """The orderer of this session, as they are now; None once they are not active, or reached another way (S2)."""
    kept = request.session.get("orderer")
    if not kept:
        return None
    orderer = Orderer.objects.filter(pk=kept["id"], active=True).first()
    return orderer if orderer and same_digest(_mark(orderer), kept["mark"]) else None


def companies_of(orderer: Orderer) -> list[Company]:
    """Those that they may act for now, by name: asked at each request, so that leaving one ends access at once."""
    return list(orderer.companies.filter(active=True).order_by("name"))


def chosen(request: HttpRequest, companies: list[Company]) -> Company | None:
    """The company that was chosen, or the only one there is; None if there is a choice to make, or none."""
    wanted = request.session.get("company")
    found = next((company for company in companies if company.pk == wanted), None)
    return found or (companies[0] if len(companies) == 1 else None)


def choose(request: HttpRequest, company: Company) -> None:
    request.session["company"] = company.pk


def _mark(orderer: Orderer) -> str:
    """Changes with the address and the number that the sign-in went through."""
    return digest(f"{orderer.pk}/{orderer.email.lower()}/{orderer.mobile}", "orderer session")
