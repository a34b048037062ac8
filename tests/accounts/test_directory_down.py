"""No directory server answers: security.md U1 and R8; design.md, last section."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts import audit, directory, users
from accounts.directory.dialects.openldap import OpenLdap
from accounts.directory.ldap_client.connection import Connection
from accounts.models import Challenge, Event, FailedTry
from deploy.local.cast import KARL, STEFAN
from tests.accounts.conftest import Heard
from tests.accounts.helpers import (
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    binds,
    last,
    text_of,
    time_passes,
    trail,
    verified,
)
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

DOWN = "Systemet där ditt konto och ditt lösenord finns svarar inte."
UNSURE = "Vi vet inte om lösenordet blev bytt"
NOT_NOTED = "a new password is in place, but the database did not take note: OperationalError"


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd) -> Iterator[TestSlapd]:
    yield openldap_settings
    directory.reset()


def is_outage_page(answer: HttpResponse, words: str) -> bool:
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer["Cache-Control"] == "no-store, private"
    return words in text_of(answer)


def test_log_in_says_so_and_counts_nothing(server: TestSlapd, walker: Walker) -> None:
    """U1: 503 in plain words, in a bounded time; the try that reached nobody does not count (T3)."""
    server.slapd.stop()
    began = time.monotonic()
    for _ in range(6):
        assert is_outage_page(walker.log_in(KARL), DOWN)
    assert time.monotonic() - began < 6 * 3
    assert FailedTry.objects.count() == 0
    server.start()
    assert walker.log_in(KARL)["Location"] == "/registrera/mobil/"


def test_a_directory_that_breaks_off_at_the_bind(server: TestSlapd, walker: Walker) -> None:
    """U1: the look-up still went through, the password check did not; no try is counted, nobody let in."""
    bind = Connection.bind

    def killed(connection: Connection, dn: str, password: str) -> int | None:
        if dn.startswith("uid="):
            server.slapd.kill()
        return bind(connection, dn, password)

    with mock.patch.object(Connection, "bind", killed):
        assert is_outage_page(walker.log_in(KARL), DOWN)
    assert (FailedTry.objects.count(), trail(Event.LOGIN_DONE)) == (0, [])
    server.start()
    assert walker.log_in(KARL)["Location"] == "/registrera/mobil/"


def test_u1_every_page_behind_the_log_in_says_so(server: TestSlapd, walker: Walker) -> None:
    """U1: the session survives; nothing was half done."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    server.slapd.stop()
    for path in ("/registrera/mobil/", "/registrera/kod/", "/registrera/klart/"):
        assert is_outage_page(walker.get(path), DOWN)
    assert is_outage_page(walker.enter_register_code(), DOWN)
    assert Event.PHONE_REGISTERED not in trail()
    server.start()
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"


