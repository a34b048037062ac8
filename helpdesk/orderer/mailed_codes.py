"""The six-digit code in the sign-in mail, beside the link, for mail opened on another device or in another browser.

A code is good where its link is: in the session that asked, for as long, until one of the two is used. Guesses are
bounded as those of other codes are (security.md K1 to K3): tries for each code, and wrong codes for each orderer and
day, counted apart for browsers in which the orderer has signed in before (D1). The link needs neither.
"""

from django.db.models import F, QuerySet
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables
from django_otp.util import random_number_token

from accounts import codes, limits
from accounts.models import FailedTry, Purpose
from accounts.privacy.encryption import digest
from helpdesk.models import SignInLink


def make(link: SignInLink) -> str:
    """The code for the mail, with its hash on the link; "" after too many wrong ones. The caller saves the link."""
    if _stopped(link):
        return ""
    code = str(random_number_token(limits.CODE_DIGITS))
    link.code_digest = _digest(link, code)
    return code


@sensitive_variables("code")
def check(links: QuerySet[SignInLink], code: str) -> int | None:
    """The id of the link whose mail had this code; None if it is wrong, which counts. Call it in a transaction.

    ``links``: those that the session may use. A newer code kills an older one. The work is the same whether or not a
    mail was ever sent. So nobody waits here for the task that sends it, nor for another try: that one is not compared.
    """
    free = links.select_for_update(of=("self",), skip_locked=True).select_related("orderer").order_by("-pk")
    rows = list(free)
    link = next((row for row in rows if row.code_digest), rows[0] if rows else SignInLink())
    live = bool(link.code_digest) and link.failures < limits.CODE_TRIES
    stopped = _stopped(link)
    if constant_time_compare(link.code_digest, _digest(link, code)) and live and not stopped:
        return link.pk
    SignInLink.objects.filter(pk=link.pk or 0, failures__lt=limits.CODE_TRIES).update(failures=F("failures") + 1)
    subject = _subject(link) if live else _nobody(link)
    FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.SIGN_IN, known=link.known)
    return None


def _stopped(link: SignInLink) -> bool:
    return codes.failures(_subject(link), Purpose.SIGN_IN, link.known) >= limits.CODE_FAILURES_A_DAY


def _subject(link: SignInLink) -> str:
    """The key under which wrong codes are counted. That of the codes by SMS is another."""
    return f"orderer {link.orderer_id} mail" if link.orderer_id else _nobody(link)


def _nobody(link: SignInLink) -> str:
    """A failure that counts against no orderer is noted all the same."""
    return f"sign-in link {link.pk}"


def _digest(link: SignInLink, code: str) -> str:
    """Contains the row and the address: moved to another row, or after a change of the address, it opens nothing."""
    return digest(f"{link.pk}/{link.orderer.email.lower() if link.orderer else ''}/{code}", "mailed code")
