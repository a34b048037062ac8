"""Attacks on the portal as repeatable stories: each is an attacker's way in, and where it must end.

The docstring says what is tried. A story that returns has held, with its words on how; one that raises Fell has not.
"""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from html import escape

import redis

from deploy.local.cast import ANNA, CARIN, EVA, KARL, MARIA, STEFAN, Person
from tests.attack.stage import Fell, Staff, Stage, Visitor, expect, wait_for

Story = Callable[[Stage], str]
STORIES: list[Story] = []
THIEF, NEW = "+46701740697", "070-174 06 97"
PASSWORDS = [f"Stig-Berg-{number}" for number in range(1000, 1100)]


def story(tell: Story) -> Story:
    STORIES.append(tell)
    return tell


def ask(visitor: Visitor, username: str) -> None:
    expect(visitor.leads("/aterstall/", "/aterstall/kod/", username=username), f"{username} can't ask for a code")


def reset(stage: Stage, visitor: Visitor, password: str) -> None:
    """Stefan resets his password, from end to end. Raises Fell."""
    before = len(stage.sms(STEFAN.phone))
    ask(visitor, STEFAN.username)
    code = stage.next_code(STEFAN.phone, before)
    expect(visitor.leads("/aterstall/kod/", "/aterstall/losenord/", code=code), "the owner's code is refused")
    fields = {"new_password1": password, "new_password2": password}
    expect(visitor.leads("/aterstall/losenord/", "/aterstall/klart/", **fields), "the owner's password is refused")


@story
def kept_out_by_codes(stage: Stage) -> str:
    """Strangers ask for Stefan's codes from 40 addresses and type 200 wrong ones (D1)."""
    owner, password = stage.visitor(), PASSWORDS.pop()
    reset(stage, owner, password)
    stage.calm()
    for _ in range(40):
        stranger = stage.visitor()
        ask(stranger, STEFAN.username)
        for number in range(5):
            stranger.post("/aterstall/kod/", code=f"{number:06}")
    reset(stage, owner, PASSWORDS.pop())
    return "the owner resets in the browser that he used before"


@story
def kept_out_by_passwords(stage: Stage) -> str:
    """Strangers type 40 wrong passwords for Stefan at both log-ins (D1, T3)."""
    stage.calm()
    owner, password = stage.visitor(), PASSWORDS.pop()
    reset(stage, owner, password)
    for number in range(20):
        for path in ("/registrera/", "/logga-in/"):
            stage.visitor().post(path, username=STEFAN.username, password=f"Fel-losen-{number}")
    fields = {"username": STEFAN.username, "password": password}
    expect(owner.leads("/registrera/", "/registrera/mobil/", **fields), "the owner can't log in")
    return "neither the directory nor the portal keeps the owner's browser out"


@story
def all_of_the_days_sms(stage: Stage) -> str:
    """Anonymous asking has used up its part of the day's SMS; Karl registers (D2)."""
    stage.calm()
    stage.run(
        "from django.conf import settings; from django.utils import timezone; from accounts.models import SmsDay\n"
        "SmsDay.objects.create(day=timezone.localdate(), sent=settings.SMS_DAILY_LIMIT * 75 // 100)"
    )
    stranger = stage.visitor()
    before = len(stage.sms(STEFAN.phone))
    ask(stranger, STEFAN.username)
    karl = stage.visitor()
    fields = {"username": KARL.username, "password": KARL.password}
    expect(karl.leads("/registrera/", "/registrera/mobil/", **fields), "Karl can't log in")
    expect(karl.leads("/registrera/mobil/", "/registrera/kod/", phone="070-174 06 91"), "Karl can't register")
    code = stage.next_code("+46701740691", 0)
    expect(karl.leads("/registrera/kod/", "/registrera/klart/", code=code), "Karl's code is refused")
    expect(len(stage.sms(STEFAN.phone)) == before, "an anonymous code used what is kept back for others")
    return "codes to register go out; anonymous ones wait for tomorrow"


@story
def one_address_and_many_names(stage: Stage) -> str:
    """One address asks for codes for 25 names, and tries 25 names at the log-in (D3)."""
    stage.calm()
    for path, more in (("/aterstall/", {}), ("/registrera/", {"password": "Fel-losen-1"})):
        stranger = stage.visitor()
        answers = [stranger.post(path, username=f"lovprova{number:02}", **more).status_code for number in range(25)]
        expect(answers[-1] == 429, f"{path} takes 25 names from one address: {answers}")
    return "429 from the 21st name on"


@story
def one_password_and_many_names(stage: Stage) -> str:
    """Karl's right password is tried on a dozen names, each from an address of its own, and then on his (D4)."""
    stage.calm()
    for number in range(12):
        stage.visitor().post("/registrera/", username=f"lovandra{number:02}", password=KARL.password)
    fields = {"username": KARL.username, "password": KARL.password}
    expect(not stage.visitor().leads("/registrera/", "/registrera/mobil/", **fields), "the sprayed password opens")
    stage.calm()
    return "refused without asking the directory"


