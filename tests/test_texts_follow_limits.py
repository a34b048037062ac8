"""Every duration and count in a text comes from its limit: each is changed here, and its texts are read. Issue 10."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as configured
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.template import Context
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation
from pytest_django import Settings

from accounts import companies, limits
from accounts.companies.forms import CompanyForm, ImportFileForm
from accounts.directory import Lockout
from accounts.forms import AddressField, CodeForm, FactorForm, LoginForm, NameField
from accounts.passwords import sign_in
from accounts.passwords import views as reset
from accounts.passwords.reset import ResetOutcome
from helpdesk.agent.forms import ReadOutForm
from helpdesk.orderer import employee_table
from helpdesk.orderer.forms import MailedCodeForm
from helpdesk.orderer.views import employees
from idportal import clock
from notifications.management.commands.show_messages import shown
from tests.test_translations import entries, texts_of_templates

MINUTE, DAY = 60, timedelta(days=1)
Text = Callable[[], str]


def message(event: str) -> Text:
    return lambda: next(shown(event, "sv")).text


def page(template: str, **context: Any) -> Text:
    """The template's words, with what it needs to be shown."""

    def rendered() -> str:
        request = RequestFactory().get("/")
        found: Any = get_template(template)
        return " ".join(str(found.template.render(Context({"request": request, **context}))).split())

    return rendered


def error(form: type[Any], code: str) -> Text:
    return lambda: str(form().fields["code"].error_messages[code])


def third_recipient() -> str:
    with pytest.raises(Exception, match="mottagare") as raised:
        companies.set_recipients(1, ["a@b.example"] * 9, actor=None)
    return str(raised.value)


def refused_log_in() -> str:
    form = LoginForm({"username": "lovkalin01", "password": "x"})
    with mock.patch("accounts.directory.connect") as connect:
        connect().lockout.return_value = Lockout(threshold=0, window=timedelta())  # a directory that never locks
        caches["pages"].clear()
        form.refuse(clock.duration(sign_in.lock_out()))
    return str(form.non_field_errors())


HOLD = ["mail/phone_linked", "mail/phone_linked_orderer", "sms/phone_linked", "sms/phone_link_told"]
CODE_PAGES = ["accounts/register_code.html", "accounts/reset_code.html", "accounts/staff_sms.html"]
CODE_PAGES += ["helpdesk/orderer_code.html"]
CODE_FORMS = (CodeForm, MailedCodeForm, ReadOutForm)
EARLIER = {"earlier_tickets": [{"number": "2026-00001"}]}
LINK_PAGE, MAILED_CODE_PAGE = "helpdesk/orderer_link.html", "helpdesk/orderer_mailed_code.html"

