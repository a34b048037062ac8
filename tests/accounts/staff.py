"""A staff member at /logga-in/ with an authenticator app, and passing time for it."""

from __future__ import annotations

import base64
import re
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django_otp.oath import TOTP

from accounts import users
from accounts.directory import Account, connect_staff
from accounts.models import Authenticator, EnrolmentCode, RecoveryCodes, User
from accounts.sessions import staff as staff_sessions
from accounts.staff import enrolment, roles
from deploy.local.cast import EVA, Person
from tests.accounts.helpers import new_session, text_of, time_passes

WRONG_ENROLMENT_CODE = "Startkoden stämmer inte eller gäller inte längre."
WRONG_FACTOR = "Koden stämmer inte. Vänta tills appen visar nästa kod, och skriv den."
ASKS_FOR_CODE = "Skriv din startkod"
NO_ROLE = "Kontot får inte använda de här sidorna"

_ADDRESS = re.compile(r'href="(otpauth:[^"]+)"')
_RECOVERY_CODE = re.compile(r"<code>(\d{4} \d{4} \d{4})</code>")


class App:
    """An authenticator app: what it is given is the address in the QR code, and it shows codes."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        self.address = address
        self.secret = parse_qs(parts.query)["secret"][0]

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many steps of 30 seconds from now."""
        totp = TOTP(base64.b32decode(self.secret))
        totp.time = time.time() + 30 * steps
        return f"{totp.token():06}"

    def wrong_code(self) -> str:
        """A code that is good neither now nor soon."""
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in (f"{number:06}" for number in range(10)) if code not in near)


def later(**length: float) -> None:
    """So much time passes, for apps and their pauses too (arguments as timedelta's)."""
    time_passes(**length)
    by = timedelta(**length)
    steps = int(by.total_seconds() // 30)
    Authenticator.objects.filter(last_step__gt=0).update(last_step=F("last_step") - steps)
    for model in (Authenticator, RecoveryCodes):
        model.objects.update(throttling_failure_timestamp=F("throttling_failure_timestamp") - by)


class Officer:
    """A member of staff with a browser of their own. Each step posts what the page's form would."""

    def __init__(self, person: Person = EVA, client: Client | None = None) -> None:
        self.person = person
        self.client = client or Client()
        self.app: App | None = None
        self.recovery_codes: list[str] = []
        self.answers: list[HttpResponse] = []

    def type_password(self, password: str | None = None, *, name: str = "", query: str = "") -> HttpResponse:
        password = self.person.password if password is None else password
        return self.post(f"/logga-in/{query}", username=name or self.person.username, password=password)

    def enrolment_code(self) -> str:
        """The code that the shell prints for them."""
        issued = enrolment.issue(self.person.username)
        assert isinstance(issued, enrolment.Issued), issued
        return issued.code

    def type_enrolment_code(self, code: str | None = None) -> HttpResponse:
        return self.post("/logga-in/kod/", enrolment_code=code or self.enrolment_code())

    def look_at_the_picture(self) -> App:
        """Opens the page that connects an app, with a new enrolment code if it asks for one, and scans it."""
        if says(self.get("/logga-in/kod/"), ASKS_FOR_CODE):
            assert self.type_enrolment_code()["Location"] == "/logga-in/kod/"
        found = _ADDRESS.search(self.get("/logga-in/kod/").content.decode().replace("&amp;", "&"))
        assert found, "the page shows no app to connect"
        self.app = App(found[1])
        return self.app

    def type_code(self, code: str | None = None) -> HttpResponse:
        if code is None:
            assert self.app, "no app is connected"
            code = self.app.code()
        return self.post("/logga-in/kod/", code=code)

    def enrol(self, query: str = "") -> HttpResponse:
        """The first sign-in from end to end; the answer is the page with the recovery codes."""
        assert self.type_password(query=query)["Location"] == "/logga-in/kod/"
        self.look_at_the_picture()
        assert self.type_code()["Location"] == "/logga-in/koder/"
        page = self.get("/logga-in/koder/")
        self.recovery_codes = _RECOVERY_CODE.findall(page.content.decode())
        return page

    def has_app(self) -> None:
        """Connected an app some time ago, with its recovery codes, and has read what was told of it."""
        _account, user = self._found()
        self.app = App(Authenticator.objects.create(user=user, name="app", confirmed=True).address)
        self.recovery_codes = RecoveryCodes.objects.create(user=user, name="paper").make()
        EnrolmentCode.objects.filter(user=user).delete()

    def come_in(self) -> None:
        """Has an app and is signed in with both factors; how that goes is for test_staff_sign_in.py to show."""
        account, user = self._found()
        Authenticator.objects.create(user=user, name="app", confirmed=True)
        with new_session(self.client) as request:
            staff_sessions.begin_sign_in(request, user, "")
            staff_sessions.log_in(request, user, roles.roles_of(account), told=True)

    def code(self) -> str:
        """What the app shows now, however it was connected."""
        return App(Authenticator.objects.get(user__username=self.person.username, confirmed=True).address).code()

    def sign_in(self, code: str | None = None, query: str = "") -> HttpResponse:
        """A later sign-in from end to end."""
        assert self.type_password(query=query)["Location"] == "/logga-in/kod/"
        return self.type_code(code)

    def leave(self) -> None:
        self.post("/logga-ut/")
        later(minutes=2)

    def is_in(self) -> bool:
        """Whether the admin opens."""
        answer = self.get("/admin/")
        assert answer.status_code in (200, 302, 403)
        return answer.status_code == 200

    def get(self, path: str) -> HttpResponse:
        return self._noted(self.client.get(path))

    def post(self, path: str, **fields: str) -> HttpResponse:
        return self._noted(self.client.post(path, fields))

    def _found(self) -> tuple[Account, User]:
        account = connect_staff().find(self.person.username)
        assert account, f"{self.person.username} is not in the directory"
        return account, users.for_account(account)

    def _noted(self, answer: object) -> HttpResponse:
        assert isinstance(answer, HttpResponse)
        self.answers.append(answer)
        return answer


def says(answer: HttpResponse, words: str) -> bool:
    return words in text_of(answer)