@story
def a_stolen_password(stage: Stage) -> str:
    """A thief logs in as Maria with her password, registers another number, and resets at once (G6)."""
    stage.calm()
    thief = stage.visitor()
    fields = {"username": MARIA.username, "password": MARIA.password}
    expect(thief.leads("/registrera/", "/registrera/mobil/", **fields), "Maria's password does not open")
    expect(thief.leads("/registrera/mobil/", "/registrera/kod/", phone=NEW), "no code goes to the thief's number")
    code = stage.next_code(THIEF, 0)
    expect(thief.leads("/registrera/kod/", "/registrera/klart/", code=code), "the thief's code is refused")
    told = wait_for(lambda: [text for text in stage.sms(MARIA.phone) if "/stoppa/" in text], "the old number's notice")
    before = len(stage.sms(THIEF))
    ask(stage.visitor(), MARIA.username)
    time.sleep(2)
    expect(not any("#" in text for text in stage.sms(THIEF)[before:]), "the thief's number gets a code at once")
    link = re.search(r"/stoppa/\?nyckel=\w+", told[-1])
    assert link is not None
    stage.visitor().post("/stoppa/", page=link[0], nyckel=link[0].partition("=")[2])
    stage.calm()
    for number, whose in ((THIEF, "the thief's"), (MARIA.phone, "the old")):
        before = len(stage.sms(number))
        ask(stage.visitor(), MARIA.username)
        time.sleep(2)
        expect(not any("#" in text for text in stage.sms(number)[before:]), f"{whose} number gets codes after a stop")
    return "the old number is told and stops it; then no number gets codes until an agent decides (G7)"


@story
def a_password_makes_no_administrator(stage: Stage) -> str:
    """Eva's password is known; she has never signed in (A1)."""
    stage.calm()
    thief = Staff(stage.url, EVA)
    expect(thief.password(), "Eva's password is refused")
    page = thief.get("/logga-in/kod/").text
    expect("otpauth:" not in page and "secret" not in page, "the page shows a key to whoever has the password")
    answer = thief.post("/logga-in/kod/", enrolment_code="123456789012")
    expect(answer.status_code == 200 and "otpauth:" not in answer.text, "a made-up enrolment code shows the key")
    expect(thief.get("/admin/").status_code == 302, "the admin opens")
    return "no key without an enrolment code"


@story
def what_lies_in_redis(stage: Stage) -> str:
    """Whoever can write to Redis puts a pickle under each key of the cache (X2)."""
    mark = stage.stack.folder / "ran"

    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            import os

            return os.system, (f"touch {mark}",)

    stage.visitor().post("/registrera/", username=KARL.username, password="Fel-losen-1")
    url = stage.run("from django.conf import settings; print(settings.REDIS_URL)")
    store = redis.Redis.from_url(url)
    keys = list(store.scan_iter("*"))
    expect(keys, "nothing lies in Redis")
    for key in keys:
        if store.type(key) == b"string":
            store.set(key, pickle.dumps(Runs()))
    for path in ("/registrera/", "/aterstall/", "/logga-in/", "/bestallare/logga-in/"):
        stage.visitor().post(path, username="lovprova01", password="x", email="x@example.net")
        stage.visitor().get(path)
    stage.calm()
    expect(not mark.exists(), "the web process ran what lay in Redis")
    return f"{len(keys)} keys, none was run"


@story
def rows_moved_in_the_database(stage: Stage) -> str:
    """Whoever can write to the database moves Stefan's number to Karl (X2)."""
    before = len(stage.sms(STEFAN.phone))
    stage.calm()
    moved = stage.run(
        "from accounts.models import Phone, User\nfrom django.db import connection\n"
        f"karl, stefan = (User.objects.get(username=name).pk for name in ('{KARL.username}', '{STEFAN.username}'))\n"
        "with connection.cursor() as c:\n"
        "    c.execute('select number, number_digest from accounts_phone where user_id = %s', [stefan])\n"
        "    row = c.fetchone()\n"
        "    c.execute('update accounts_phone set number = %s, number_digest = %s where user_id = %s', [*row, karl])\n"
        "    print(c.rowcount)"
    )
    expect(moved == "1", f"Karl has no number to be replaced: {moved}")
    ask(stage.visitor(), KARL.username)
    time.sleep(2)
    expect(len(stage.sms(STEFAN.phone)) == before, "Karl's code went to the number that was moved")
    return "a number opens in its own row only"


@story
def the_trail_is_changed(stage: Stage) -> str:
    """The portal's own database user changes and deletes events (L3)."""
    for statement in (
        "UPDATE accounts_auditevent SET result = 'x'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
    ):
        said = stage.run(
            "from django.db import DatabaseError, connection\n"
            f"try: connection.cursor().execute({statement!r}); print('done')\n"
            "except DatabaseError as error: print(type(error).__name__)"
        )
        expect(said != "done", f"{statement} is done")
    return "refused by the database"