Case = tuple[str, Any, Text, str]
CASES: list[Case] = [
    ("CODE_LIFETIME", 20 * MINUTE, message("sms/code"), "Den gäller i 20 minuter."),
    ("CODE_LIFETIME", 90, message("sms/code"), "Den gäller i 90 sekunder."),
    ("FACTOR_FAILURES_TOLD", 4, message("mail/wrong_codes"), "fel kod, 4 gånger i rad"),
    ("FACTOR_FAILURES_A_DAY", 7, message("mail/app_stopped"), "appen, 7 gånger på ett dygn"),
    ("RECOVERY_FAILURES_A_DAY", 6, message("mail/recovery_stopped"), "6 gånger på ett dygn"),
    ("RECIPIENT_CONFIRMATION", 5 * DAY, message("mail/recipient_confirm"), "Länken gäller i 5 dagar."),
    ("RECIPIENT_CONFIRMATION", 5 * DAY, page("helpdesk/recipient_confirm.html"), "äldre än 5 dagar"),
    *(("PHONE_LINK_HOLD", 25 * MINUTE, message(event), "15:00") for event in HOLD),
    ("LINK_LIFETIME", 25 * MINUTE, message("mail/sign_in_link"), "gäller till 15:00"),
    ("LINK_LIFETIME", 25 * MINUTE, page(MAILED_CODE_PAGE), "Koden gäller i 25 minuter, och"),
    ("SEND_COOLDOWN", 5 * MINUTE, page(MAILED_CODE_PAGE), "Vänta minst 5 minuter mellan gångerna."),
    ("CODE_DIGITS", 8, page(MAILED_CODE_PAGE), "åtta siffror"),
    ("LINK_LIFETIME", 25 * MINUTE, page(LINK_PAGE, here=True, refused=True), "äldre än 25 minuter"),
    *(("CODE_DIGITS", 8, page(template), "åtta siffror i ditt sms") for template in CODE_PAGES),
    *(("SMS_PATIENCE", 4 * MINUTE, page(template), "Vänta upp till 4 minuter") for template in CODE_PAGES),
    (
        "CODE_DIGITS",
        8,
        page("helpdesk/ticket_verify.html", code_under_way=True, ticket={"number": "2026-00042"}),
        "Åtta siffror. Låt den som ringer",
    ),
    *(("CODE_DIGITS", 8, error(form, "required"), "med åtta siffror") for form in CODE_FORMS),
    *(("CODE_DIGITS", 8, error(form, "max_length"), "har åtta siffror") for form in CODE_FORMS),
    ("APP_CODE_DIGITS", 8, error(FactorForm, "required"), "med åtta siffror från din app"),
    ("APP_CODE_DIGITS", 8, error(FactorForm, "max_length"), "appen har åtta siffror"),
    ("APP_CODE_DIGITS", 8, page("accounts/staff_code.html", by_code=True, by_app=True), "åtta siffror"),
    ("APP_CODE_DIGITS", 8, page("accounts/staff_enrol.html", by_code=True), "åtta siffror"),
    ("ENROLMENT_CODE_DIGITS", 10, page("accounts/staff_enrolment_code.html"), "10 siffror"),
    ("ENROLMENT_CODE_LIFETIME", 60 * MINUTE, page("accounts/staff_enrolment_code.html"), "gäller i 1 timme och"),
    ("ENROLMENT_CODE_LIFETIME", 60 * MINUTE, message("mail/enrolment_issued"), "Den gäller i 1 timme."),
    ("ENROLMENT_TRIES", 4, message("mail/enrolment_stopped"), "fel startkod, 4 gånger"),
    ("ENROLMENT_TRIES", 4, message("mail/staff_enrolment_stopped"), "fel startkod, 4 gånger"),
    ("RECOVERY_CODE_DIGITS", 16, page("accounts/staff_code.html", by_code=True, by_app=True), "De har 16 siffror"),
    ("FACTOR_FRESH", 7 * MINUTE, page("components/proof.html", proof={"needed": True}), "mer än 7 minuter sedan"),
    ("RECOVERY_CODE_DIGITS", 16, error(FactorForm, "max_length"), "en återställningskod har 16."),
    ("SEND_COOLDOWN", 2 * MINUTE, page("components/code_again.html", resend_in=9), "Tidigast efter 2 minuter."),
    ("PASSWORD_WINDOW", timedelta(minutes=45), refused_log_in, "Vänta 45 minuter och"),
    ("SETTING_LEASE", 45, lambda: str(reset._OTHER[ResetOutcome.BUSY]()), "Vänta 45 sekunder."),
    ("MAILS_KEPT", 60 * DAY, page("pages/privacy.html"), "<td>60 dagar</td>"),
    ("CODES_KEPT", timedelta(hours=12), page("pages/privacy.html"), "efter 12 timmar"),
    ("BODIES_KEPT", 20 * DAY, page("pages/privacy.html"), "20 dagar efter att de skickades"),
    ("VERIFIED_LIFETIME", 25 * MINUTE, page("pages/accessibility.html"), "Du har 25 minuter på dig"),
    ("EXTENSIONS", 3, page("pages/accessibility.html"), "lika lång tid till, tre gånger"),
    ("VERIFIED_LIFETIME", 25 * MINUTE, page("components/time_left.html", more=True), "Få 25 minuter till"),
    ("TIME_WARNED", 3 * MINUTE, page("components/time_left.html"), 'data-warn-at="180"'),
    ("TICKETS_KEPT", 730 * DAY, page("pages/privacy.html"), "24 månader efter att de avgjordes"),
    ("NOBODYS_KEPT", 25 * DAY, page("pages/privacy.html"), "efter 25 dagar"),
    ("AUDIT_KEPT", 365 * DAY, page("pages/privacy.html"), "efter 12 månader"),
    ("GONE_KEPT", 40 * DAY, page("pages/privacy.html"), "40 dagar efter att kontot är borta"),
    ("RECIPIENTS", 3, page("helpdesk/orderer_recipients.html"), "Ni kan ha högst tre."),
    ("RECIPIENTS", 3, third_recipient, "högst tre mottagare"),
    ("RECIPIENTS", 3, lambda: str(CompanyForm.base_fields["recipient1"].help_text), "Högst tre adresser."),
    ("EARLIER_TICKETS", 600 * DAY, page("helpdesk/ticket_history.html"), "högst 20 månader gamla"),
    (
        "MOST_EARLIER_TICKETS",
        7,
        page("helpdesk/ticket_history.html", evidence=EARLIER),
        "Högst 7 om samma konto",
    ),
    ("LARGEST_FILE", 5 * 2**20, lambda: str(ImportFileForm.base_fields["file"].help_text), "Högst 5 MB."),
    ("EXPIRES_SOON", 20 * DAY, lambda: employees._summary(Counter()), "inom 20 dagar"),
    ("EXPIRES_SOON", 20 * DAY, lambda: str(employees._tabs(employee_table.ALL, Counter())), "inom 20 dagar"),
]


