"""Changed contact details of orderers and recipients: who is told, and who confirms them (security.md H9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts import companies
from accounts.companies import orderers
from accounts.models import Company, Event, Orderer, User
from accounts.models.recipients import Recipients
from deploy.local.cast import CARIN, EVA
from notifications.models import Message
from tests.accounts.admin.conftest import Say, carin, company
from tests.accounts.admin.test_companies import FIELDS as COMPANY_FIELDS
from tests.accounts.admin.test_companies import seen
from tests.accounts.admin.test_orderers import LIST, fields
from tests.accounts.helpers import last
from tests.accounts.loader import Loader
from tests.accounts.test_races import at_once

NEW_MAIL, NEW_MOBILE = "ny@hemtjanst-ett.example", "+46701740659"


@pytest.fixture
def her(db: None) -> Orderer:
    return carin(company())


def change(admin: Client, her: Orderer, **values: str) -> None:
    answer = admin.post(f"{LIST}{her.pk}/change/", fields(*her.companies.all(), seen=seen(her), **values))
    assert answer.status_code == 302
    her.refresh_from_db()


def told() -> set[tuple[str, str]]:
    rows = Message.objects.filter(purpose=Message.Topic.ORDERER_CHANGED)
    return {(row.kind, row.to) for row in rows}


def second() -> User:
    """Another administrator."""
    return User.objects.get_or_create(directory_id="22222222-2222-2222-2222-222222222222", username="admolof")[0]


def confirm(her: Orderer, actor: User) -> None:
    newest = her.history.first()
    orderers.confirm(her.pk, actor=actor, seen=str(newest.pk))
    her.refresh_from_db()


def test_h9_a_change_is_told_to_the_old_and_the_new(admin: Client, her: Orderer) -> None:
    change(admin, her, email=NEW_MAIL, mobile=NEW_MOBILE)
    assert told() == {("mail", CARIN.mail), ("mail", NEW_MAIL), ("sms", CARIN.phone), ("sms", NEW_MOBILE)}
    text = Message.objects.filter(kind="mail").first()
    assert text
    assert "Din e-postadress och ditt mobilnummer som behörig beställare ändrades" in text.text
    assert EVA.username not in text.text
    assert her.waiting


def test_h9_a_change_of_one_is_told_to_the_other_too(admin: Client, her: Orderer) -> None:
    change(admin, her, email=NEW_MAIL)
    assert told() == {("mail", CARIN.mail), ("mail", NEW_MAIL), ("sms", CARIN.phone)}


def test_h9_a_file_tells_and_waits_as_well(loader: Loader, her: Orderer) -> None:
    """But not a first load: recipients and orderers loaded that way count as confirmed."""
    loader.command = "import_orderers"
    line = f"Hemtjänst Ett AB,Lena Ask,lena@hemtjanst-ett.example,{NEW_MOBILE}"
    loader("company,name,email,mobile", line)
    assert not Orderer.objects.get(name="Lena Ask").waiting
    assert told() == set()
    loader("company,name,email,mobile", line.replace(NEW_MOBILE, "+46701740658"))
    assert Orderer.objects.get(name="Lena Ask").waiting
    assert told() == {
        ("mail", "lena@hemtjanst-ett.example"),
        ("sms", NEW_MOBILE),
        ("sms", "+46701740658"),
    }


def test_h9_a_new_orderer_is_told_to_colleagues_and_recipients(admin: Client, her: Orderer) -> None:
    ett = Company.objects.get()
    companies.set_recipients(ett.pk, ["chef@hemtjanst-ett.example"], actor=None)
    values = fields(ett, name="Siv Ek", email=NEW_MAIL, mobile=NEW_MOBILE)
    assert admin.post(f"{LIST}add/", values).status_code == 302
    joined = {row.to for row in Message.objects.filter(subject__startswith="Ny behörig beställare")}
    assert joined == {CARIN.mail, "chef@hemtjanst-ett.example"}
    assert told() == {("mail", to) for to in (*joined, NEW_MAIL)} | {("sms", NEW_MOBILE)}
    assert Orderer.objects.get(name="Siv Ek").waiting


def test_h9_the_page_shows_what_changed_and_the_changer_cannot_confirm(admin: Client, her: Orderer, say: Say) -> None:
    change(admin, her, mobile=NEW_MOBILE)
    assert say(admin.get(LIST), "Väntar på bekräftelse")
    assert say(admin.get(f"{LIST}{her.pk}/change/"), "Bekräfta dem nu")
    where = f"{LIST}{her.pk}/confirm/"
    page = admin.get(where)
    assert say(page, "070-174 06 59")
    assert say(page, "070-174 06 50")
    assert say(page, "Bekräfta dem bara om du har frågat företaget")
    answer = admin.post(where, {"seen": seen(her)}, follow=True)
    assert say(answer, "Du har själv ändrat uppgifterna. En annan administratör kan bekräfta dem.")
    her.refresh_from_db()
    assert her.waiting
    assert admin.get(f"{LIST}999/confirm/").status_code == 404
    assert say(admin.get("/admin/"), "Beställare vars uppgifter väntar på bekräftelse: 1")


def test_h9_a_second_administrator_confirms_by_a_button(admin: Client, eva: User, her: Orderer, say: Say) -> None:
    her.mobile = NEW_MOBILE
    orderers.store(her, her.companies.all(), actor=second())
    rows = her.history.count()
    answer = admin.post(f"{LIST}{her.pk}/confirm/", {"seen": seen(her)}, follow=True)
    assert say(answer, "Uppgifterna är bekräftade, och gäller nu.")
    her.refresh_from_db()
    assert not her.waiting
    assert last(Event.ORDERER_CONFIRMED).actor == eva.directory_id
    assert her.history.count() == rows, "that it was confirmed stands in the trail"


def test_h9_what_nobody_saw_is_not_confirmed(her: Orderer, eva: User) -> None:
    """A third administrator changes them again while the page is open."""
    her.mobile = NEW_MOBILE
    orderers.store(her, her.companies.all(), actor=second())
    shown = seen(her)
    her.mobile = "+46701740657"
    orderers.store(her, her.companies.all(), actor=None)
    with pytest.raises(orderers.ConfirmRefused, match="ändrats igen"):
        orderers.confirm(her.pk, actor=eva, seen=shown)


def test_h9_who_changed_a_part_confirms_nothing(her: Orderer, eva: User) -> None:
    """Two who change in turn do not confirm each other's work at once: neither has an eye from outside."""
    her.email = NEW_MAIL
    orderers.store(her, her.companies.all(), actor=eva)
    her.mobile = NEW_MOBILE
    orderers.store(her, her.companies.all(), actor=second())
    for each in (eva, second()):
        with pytest.raises(orderers.ConfirmRefused, match="Du har själv ändrat"):
            confirm(her, each)
    third = User.objects.create(directory_id="33333333-3333-3333-3333-333333333333", username="admtre")
    confirm(her, third)
    assert not her.waiting
    with pytest.raises(orderers.ConfirmRefused, match="gäller redan"):
        confirm(her, third)


