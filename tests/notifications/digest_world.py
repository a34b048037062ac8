"""Helpers for the tests of the daily mail: people whose passwords expire at given times, companies, sent mails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import ldap
import pytest
from ldap.controls.simple import RelaxRulesControl

from accounts import directory
from accounts.directory import Account
from accounts.models import Company
from deploy.local import slapd
from deploy.local.cast import CARIN, HEMTJANST_ETT, OMSORG_TVA, STEFAN, Person
from notifications.models import DigestRun, Message
from tests.servers.slapd import TestSlapd

STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAY = date(2026, 9, 14)  # of a run, when any day will do
NOON = time(12)

Clock = Callable[[datetime], None]

COLUMNS = ["Förnamn", "Efternamn", "Konto", "Förfalldatum", "Dagar kvar", "Mobilnummer"]


def runs_out(server: TestSlapd, person: Person, on: date, at: time = NOON, *, state: str = "") -> None:
    """The person is there, and the password runs out at this moment by Stockholm's clocks.

    ``state``: must_change, disabled, locked or protected.
    """
    server.put(
        person,
        must_change=state == "must_change",
        disabled=state == "disabled",
        locked=state == "locked",
        protected=state == "protected",
    )
    changed = datetime.combine(on, at, STOCKHOLM).astimezone(UTC) - slapd.MAX_AGE
    value = slapd.generalized_time(changed).encode()
    change = [(ldap.MOD_REPLACE, "pwdChangedTime", [value])]
    server.root.modify_ext_s(server.dn(person.username), change, serverctrls=[RelaxRulesControl()])


def count_mapped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The user names of the accounts that are made of the directory's entries from now on, as they are made."""
    mapped: list[str] = []
    kind = type(directory.connect())
    make: Any = kind._account

    def counted(self: object, entry: object) -> Account:
        account: Account = make(self, entry)
        mapped.append(account.username)
        return account

    monkeypatch.setattr(kind, "_account", counted)
    return mapped


def remove_everybody(server: TestSlapd) -> None:
    """The directory is empty, but for its groups and policies."""
    for dn, _ in server.root.search_s(slapd.PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["1.1"]):
        username = ldap.dn.str2dn(dn)[0][0][1]
        server.remove(username)


def somebody(username: str, given_name: str = "Stefan", surname: str = "Lind", company: str = HEMTJANST_ETT) -> Person:
    """One more account; the name need not be one of the cast's, as when it is hostile."""
    return replace(STEFAN, username=username, given_name=given_name, surname=surname, company=company, mail="")


def hemtjanst_ett(*recipients: str, active: bool = True) -> Company:
    """The company; its mail goes to Carin if nobody else is named."""
    first, second = (*(recipients or (CARIN.mail,)), "")[:2]
    return Company.objects.create(
        name=HEMTJANST_ETT,
        organisation_number="556677-8899",
        directory_values=HEMTJANST_ETT,
        recipient1=first,
        recipient2=second,
        active=active,
    )


def omsorg_tva(recipient: str = "") -> Company:
    """The other one, which has no recipient."""
    return Company.objects.create(
        name=OMSORG_TVA, organisation_number="559900-1129", directory_values=OMSORG_TVA, recipient1=recipient
    )


def completed(day: date, since: date | None = None) -> DigestRun:
    """A run of this day that came to its end."""
    since = since or day - timedelta(1)
    return DigestRun.objects.create(day=day, since=since, completed_at=datetime.now(UTC))


def sent() -> list[Message]:
    """The outbox, oldest first."""
    return list(Message.objects.order_by("pk"))


def lines(message: Message) -> list[list[str]]:
    """The table of a mail, from its HTML part: the cells of each row, without the heads."""
    return [cells for cells in Page(message.html).rows if cells != COLUMNS]


def told(messages: Iterable[Message]) -> list[tuple[str, str]]:
    """Account and days left of each line in all of these mails."""
    return [(cells[2], cells[4]) for message in messages if message.html for cells in lines(message)]


def blocks(message: Message) -> list[list[str]]:
    """The same table from the text part: the values of each person's block."""
    found = re.findall("".join(rf"^{column}: (.*)\n" for column in COLUMNS), message.text, re.MULTILINE)
    return [list(values) for values in found]


class Page(HTMLParser):
    """An HTML part as a reader has it before them: its table, its words in order, its links, its elements.

    What is hidden (the labels that a phone shows) is left out.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = 0
        self._cell = False
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """All words, with single spaces."""
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.elements.append((tag, values))
        if tag in ("style", "title") or values.get("class") == "label":
            self._hidden += 1
        if tag == "tr" and values.get("class") in ("head", "row"):
            self.rows.append([])
        self._cell = self._cell or values.get("class") == "cell" or tag == "th"
        if values.get("class") == "cell" or tag == "th":
            self.rows[-1].append("")
        if tag in ("p", "tr", "td", "th", "li", "h2", "br", "dt", "dd"):
            self.words.append(" ")
        if tag == "a":
            self.links.append(values.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag in ("style", "title", "span"):
            self._hidden -= 1
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words.append(data)
        if self._cell:
            self.rows[-1][-1] += data
