"""Checks for losses: each change must have its event and its notices, and each notice must come once."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from deploy.local.cast import CARIN
from tests.faults.stack import AUTHSERV, HELPDESK, FaultyStack
from tests.faults.walkers import DONE, LOST, Journey

SETTLED_WITHIN = 100.0  # seconds
RESET, REGISTERED = "password reset", "phone registered"  # topics of notices


@dataclass
class Ledger:
    """Opened before a fault. ``close`` returns what is wrong, and ``doubles`` how many came twice, explained."""

    stack: FaultyStack
    late: str = "false"  # which messages may be on their way still, as SQL has it
    doubles: int = 0
    to_come: int = 0
    unfinished: int = 0
    mails: int = 0
    _event: int = 0
    _message: int = 0
    _texts: list[int] = field(default_factory=list)

    def open(self) -> None:
        """A new morning, on which the daily mail is due, and a mail to the helpdesk."""
        ask = self.stack.ask
        ask("UPDATE notifications_message SET key = NULL WHERE purpose LIKE 'digest%%'")
        ask("DELETE FROM notifications_digestrun")
        ((self._event,),) = ask("SELECT coalesce(max(id), 0) FROM accounts_auditevent")
        ((self._message,),) = ask("SELECT coalesce(max(id), 0) FROM notifications_message")
        ((self.mails,),) = ask("SELECT count(*) FROM helpdesk_incomingmail")
        self._texts = [len(gateway.received) for gateway in self.stack.gateways]
        self.stack.mailbox.append(_mail())

    def close(self, journeys: list[Journey]) -> list[str]:
        """Waits until all that is under way has settled."""
        wrong = self._wait_until_settled()
        wrong += [f"{each.username} was left alone: {dict(each.met)}" for each in journeys if each.outcome == LOST]
        wrong += self._changes(journeys) + self._notices() + self._ticket()
        return wrong

    def _wait_until_settled(self) -> list[str]:
        end, open_, digests = time.monotonic() + SETTLED_WITHIN, 1, 0
        while time.monotonic() < end:
            self.stack.due()
            again = time.monotonic() + 5
            while time.monotonic() < again:
                ((open_,),) = self._of_messages("count(*)", f"state IN ('waiting', 'sending') AND NOT ({self.late})")
                ((digests,),) = self._of_messages("count(*)", "purpose = 'digest' AND state = 'sent'")
                if not open_ and digests and not self.stack.mailbox.folder("INBOX"):
                    return []
                time.sleep(0.2)
        states = self._of_messages("purpose, state, count(*)", "true GROUP BY 1, 2")
        return [f"not settled after {SETTLED_WITHIN:.0f} s: {states}"]

    def _changes(self, journeys: list[Journey]) -> list[str]:
        """Passwords and numbers are as the person was told, and as the trail says."""
        wrong = []
        events = Counter(
            (name, event)
            for name, event in self.stack.ask(
                "SELECT subject_name, event FROM accounts_auditevent WHERE id > %s", self._event
            )
        )
        for each in journeys:
            done = events[each.username, "password done" if each.kind == "reset" else "phone registered"]
            if each.outcome == DONE and not done:
                wrong.append(f"{each.username} was told that it is done, and the trail does not say so")
            if each.kind == "reset" and each.chosen:
                changed = self.stack.directories.takes(each.username, each.chosen[-1])
                if each.outcome == DONE and not changed:
                    wrong.append(f"{each.username} was told that it is done, and the directory does not know")
                unknown = events[each.username, "password refused"] or done
                if changed and not unknown:
                    self.unfinished += 1  # the process died between the directory's yes and its note
        return wrong

    def _notices(self) -> list[str]:
        """One mail and one SMS for each new password, one mail for each number; and the daily mail."""
        wrong = []
        ask, taken = self.stack.ask, Counter(str(mail["Message-ID"]) for mail in self.stack.smtp.mails())
        for event, topic, kinds in (("password done", RESET, 2), ("phone registered", REGISTERED, 1)):
            rows = ask(
                "SELECT subject, count(*), (SELECT count(*) FROM notifications_message m WHERE m.id > %s"
                f" AND m.about = e.subject AND m.purpose = %s AND (m.state = 'sent' OR {self.late}))"
                " FROM accounts_auditevent e WHERE e.id > %s AND event = %s GROUP BY subject",
                self._message,
                topic,
                self._event,
                event,
            )
            wrong += [f"{events} × {event}, and {sent} notices" for _, events, sent in rows if sent != events * kinds]
        for uid, perhaps in self._of_messages("uid, perhaps_sent", "kind = 'mail' AND state = 'sent'"):
            came = taken[f"<{uid}@kommunen.example>"]
            self.doubles += came > 1 and perhaps > 0
            if came != 1 and not (came > 1 and perhaps):
                wrong.append(f"a mail came {came} times")
        ((self.to_come,),) = self._of_messages("count(*)", f"state = 'waiting' AND {self.late}")
        return wrong + self._texts_once()

    def _texts_once(self) -> list[str]:
        """Nobody gets a notice by SMS twice, but where a gateway or a worker was lost in the middle."""
        came = sum(
            "#" not in message.text
            for place, gateway in enumerate(self.stack.gateways)
            for message in gateway.received[self._texts[place] :]
        )
        sent, perhaps = self._of_messages(
            "count(*), coalesce(sum(perhaps_sent), 0)", "kind = 'sms' AND state = 'sent'"
        )[0]
        self.doubles += max(0, came - sent)
        if not sent <= came <= sent + perhaps:
            return [f"{sent} SMS were sent, and {came} came"]
        return []

    def _ticket(self) -> list[str]:
        ((mails,),) = self.stack.ask("SELECT count(*) FROM helpdesk_incomingmail WHERE ticket_id IS NOT NULL")
        return [] if mails == self.mails + 1 else [f"1 mail to the helpdesk, {mails - self.mails} in its queue"]

    def _of_messages(self, what: str, which: str) -> list[tuple[Any, ...]]:
        return self.stack.ask(f"SELECT {what} FROM notifications_message WHERE id > %s AND {which}", self._message)


def _mail() -> bytes:
    """From the orderer, for whom the border server vouches, in the manual's words."""
    head = {
        "Return-Path": f"<{CARIN.mail}>",
        "Authentication-Results": f"{AUTHSERV}; dmarc=pass header.from=hemtjanst-ett.example",
        "Message-ID": make_msgid(domain="hemtjanst-ett.example"),
        "From": CARIN.mail,
        "To": HELPDESK,
        "Subject": "Koppla nytt mobil nr",
    }
    mail = EmailMessage()
    for name, value in head.items():
        mail[name] = value
    mail.set_content(
        f"Behörig beställare: {CARIN.name}\n"
        "Namn och användarnamn på personalen: Anna Berg, lovanber11\n"
        "Nytt mobil nr som ska kopplas: 070-174 06 90\n"
    )
    return mail.as_bytes()
