"""The orderer's part of a browser session, beside ``accounts.sessions``; and who may see the orderer's pages.

Keys: ``links`` (ids of the links that this browser asked for), ``pressed`` (the link that led to the code page),
``orderer`` (the signed-in orderer, and a digest of the address and number of the sign-in) and ``company`` (the one that
the orderer acts for).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from accounts import limits, sessions
from accounts.models import Challenge, Company, Orderer
from accounts.privacy.encryption import digest
from helpdesk.models import SignInLink

View = Callable[..., HttpResponse]


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
        request.session["company"] = companies[0].pk
    wanted = request.session.get("company")
    return next((company for company in companies if company.pk == wanted), None)


def _mark(orderer: Orderer) -> str:
    """Changes with the address and the number of the sign-in."""
    return digest(f"{orderer.pk}/{orderer.email.lower()}/{orderer.mobile}", "orderer session")


def orderer_only(view: View) -> View:
    """Calls the view with the signed-in orderer and the company that they act for (H5, S2).

    Both are read from the register at this request. An orderer who has several companies, or has left the chosen one,
    is sent to choose a company. One who has no company any more is signed out.
    """

    @orderer_of_any_company
    @wraps(view)
    def guarded(request: HttpRequest, orderer: Orderer, companies: list[Company], **kwargs: Any) -> HttpResponse:
        company = chosen(request, companies)
        if company is None:
            return redirect("orderer-company")
        # For the header of the page.
        request.orderer, request.company = orderer, company  # type: ignore[attr-defined]
        request.several_companies = len(companies) > 1  # type: ignore[attr-defined]
        return view(request, orderer=orderer, company=company, **kwargs)

    return guarded


def orderer_of_any_company(view: View) -> View:
    """Calls the view with the signed-in orderer and all their companies, before one of them is chosen."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        orderer = signed_in(request)
        companies = companies_of(orderer) if orderer else []
        if orderer and companies:
            return view(request, orderer=orderer, companies=companies, **kwargs)
        # Not an agent's session, or one of a sign-in under way.
        if sessions.ORDERER not in request.session:
            return redirect("orderer-login")
        request.session.flush()
        return redirect(f"{reverse('orderer-login')}?slut")

    return guarded
