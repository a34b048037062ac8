"""Fixtures: Eva on the admin pages with her second factor, and the register that she sees."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY

from accounts import directory, users
from accounts.models import Authenticator, Company, Orderer, StaffSession, User
from accounts.staff.roles import ADMINISTRATOR
from deploy.local.cast import CARIN, COMPANIES, EVA
from deploy.local.cast import SampleCompany as Told
from tests.servers.slapd import TestSlapd


@pytest.fixture
def eva(server: TestSlapd, db: None) -> User:
    account = directory.connect().find(EVA.username)
    assert account
    return users.for_account(account)


@pytest.fixture
def admin(eva: User, client: Client) -> Client:
    """Her browser."""
    return signed_in(eva, client)


Say = Callable[[Any, str], bool]


@pytest.fixture
def say() -> Say:
    """Whether a page says these words, to whoever reads it."""

    def says(page: Any, words: str) -> bool:
        return words in " ".join(unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())

    return says


def signed_in(user: User, client: Client) -> Client:
    """As after /logga-in/."""
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(user)
    Authenticator.objects.create(user=user, name="app", confirmed=True)
    row = StaffSession.objects.create(user=user, name="Firefox, Linux", epoch=user.session_epoch)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = row.persistent_id
    session["roles"] = [ADMINISTRATOR.name]
    session["password_at"] = session["factor_at"] = time.time()
    session.save()
    return client


def company(told: Told = COMPANIES[0]) -> Company:
    """One of the cast's companies, in the register."""
    recipient1, recipient2 = [*told.recipients, "", ""][:2]
    return Company.objects.create(
        name=told.name,
        organisation_number=told.organisation_number,
        directory_values=told.name,
        recipient1=recipient1,
        recipient2=recipient2,
    )


def carin(*companies: Company) -> Orderer:
    """The orderer, in the register."""
    made = Orderer.objects.create(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone)
    made.companies.set(companies)
    return made
