"""Asks for the second factor again before an action that could give away an account (security.md A3).

Who showed it within FACTOR_FRESH is asked nothing. Others get a field more on the same form: so nothing that was typed
is lost, and no page is added. Wrong codes count as at the sign-in.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import sessions
from accounts.forms import ProofForm
from accounts.models import Purpose, User
from accounts.sessions import browsers
from accounts.sessions import staff as staff_sessions
from accounts.staff import passkeys, second_factor, sms_factor
from accounts.throttling import by_address


class Proof:
    """What a form asks for beside its own fields. The template ``components/proof.html`` shows it.

    ``needed``: the factor is not fresh. ``form``: the field, with what was typed and what was wrong with it.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.needed = not staff_sessions.factor_is_fresh(request)
        self.form = ProofForm(request.POST if request.method == "POST" else None)
        self.sent = False  # a code by SMS, just now

    @classmethod
    def of(cls, request: Any) -> "Proof":
        """The request's one: what was shown is not asked for twice."""
        if not hasattr(request, "proof"):
            request.proof = cls(request)
        found: Proof = request.proof
        return found

    @property
    def _user(self) -> User:
        user = sessions.verified(self._request)
        if user is None:
            raise TypeError("nobody is signed in with both factors")
        return user

    @property
    def by_sms(self) -> bool:
        return bool(sms_factor.number_of(self._user))

    @property
    def by_app(self) -> bool:
        return not settings.STAFF_PASSKEYS_ONLY and second_factor.has_app(self._user)

    @property
    def by_passkey(self) -> bool:
        return passkeys.are_had(self._user)

    def given(self) -> bool:
        """Whether the factor is fresh, or was sent along, which spends it. If not, the form says what is wrong.

        Call it when the rest of the form is good: a code would be spent in vain.
        """
        if self.needed and self.form.is_valid() and self._is_shown():
            staff_sessions.note_factor(self._request)
            self.needed = False
        return not self.needed

    @sensitive_variables("code")
    def _is_shown(self) -> bool:
        request, address = self._request, self._request.META["REMOTE_ADDR"]
        code, answer = self.form.cleaned_data["code"], request.POST.get("passkey", "")
        if "factor-send" in request.POST:
            self._send(address)
        elif not (code or answer):
            self.form.add_error(
                "code" if self.by_app or self.by_sms else None, _("Visa att det är du. Inget är gjort än.")
            )
        elif by_address.over_limit(request, by_address.FAILED_LOGINS, count=False):
            self.form.add_error(None, _("För många fel koder härifrån. Vänta några minuter."))
        elif answer:
            challenge = staff_sessions.end_passkey(request)
            return self._counted(passkeys.check(self._user, challenge, answer, address), self.form.refuse_passkey)
        else:
            return self._counted(self._of_code(code, address), self.form.refuse)
        return False

    @sensitive_variables("code")
    def _of_code(self, code: str, address: str) -> object:
        if not self.by_sms:
            return second_factor.check(self._user, code, address)
        challenge = sessions.challenge_of(self._request, Purpose.SIGN_IN)
        return challenge and sms_factor.check(self._user, challenge, code, address)

    def _send(self, address: str) -> None:
        """A code by SMS to who has no other factor, unless one is under way."""
        before = sessions.under_way(self._request, Purpose.SIGN_IN)
        if challenge := sms_factor.begin(self._user, before, address, browsers.presented(self._request)):
            sessions.begin(self._request, challenge)
            self.sent = True

    def _counted(self, device: object, refuse: Any) -> bool:
        if not device:
            by_address.over_limit(self._request, by_address.FAILED_LOGINS, count=True)
            refuse()
        return bool(device)