def test_asking_for_a_code_still_leads_to_the_code_page(server: TestSlapd, walker: Walker) -> None:
    """design.md; and with the directory back, the button on that page brings the code."""
    has_number(STEFAN)
    server.slapd.stop()
    assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    assert walker.get("/aterstall/kod/").status_code == 200
    assert last(Event.CODE_WITHHELD).result == "directory unavailable"
    server.start()
    time_passes(seconds=61)
    walker.ask_again()
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_a_code_is_taken_and_a_new_password_says_so(server: TestSlapd, walker: Walker) -> None:
    """R8: the verified state survives the outage."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    server.slapd.stop()
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    assert walker.get("/aterstall/losenord/").status_code == 200
    assert is_outage_page(walker.choose(NEW_PASSWORD), f"Det går inte att byta lösenord just nu {DOWN}")
    assert trail(Event.PASSWORD_ATTEMPTED) == []
    server.start()
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


@pytest.mark.parametrize("written", [False, True], ids=["before the change", "after the change"])
def test_a_directory_that_breaks_off_in_the_middle_of_setting(
    server: TestSlapd, walker: Walker, caplog: pytest.LogCaptureFixture, *, written: bool
) -> None:
    """R8, U1: "we don't know" in plain words; never "klart"; the verified state survives and trying again is safe."""
    verified(walker)
    modify = Connection.modify_password

    def killed(connection: Connection, dn: str, password: str) -> None:
        if written:
            modify(connection, dn, password)
        server.slapd.kill()
        modify(connection, dn, password)

    with mock.patch.object(Connection, "modify_password", killed):
        assert is_outage_page(walker.choose(NEW_PASSWORD), UNSURE)
    assert walker.get("/aterstall/klart/")["Location"] == "/aterstall/"
    assert trail(Event.PASSWORD_ATTEMPTED, Event.PASSWORD_REFUSED, Event.PASSWORD_DONE) == [
        Event.PASSWORD_ATTEMPTED,
        Event.PASSWORD_REFUSED,
    ]
    attempted, refused = last(Event.PASSWORD_ATTEMPTED), last(Event.PASSWORD_REFUSED)
    assert refused.result == "outcome not known"
    assert (refused.actor, refused.subject, refused.address) == (attempted.actor, attempted.subject, "127.0.0.1")
    assert "OutcomeUnknown (no answer to a password change)" in caplog.text
    server.start()
    assert binds(server, STEFAN.username, NEW_PASSWORD) == written
    assert Challenge.objects.get().verified
    assert walker.get("/aterstall/losenord/").status_code == 200
    if written:
        # slapd took it and its answer was lost: the same password again is in the history now.
        assert "Du kan inte återanvända ett tidigare lösenord." in text_of(walker.choose(NEW_PASSWORD))
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, OTHER_PASSWORD)


def test_ready_and_live(server: TestSlapd, client: Client) -> None:
    """design.md: ready 503, live 200."""
    assert client.get("/healthz/ready").status_code == 200
    server.slapd.stop()
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert json.loads(answer.content)["parts"] == {"database": "ok", "cache": "ok", "directory": "unavailable"}
    assert client.get("/healthz/live").status_code == 200


def test_pages_that_need_no_directory_are_there(server: TestSlapd, client: Client) -> None:
    """U1."""
    server.slapd.stop()
    for path in ("/", "/registrera/", "/aterstall/", "/tillganglighet/", "/personuppgifter/"):
        assert client.get(path).status_code == 200


def test_a_directory_that_can_not_be_trusted_is_as_good_as_down(server: TestSlapd, walker: Walker) -> None:
    """U1: a wrong service account, or no server named."""
    for name, value in (("DIRECTORY_BIND_PASSWORD", "wrong"), ("DIRECTORY_URLS", [])):
        with override_settings(**{name: value}):
            assert is_outage_page(walker.log_in(KARL), DOWN)
            assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    directory.reset()


@pytest.mark.parametrize("password", [NEW_PASSWORD, "kort"], ids=["an attempt", "a refusal"])
def test_what_the_trail_can_not_take_does_not_happen(server: TestSlapd, walker: Walker, password: str) -> None:
    """R8, L1: neither is the directory touched, nor a refusal counted. The right is free again at once."""
    verified(walker)
    with mock.patch.object(audit, "record", side_effect=OperationalError("gone")) as record:
        assert walker.choose(password).status_code == 503
    assert record.call_count == 1
    assert binds(server, STEFAN.username, STEFAN.password)
    assert Challenge.objects.get().refusals == 0
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def test_a_database_that_breaks_twice_after_the_directory_said_yes(
    walker: Walker, heard: list[Heard], caplog: pytest.LogCaptureFixture
) -> None:
    """R3, R4: what follows a new password is tried again, and done as a whole. The operator sees each try."""
    verified(walker)
    real = users.ended_sessions
    with mock.patch.object(users, "ended_sessions") as end:
        end.side_effect = lambda user: real(user) if end.call_count > 2 else _deadlock()
        assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert trail(Event.PASSWORD_DONE, Event.SESSIONS_ENDED) == [Event.SESSIONS_ENDED, Event.PASSWORD_DONE]
    assert [one.name for one in heard] == ["password_reset"]
    assert of_reset(caplog) == [NOT_NOTED] * 2


def _deadlock() -> None:
    raise OperationalError("deadlock detected")


def of_reset(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the log about new passwords."""
    return [record.getMessage() for record in caplog.records if record.name == "idportal.reset"]


def test_a_database_that_stays_broken_is_told_as_not_known(
    server: TestSlapd, walker: Walker, heard: list[Heard], caplog: pytest.LogCaptureFixture
) -> None:
    """R8: never "klart"; the person is told to try whether the new password works. Nothing is half noted."""
    verified(walker)
    with mock.patch.object(users, "ended_sessions", side_effect=OperationalError("gone")):
        assert is_outage_page(walker.choose(NEW_PASSWORD), UNSURE)
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    assert trail(Event.PASSWORD_ATTEMPTED, Event.PASSWORD_DONE) == [Event.PASSWORD_ATTEMPTED]
    assert (heard, Challenge.objects.get().ended_at) == ([], None)
    assert of_reset(caplog) == [NOT_NOTED] * 3
    assert "OutcomeUnknown (a new password was not noted)" in caplog.text


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_an_outcome_that_is_not_known_is_told_without_the_database_too(
    walker: Walker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """R8: "nothing has changed" would be a guess. The operator sees why the trail ends at the attempt."""
    verified(walker)
    monkeypatch.setattr(OpenLdap, "set_password", lambda *_: directory.PasswordChange.UNAVAILABLE)
    with mock.patch.object(users, "end_sessions", side_effect=error):
        assert is_outage_page(walker.choose(NEW_PASSWORD), UNSURE)
    assert of_reset(caplog) == [f"the outcome of a new password is not known, nor noted: {type(error).__name__}"]


def test_after_an_outcome_that_is_not_known_every_session_ends(
    walker: Walker, another_walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: the new password may be in place."""
    another_walker.log_in(STEFAN)
    verified(walker)
    monkeypatch.setattr(OpenLdap, "set_password", lambda *_: directory.PasswordChange.UNAVAILABLE)
    assert is_outage_page(walker.choose(NEW_PASSWORD), UNSURE)
    assert another_walker.get("/registrera/mobil/")["Location"] == "/registrera/"


def test_a_directory_that_was_not_reached_ends_no_session(
    walker: Walker, another_walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, R8: no new password can be in place. The right is free again at once."""
    another_walker.log_in(STEFAN)
    verified(walker)
    with monkeypatch.context() as patch:
        patch.setattr(OpenLdap, "set_password", mock.Mock(side_effect=directory.DirectoryUnavailable("no server")))
        assert is_outage_page(walker.choose(NEW_PASSWORD), DOWN)
    assert another_walker.get("/registrera/mobil/").status_code == 200
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