def test_h9_another_change_does_not_end_the_wait(her: Orderer, eva: User) -> None:
    her.mobile = NEW_MOBILE
    orderers.store(her, her.companies.all(), actor=eva)
    until = Orderer.objects.get().waits_until
    again = Orderer.objects.get()
    again.name, again.waits_until = "Carin Ek Lund", None  # as a form that was opened before
    orderers.store(again, again.companies.all(), actor=eva)
    assert Orderer.objects.get().waits_until == until
    Orderer.objects.update(waits_until=F("waits_until") - timedelta(hours=24))
    assert not Orderer.objects.get().waiting
    assert until
    assert until > timezone.now()


def test_h9_recipients_changed_by_hand_are_told_old_and_new(admin: Client) -> None:
    ett = company()
    companies.set_recipients(ett.pk, [CARIN.mail, "gammal@hemtjanst-ett.example"], actor=None)
    Message.objects.all().delete()
    values = {**COMPANY_FIELDS, "recipient1": CARIN.mail, "recipient2": NEW_MAIL, "seen": seen(ett)}
    assert admin.post(f"/admin/accounts/company/{ett.pk}/change/", values).status_code == 302
    assert list(Company.objects.get().recipients) == [CARIN.mail, NEW_MAIL]
    assert {row.to: word(row.text) for row in Message.objects.filter(purpose=Message.Topic.RECIPIENTS_CHANGED)} == {
        CARIN.mail: "Du får mejlen som förut.",
        NEW_MAIL: "Din adress är ny.",
        "gammal@hemtjanst-ett.example": "Din adress är inte med längre.",
    }


def word(text: str) -> str:
    found = ("Du får mejlen som förut.", "Din adress är ny.", "Din adress är inte med längre.")
    return next(each for each in found if each in text)


def test_h9_recipients_changed_by_a_file_are_told_but_not_a_first_load(loader: Loader, db: None) -> None:
    loader.command = "import_companies"
    header = "name,organisation_number,directory_value,recipient1,recipient2"
    loader(header, f"Hemtjänst Ett AB,556677-8899,Hemtjänst Ett AB,{CARIN.mail},")
    assert not Message.objects.exists()
    loader(header, f"Hemtjänst Ett AB,556677-8899,Hemtjänst Ett AB,{NEW_MAIL},")
    rows = Message.objects.filter(purpose=Message.Topic.RECIPIENTS_CHANGED)
    assert Recipients(row.to for row in rows) == Recipients([CARIN.mail, NEW_MAIL])


def test_h9_a_ticket_tells_recipients_itself(db: None) -> None:
    """H6: not twice."""
    companies.set_recipients(company().pk, [NEW_MAIL], actor=None)
    assert not Message.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_h9_a_change_beside_a_confirmation_is_never_confirmed_unseen(her: Orderer, eva: User) -> None:
    """However they fall, the number that nobody else has seen waits."""
    other = second()
    for each in range(5):
        her = Orderer.objects.get()
        her.mobile = f"+4670174065{each}"
        orderers.store(her, her.companies.all(), actor=other)
        shown = seen(her)

        def confirming(shown: str = shown) -> bool:
            try:
                orderers.confirm(her.pk, actor=eva, seen=shown)  # noqa: B023  called in this round
            except orderers.ConfirmRefused:
                return False
            return True

        def changing(each: int = each) -> bool:
            again = Orderer.objects.get()
            again.mobile = f"+4670174066{each}"
            return bool(orderers.store(again, again.companies.all(), actor=other))

        both: list[Callable[[], bool]] = [confirming, changing]
        at_once(both)
        assert Orderer.objects.get().mobile == f"+4670174066{each}"
        assert Orderer.objects.get().waiting
