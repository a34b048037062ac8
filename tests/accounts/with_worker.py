"""Helpers for tests with a real queue and worker: visitors over HTTP, waiting for tasks, timing samples."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from accounts.models import AuditEvent, Challenge, Event, SendQuota
from deploy.local.cast import ANNA, KARL, STEFAN
from tests.accounts.helpers import but_for_name, time_passes
from tests.accounts.timing import Samples, shuffled
from tests.idportal.conftest import PRODUCTION, Answer, Browser, Portal
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd

HOST = "losenord.kommunen.example"
WAIT = 20.0  # seconds for the worker to do what it was asked

# All of one length, which whoever asks knows anyhow.
NAMES = {
    "known": STEFAN.username,
    "unknown": "lovfinns99",
    "no number": KARL.username,
    "disabled": ANNA.username,
}

# What a task ends with in the trail.
ENDS = (Event.CODE_SENT, Event.CODE_NOT_SENT, Event.CODE_WITHHELD)

# Begins a web process whose only flaw is written into PLACE.
_FLAW = """
import os, time
os.environ["DJANGO_SETTINGS_MODULE"] = "idportal.settings"
import django
django.setup()
from accounts import codes, directory
from accounts.models import Phone
ask = codes.ask

def flawed(purpose, **told):
    PLACE
    return ask(purpose, **told)

codes.ask = flawed
"""
THREE_MILLISECONDS = _FLAW.replace("PLACE", f'time.sleep(0.003 * (told["username"] == "{STEFAN.username}"))')
LOOK_UP = _FLAW.replace(
    "PLACE",
    'account = directory.connect().find(told["username"])\n'
    "    account and Phone.objects.filter(user__directory_id=account.id).first()",
)


def installation(folder: Path, slapd: TestSlapd, redis_server: PrivateRedis) -> dict[str, str]:
    """The environment of a production installation, with the database of this test run and those servers in it."""
    (folder / "sms").mkdir()
    return {
        **PRODUCTION,
        **slapd.slapd.environment(),
        "SECRET_KEY": settings.SECRET_KEY,
        "PORTAL_URL": f"https://{HOST}",
        "REGISTER_HOST": "",
        "RESET_HOST": "",
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "CELERY_BROKER_URL": redis_server.url,
        "REDIS_URL": f"{redis_server.url.removesuffix('0')}1",
        "SMS_GATEWAYS": (folder / "sms").as_uri(),
        "STATIC_ROOT": str(folder / "static"),
        "LIMIT_ADDRESS_POSTS": "1000000",
        "LIMIT_ADDRESS_NAMES": "1000",
        "SMS_DAILY_LIMIT": "1000000",
        "LOG_LEVEL": "DEBUG",
    }


def visitor(portal: Portal) -> Browser:
    """Someone who has the form of the reset before them."""
    browser = Browser(portal, HOST, https=True)
    assert browser.get("/aterstall/").status == 200
    return browser


def ask(browser: Browser, name: str) -> None:
    """Types the name, and is led to the code page."""
    assert browser.post("/aterstall/", username=name).headers["location"] == "/aterstall/kod/"


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "the worker did not do it in time"
        time.sleep(0.002)


def tasks_done() -> int:
    """How many tasks have come to their end since the test began."""
    return AuditEvent.objects.filter(event__in=ENDS).count()


def wait_for_tasks(count: int) -> None:
    wait_until(lambda: tasks_done() >= count)


def everything_in(server: PrivateRedis) -> dict[str, str]:
    """Every key of every database of Redis with all that it holds."""
    found = {}
    for database in (0, 1):
        client: Any = redis.Redis.from_url(f"{server.url.removesuffix('0')}{database}", decode_responses=True)
        read = {"list": lambda key, of=client: of.lrange(key, 0, -1), "hash": client.hgetall, "set": client.smembers}
        read |= {"zset": lambda key, of=client: of.zrange(key, 0, -1), "string": client.get}
        for key in client.scan_iter():
            found[key] = str(read[client.type(key)](key))
    return found


def seen(answer: Answer, name: str) -> tuple[object, ...]:
    """All that came over the wire, headers in order, but for random tokens, the clock, and the name that was typed."""
    headers = [(name, value) for name, value in answer.headers.items() if name not in ("date", "set-cookie")]
    cookies = [re.sub(r"=[\w-]+", "=token", cookie, count=1) for cookie in answer.cookies]
    cookies = [re.sub(r"expires=[^;]+", "expires=then", cookie) for cookie in cookies]
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")\w+', r"\1token", answer.text)
    text = re.sub(r'(data-resend-in=")[1-9]\d?"', r'\1soon"', but_for_name(text, name))
    return answer.status, headers, cookies, text


def walk(portal: Portal, name: str) -> list[tuple[object, ...]]:
    """Every answer on the way of somebody who types a name and then guesses, the worker being done with each task."""
    browser = visitor(portal)
    done = tasks_done()
    answers = [browser.post("/aterstall/", username=name)]
    wait_for_tasks(done + 1)
    answers += [browser.get("/aterstall/kod/"), browser.post("/aterstall/kod/", code="")]
    answers += [browser.post("/aterstall/kod/", code="123456") for _guess in range(6)]  # past the death of a code
    answers.append(browser.post("/aterstall/kod/igen/"))
    time_passes(seconds=61)
    answers.append(browser.post("/aterstall/kod/igen/"))
    wait_for_tasks(done + 2)
    answers += [browser.get("/aterstall/kod/"), browser.get("/aterstall/losenord/")]
    return [seen(answer, name) for answer in answers]


def sample(portal: Portal, kinds: Iterable[str], count: int, seed: int, *, wait: bool = True) -> Samples:
    """Seconds that so many people of each kind wait for the answer when they ask for a code, one after the other.

    With ``wait``, each when the worker is done with the one before. What would make the next of the same name
    another case, limits and older codes, is cleared in between.
    """
    found: dict[str, list[float]] = defaultdict(list)
    answers = set()
    form = visitor(portal)
    for kind in shuffled(kinds, count, seed):
        browser = Browser(portal, HOST, https=True)
        browser.cookies, browser.token = dict(form.cookies), form.token
        done = tasks_done()
        began = time.perf_counter()
        answer = browser.post("/aterstall/", username=NAMES[kind])
        found[kind].append(time.perf_counter() - began)
        answers.add(str(seen(answer, NAMES[kind])))
        if wait:
            wait_for_tasks(done + 1)
        SendQuota.objects.all().delete()
        Challenge.objects.all().delete()
    assert len(answers) == 1, "all were answered alike"
    return found
