"""Link, codes, address and number of an orderer's way in stand only where they belong: security.md K2, L2, X1."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from celery.signals import task_prerun
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse

from idportal.runtime.logs import JsonFormatter
from tests.accounts.helpers import content, wrong_for
from tests.conftest import Inbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import Newcomer, email_of

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = "kanariefagel.4711@hemtjanst-ett.example"
# The register itself, where an orderer's address stands to be read.
REGISTER = {"accounts_orderer", "accounts_historicalorderer"}


class Watched(Newcomer):
    """Keeps every answer."""

    def __init__(self, sms: Inbox) -> None:
        super().__init__(sms)
        self.answers: list[HttpResponse] = []

    def get(self, path: str) -> HttpResponse:
        self.answers.append(super().get(path))
        return self.answers[-1]

    def post(self, path: str, **fields: str) -> HttpResponse:
        self.answers.append(super().post(path, **fields))
        return self.answers[-1]


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """The log with LOG_LEVEL=DEBUG as production writes it, and the arguments of tasks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    # All that take their level from LOG_LEVEL; the settings say why the others don't.
    loggers = [logging.getLogger(), logging.getLogger("django")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)

    def started(args: object, kwargs: object, **_: Any) -> None:
        stream.write(f"task {args} {kwargs}\n")

    task_prerun.connect(started)
    yield stream
    task_prerun.disconnect(started)
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def rows() -> str:
    """Everything in the database, but the register, as it lies there; and sessions as they read."""
    tables = [name for name in connection.introspection.table_names() if name not in REGISTER]
    found = []
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            found += [f"{name}: {row}" for row in cursor.fetchall()]
    found += [f"session: {content(session)}" for session in Session.objects.all()]
    return "\n".join(found)


@pytest.mark.parametrize("by_link", [True, False], ids=["link", "mailed code"])
def test_k2_none_of_it_is_anywhere(register: Register, sms: Inbox, told: io.StringIO, by_link: bool) -> None:
    it = Watched(sms)
    it.ask(TYPED)
    it.ask(email_of(register))
    held = [rows()]
    token = it.token()
    it.look()
    it.press(f"{token}x")
    mailed = it.mailed_code()
    it.enter_mailed(wrong_for(mailed))
    it.press() if by_link else it.enter_mailed()
    held.append(rows())
    code = it.sms.code()
    wrong = wrong_for(code)
    it.get("/bestallare/logga-in/kod/")
    it.enter(wrong)
    it.enter(code)
    it.get("/bestallare/foretag/")
    held.append(rows())
    assert "task [" in told.getvalue()
    assert "celery.app.trace" in told.getvalue()
    assert "helpdesk_signinlink: " in held[0]
    redirects = " ".join(answer.headers.get("Location", "") for answer in it.answers)
    assert "/bestallare/logga-in/kod/" in redirects
    number = register.carin.mobile
    for secret in (token, TYPED, email_of(register), number, number.removeprefix("+46")):
        for place in (*held, told.getvalue(), redirects):
            assert secret.lower() not in place.lower()
    # Six digits may be part of another number by chance, so a code is sought where it would be a word.
    for secret in (code, wrong, mailed, wrong_for(mailed)):
        for place in (*held, told.getvalue(), redirects):
            assert not any(f"{before}{secret}" in place for before in ("'", '"', " ", "#", "=", "/"))
    shown = [answer.content.decode() for answer in it.answers]
    assert [token in page for page in shown].count(True) == 1, "only on the page with the button"
    for secret in (code, mailed, number.removeprefix("+46"), email_of(register)):
        assert not any(secret in page for page in shown)
