"""Who gets in: orderers to theirs, agents to theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import sessions
from accounts.models import Company, Orderer
from accounts.staff.roles import AGENT
from helpdesk.orderer import sessions as orderer_sessions

OrdererView = Callable[..., HttpResponse]


def orderer_only(view: OrdererView) -> OrdererView:
    """For an orderer who is signed in; the view gets the orderer and the company that they act for (H5, S2).

    Both are as the register has them at this request. Who may act for several companies chooses one first; so does
    who has left the one that was chosen. Who may act for none any more is signed out.
    """

    @of_any_company
    @wraps(view)
    def guarded(request: HttpRequest, orderer: Orderer, companies: list[Company], **kwargs: Any) -> HttpResponse:
        company = orderer_sessions.chosen(request, companies)
        if company is None:
            return redirect("orderer-company")
        # For the header of the page.
        request.orderer, request.company = orderer, company  # type: ignore[attr-defined]
        request.several_companies = len(companies) > 1  # type: ignore[attr-defined]
        return view(request, orderer=orderer, company=company, **kwargs)

    return guarded


def of_any_company(view: OrdererView) -> OrdererView:
    """For an orderer who is signed in, whether they have chosen a company or not; the view gets all that are theirs."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        orderer = orderer_sessions.signed_in(request)
        companies = orderer_sessions.companies_of(orderer) if orderer else []
        if orderer is None or not companies:
            return _sign_in(request)
        return view(request, orderer=orderer, companies=companies, **kwargs)

    return guarded


def _sign_in(request: HttpRequest) -> HttpResponse:
    """To the first page of the way in. A session of somebody else's, an agent's or one on that way, goes on."""
    if sessions.ORDERER not in request.session:
        return redirect("orderer-login")
    orderer_sessions.log_out(request)
    return redirect(f"{reverse('orderer-login')}?slut")


def agent_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For an agent with both factors whom the directory names as such at this request; the view gets the user (S2).

    ``accounts.middleware.StaffRoles`` has asked, and has refused whoever is signed in without the role.
    """

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        user = sessions.verified(request)
        if user is None or AGENT.name not in getattr(request, "staff_roles", ()):
            wanted = {REDIRECT_FIELD_NAME: request.path if request.method == "GET" else reverse("helpdesk-queue")}
            return redirect(f"{reverse('staff-login')}?{urlencode(wanted)}")
        return view(request, agent=user, **kwargs)

    return guarded
