"""Lets orderers in to their pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import sessions
from accounts.models import Company, Orderer
from helpdesk.orderer import sessions as orderer_sessions

View = Callable[..., HttpResponse]


def orderer_only(view: View) -> View:
    """Calls the view with the signed-in orderer and the company that they act for (H5, S2).

    Both are read from the register at this request. An orderer who has several companies, or has left the chosen one,
    is sent to choose a company. One who has no company any more is signed out.
    """

    @orderer_of_any_company
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


def orderer_of_any_company(view: View) -> View:
    """Calls the view with the signed-in orderer and all their companies, before one of them is chosen."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        orderer = orderer_sessions.signed_in(request)
        companies = orderer_sessions.companies_of(orderer) if orderer else []
        if orderer is None or not companies:
            return _sign_in(request)
        return view(request, orderer=orderer, companies=companies, **kwargs)

    return guarded


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Redirects to the sign-in page. Ends an orderer's session, but not an agent's, or a sign-in under way."""
    if sessions.ORDERER not in request.session:
        return redirect("orderer-login")
    orderer_sessions.log_out(request)
    return redirect(f"{reverse('orderer-login')}?slut")