@story
def who_exists(stage: Stage) -> str:
    """Codes are asked for known, unknown, protected and impossible names; the answers are compared (E1)."""
    stage.calm()
    seen = set()

    def cookies_of(typed: str) -> str:
        visitor = stage.visitor()
        answer = visitor.post("/aterstall/", username=typed)
        page = visitor.get("/aterstall/kod/")
        own = f'<strong translate="no">{escape(typed)}</strong>'  # as it was typed, for each of them
        expect(own in page.text, f"what was typed is not shown as it is: {typed}")
        text = re.sub(r'value="\w{64}"', "", page.text.replace(own, ""))
        seen.add((answer.status_code, answer.headers["Location"], text, str(sorted({*answer.headers, *page.headers}))))
        return str(sorted((cookie.name, len(cookie.value or "")) for cookie in visitor.session.cookies))

    for name in (STEFAN.username, "finnsinte1", EVA.username, "a" * 256, "x@example.net", "*)(uid=*"):
        # The cookie carries, sealed, what was typed, and the number of the challenge: once, that has a digit more.
        alike = any(cookies_of(name) == cookies_of("x" * len(name)) for _ in range(2))
        expect(alike, f"cookies differ by more than the length of what was typed: {name}")
    expect(len(seen) == 1, f"{len(seen)} kinds of answers")
    return "one answer for all"


@story
def steps_left_out(stage: Stage) -> str:
    """The new password is posted without a code, with another's session, and with made-up fields (R1, R2)."""
    for visitor in (stage.visitor(), stage.visitor()):
        ask(visitor, ANNA.username)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', visitor.get("/aterstall/kod/").text)
        assert token is not None
        fields = {
            "new_password1": PASSWORDS[0],
            "new_password2": PASSWORDS[0],
            "username": ANNA.username,
            "verified": "1",
        }
        answer = visitor.session.post(
            f"{visitor.url}/aterstall/losenord/",
            data={**fields, "csrfmiddlewaretoken": token[1]},
            headers={"Origin": visitor.url},
            allow_redirects=False,
        )
        expect(answer.headers.get("Location") == "/aterstall/", f"a step can be left out: {answer.status_code}")
    return "back to the first step"


@story
def forged_requests(stage: Stage) -> str:
    """Forms from elsewhere, without their token; another Host; headers that claim another address (Y1, T2)."""
    visitor = stage.visitor()
    visitor.get("/aterstall/")
    for headers in ({}, {"Origin": "https://attacker.example"}):
        answer = visitor.session.post(f"{stage.url}/aterstall/", data={"username": "x"}, headers=headers)
        expect(answer.status_code == 403, f"a forged form is taken: {answer.status_code}")
    answer = visitor.session.get(f"{stage.url}/", headers={"Host": "attacker.example"})
    expect(answer.status_code == 400, "another Host is answered")
    answers = []
    for number in range(25):
        visitor.session.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        answers.append(visitor.post("/registrera/", username=f"lovnamn{number:02}", password="x").status_code)
    expect(answers[-1] == 429, "a claimed address slips the limits")
    return "403, 400, 429"


def orderer(stage: Stage) -> Visitor:
    """Carin, signed in with a link from her mailbox and a code. Raises Fell."""
    visitor, before = stage.visitor(), len(stage.sms(CARIN.phone))
    expect(
        visitor.leads("/bestallare/logga-in/", "/bestallare/logga-in/mejlkod/", email=CARIN.mail), "no link for Carin"
    )

    def link() -> str:
        mails = sorted((stage.stack.folder / "mail" / "kept" / "new").iterdir(), reverse=True)
        bodies = (message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("plain",)) for mail in mails)
        found = (re.search(r"/bestallare/logga-in/lank/\S+", str(body.get_content())) for body in bodies if body)
        return next((each[0] for each in found if each), "")

    page = wait_for(link, "Carin's link")
    visitor.post("/bestallare/logga-in/lank/", page=page, nyckel=page.partition("nyckel=")[2])
    code = stage.next_code(CARIN.phone, before)
    expect(visitor.leads("/bestallare/logga-in/kod/", "/bestallare/", code=code), "Carin's code is refused")
    return visitor


def signed_in(stage: Stage, person: Person) -> Staff:
    """An agent or administrator whose app is connected, as an administrator would have it done."""
    if person.username in stage.staff:
        return stage.staff[person.username]
    staff = stage.staff[person.username] = Staff(stage.url, person)
    said = stage.manage("issue_enrolment_code", staff.person.username)
    code = re.search(r"\b[0-9A-Z]{4}(?:[ -]?[0-9A-Z]{4})+\b|\b\d{8,}\b", said)
    if code is None:
        raise Fell(f"issue_enrolment_code printed no code: {said}")
    staff.enrol(code[0])
    return staff