@pytest.mark.parametrize("field", [NameField, AddressField], ids=lambda field: field.__name__)
def test_so_does_what_a_field_says_of_its_length(field: type[Any]) -> None:
    shorter = type("Shorter", (field,), {"longest": 7})
    with pytest.raises(ValidationError, match="Skriv högst 7 tecken"):
        shorter().clean("x" * 8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[3]}")
def test_a_text_follows_its_limit(case: Case, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    name, value, text, expected = case
    assert expected not in text()
    if hasattr(limits, name):
        monkeypatch.setattr(limits, name, value)
    else:
        setattr(settings, name, value)
    caches["pages"].clear()  # a limit stays as it is while the portal runs
    assert expected in text()


def test_each_limit_that_a_template_names_is_changed_here() -> None:
    named: set[str] = set()
    for path in Path(configured.BASE_DIR, "templates").rglob("*.*"):
        if path.suffix in (".html", ".txt"):
            source = path.read_text(encoding="utf-8")
            named.update(re.findall(r'{%\s*(?:duration|limit|limit_in_words) "(\w+)"', source))
    assert named
    assert named - {name for name, *_ in CASES} == set()


def test_no_sentence_has_a_duration_of_its_own() -> None:
    """In digits. What is left is no limit: a heading of the statistics, the history that an agent sees at a glance."""
    with translation.override("sv"):
        texts = texts_of_templates() | {swedish for swedish, _ in entries()}
    found = {text for text in texts if re.search(r"\d[  ]?(?:sekund|minut|timm|dygn|dag|veck|månad)", text)}
    found = {
        text for text in found if not re.search(r"Lösenordet går ut om \d+ dagar\.$", text)
    }  # of the sample people
    assert found == {
        *("4–24 timmar", "Under 4 timmar", "1–7 dagar", "Mer än 7 dagar"),
        *("Avgjorda inom 4 timmar", "Avgjorda inom 24 timmar", "Inom 4 timmar", "Inom 24 timmar"),
    }
