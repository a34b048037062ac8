"""The outbox and the digest's days in the admin: read-only, but some messages can be sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.companies import overview
from accounts.models import AuditEvent, Company, Event, User
from deploy.local.cast import CARIN, STEFAN
from notifications import outbox
from notifications.models import DigestRun, Message
from tests.accounts.admin.conftest import Say, company
from tests.servers.slapd import TestSlapd
from tests.servers.smsgateway import SmsGateway

LIST = "/admin/notifications/message/"
State, Purpose = Message.Status, Message.Topic


def mail(**values: Any) -> Message:
    made = outbox.mail(
        purpose=Purpose.DIGEST,
        to=CARIN.mail,
        subject="Utgående lösenord",
        text="Hej!\n<script>alert(1)</script>",
        useful=timedelta(days=1),
        company=Company.objects.first() or company(),
    )
    return saved(made, **values)


def sms(**values: Any) -> Message:
    made = outbox.sms(purpose=Purpose.PASSWORD_RESET, to=STEFAN.phone, text="Bytt.", useful=timedelta(days=1))
    return saved(made, **values)


def saved(message: Message, **values: Any) -> Message:
    for name, value in values.items():
        setattr(message, name, value)
    message.save()
    return message


REFUSED = {"state": State.REFUSED, "error": "550 5.1.1 No such user", "settled_at": timezone.now()}


def test_what_was_refused_stands_out_with_the_server_s_words(admin: Client, say: Say) -> None:
    mail(**REFUSED)
    page = admin.get(LIST)
    assert say(page, "avvisat 550 5.1.1 No such user")
    assert 'class="flag flag--bad">avvisat' in page.content.decode()


@pytest.mark.parametrize("query", [{"lage": "refused"}, {"vad": "digest"}, {"q": CARIN.mail.upper()}, {"q": "hemtj"}])
def test_it_is_filtered_and_found(query: dict[str, str], admin: Client, say: Say) -> None:
    mail(**REFUSED)
    sms()
    page = admin.get(LIST, query)
    assert say(page, CARIN.mail)
    assert not say(page, "••• 05")


def test_numbers_are_masked(admin: Client, say: Say) -> None:
    made = sms(**REFUSED)
    for path in (LIST, f"{LIST}{made.pk}/change/", "/admin/oversikt/"):
        page = admin.get(path)
        assert say(page, "••• 05")
        assert "7017406" not in page.content.decode()


def test_a_link_that_somebody_was_sent_can_not_be_taken_from_there(admin: Client, say: Say) -> None:
    """Whoever has it stops a link, confirms an address or signs in; an administrator has no need to."""
    made = saved(mail(), text="Stoppa kopplingen: https://losenord.kommunen.example/stoppa/?nyckel=abcDEF123-_%2D")
    page = admin.get(f"{LIST}{made.pk}/change/")
    assert say(page, "/stoppa/?nyckel=…")
    assert "abcDEF123" not in page.content.decode()


def test_a_code_that_an_orderer_was_mailed_is_not_shown(admin: Client) -> None:
    """Other numbers of six digits, and those of other mails, are no secrets."""
    for topic, shown in ((Message.Topic.SIGN_IN_LINK, False), (Message.Topic.DIGEST, True)):
        made = saved(mail(purpose=topic), text="Koden:\n\n004711\n\nhttps://losenord.kommunen.example/")
        assert ("004711" in admin.get(f"{LIST}{made.pk}/change/").content.decode()) == shown


def test_the_text_is_inert_until_it_is_blanked(admin: Client, say: Say) -> None:
    made = mail()
    page = admin.get(f"{LIST}{made.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "None" not in page, "what there is nothing of is a dash"
    saved(made, to="", text="", html="", blanked_at=timezone.now())
    assert say(admin.get(f"{LIST}{made.pk}/change/"), "Texten är raderad")


@pytest.mark.parametrize("register", ["message", "digestrun"])
@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_nobody_changes_them(register: str, path: str, admin: Client) -> None:
    rows = {"message": mail(), "digestrun": DigestRun.objects.create(day="2026-11-25", since="2026-11-24")}
    answer = admin.post(f"/admin/notifications/{register}/" + path.format(pk=rows[register].pk), {"post": "yes"})
    assert answer.status_code == 403
    assert (Message.objects.count(), DigestRun.objects.count()) == (1, 1)


# --- Sent again ----------------------------------------------------------------------------------


def choose(admin: Client, *messages: Message, action: str = "again") -> Any:
    """Ticks these in the list, chooses what to do, and looks at the list that comes then."""
    chosen = {"action": action, "_selected_action": [message.pk for message in messages]}
    return admin.post(LIST, chosen, follow=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [State.REFUSED, State.EXPIRED])
def test_what_was_refused_or_too_late_is_sent_again(
    admin: Client, eva: User, say: Say, mailoutbox: list[Any], state: Message.Status
) -> None:
    """As the same mail, so that who has it already sees that it is one; and anew for a day."""
    long_ago = timezone.now() - timedelta(days=9)
    made = mail(
        **{**REFUSED, "state": state}, created_at=long_ago, useful_until=long_ago + timedelta(days=4), attempts=7
    )
    page = choose(admin, made)
    assert say(page, "1 meddelande skickas igen.")
    after = Message.objects.get()
    assert (after.state, after.attempts, after.uid, after.text) == (State.SENT, 1, made.uid, made.text)
    assert timedelta(hours=23) < after.useful_until - timezone.now() <= timedelta(days=1)
    assert [each.extra_headers["Message-ID"].split("@")[0] for each in mailoutbox] == [f"<{made.uid}"]
    told = AuditEvent.objects.get(event=Event.MESSAGE_SENT_AGAIN)
    assert (told.actor, told.company, told.result) == (eva.directory_id, "Hemtjänst Ett AB", f"message {made.pk}")
    assert told.address == "127.0.0.1"
    trail = admin.get("/admin/accounts/auditevent/")
    assert say(trail, "Meddelande: skickas igen")
    assert say(trail, f"meddelande nr {made.pk}")


@pytest.mark.django_db(transaction=True)
def test_a_notice_is_told_of_as_its_person_s(admin: Client, eva: User, sms_gateway: SmsGateway) -> None:
    """Also an SMS of which nobody knew whether it had gone out."""
    made = sms(**REFUSED, about=eva.directory_id, perhaps_sent=2)
    choose(admin, made)
    assert [each.text for each in sms_gateway.received] == ["Bytt."]
    assert AuditEvent.objects.get(event=Event.MESSAGE_SENT_AGAIN).subject_name == eva.username


@pytest.mark.django_db(transaction=True)
def test_nothing_else_is_sent_again(admin: Client, say: Say, mailoutbox: list[Any]) -> None:
    """Neither what was sent, or will be, nor what has no text any more."""
    sent = mail(state=State.SENT, settled_at=timezone.now())
    waits = mail(next_try_at=timezone.now() + timedelta(hours=1))
    blanked = mail(**REFUSED, to="", text="", html="", blanked_at=timezone.now())
    before = list(Message.objects.order_by("pk").values())
    page = choose(admin, sent, waits, blanked)
    assert say(page, "3 meddelanden skickas inte igen. Det går bara med det som är avvisat eller för sent")
    assert list(Message.objects.order_by("pk").values()) == before
    assert mailoutbox == []
    assert not AuditEvent.objects.filter(event=Event.MESSAGE_SENT_AGAIN).exists()


def test_no_other_thing_can_be_chosen(admin: Client) -> None:
    made = mail(**REFUSED)
    choose(admin, made, action="delete_selected")
    assert Message.objects.get().state == State.REFUSED
    assert 'value="delete_selected"' not in admin.get(LIST).content.decode()
    run = DigestRun.objects.create(day="2026-11-25", since="2026-11-24")
    assert 'name="action"' not in admin.get("/admin/notifications/digestrun/").content.decode()
    assert DigestRun.objects.get() == run


def test_a_run_that_is_not_done_stands_out(admin: Client, say: Say) -> None:
    DigestRun.objects.create(day="2026-11-25", since="2026-11-24", accounts=7, mails=2)
    assert say(admin.get("/admin/notifications/digestrun/"), "Inte klar 7 2")


def test_a_list_takes_as_many_queries_for_forty_as_for_one(admin: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(40):
        mail()
    with django_assert_max_num_queries(15):
        admin.get(LIST)


def test_the_overview_lists_what_was_refused_lately(server: TestSlapd, db: None) -> None:
    mail(**REFUSED)
    mail(**{**REFUSED, "settled_at": timezone.now() - timedelta(days=31)})
    mail(state=State.SENT, settled_at=timezone.now())
    (section,) = [each for each in overview.report()["sections"] if "togs emot" in each.title]
    assert section.total == 1
    assert list(section.rows[0][1:]) == [CARIN.mail, "Hemtjänst Ett AB", "550 5.1.1 No such user"]
