"""Attempts by an orderer to reach another company's things on each of her routes, for test_isolation.py."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Whose:
    """What a company has that could be typed, and that would name it or somebody in it."""

    ticket: str
    recipients_ticket: str
    account: str
    username: str
    name: str
    email: str
    recipient: str
    company: str
    company_name: str
    confirmation: str
    key: str
    link: str


NOBODYS = Whose(
    ticket="2026-09998",
    recipients_ticket="2026-09999",
    account="00000000-0000-4000-8000-00000000dead",
    username="lovxxxxx99",
    name="Xerxes Xu",
    email="xerxes@finns-inte.example",
    recipient="xena@finns-inte.example",
    company="4711",
    company_name="Finns Inte AB",
    confirmation="4712",
    key="no digest of anything",
    link="no digest either",
)


Try = tuple[str, str, dict[str, str]]  # method, path, fields
Tries = Callable[[Whose], list[Try]]
PHONE, RECIPIENTS, REQUESTS = "/bestallare/mobilnummer/", "/bestallare/mottagare/", "/bestallare/arenden/"


def everything(it: Whose) -> dict[str, str]:
    """Every parameter that any page takes, or that one could think it takes."""
    company = dict.fromkeys(("company", "company_id", "foretag"), it.company)
    account = dict.fromkeys(("konto", "account", "id"), it.account)
    return {**company, **account, "number": it.ticket, "nyckel": it.key, "q": it.name, "username": it.username}


def looked_at(path: str) -> Tries:
    """The page as it is, and with every parameter."""
    return lambda it: [("GET", path, {}), ("GET", path, everything(it))]


def posted(path: str) -> Tries:
    """The button, with every parameter."""
    return lambda it: [("POST", path, everything(it))]


def _company(it: Whose) -> list[Try]:
    wanted = (it.company, it.company_name, f" {it.company}", f"0{it.company}")
    return [("GET", "/bestallare/foretag/", {}), *(("POST", "/bestallare/foretag/", {"company": w}) for w in wanted)]


def _staff(it: Whose) -> list[Try]:
    searches = (it.username, it.name, it.name.split()[0], it.account, it.company_name, it.email)
    return [*looked_at("/bestallare/")(it), *(("POST", "/bestallare/", {"q": text}) for text in searches)]


def _phone(it: Whose) -> list[Try]:
    chosen = ("konto", "username", "q", "id")
    typed = {"name": it.name, "phone": "070-174 06 90"}
    names = (it.username, it.username.upper(), it.account, it.email, it.name)
    return [
        ("GET", PHONE, {}),
        *(("GET", PHONE, {field: it.account}) for field in chosen),
        ("GET", PHONE, {"konto": it.username}),
        *(("POST", PHONE, {**typed, "username": name}) for name in names),
        ("POST", f"{PHONE}?konto={it.account}", {**everything(it), **typed}),
    ]


def _recipients(it: Whose) -> list[Try]:
    """What would be asked for them, if the company could be given. Her own two fields say nothing new."""
    same = {"recipient1": "carin@hemtjanst-ett.example", "recipient2": ""}
    return [*looked_at(RECIPIENTS)(it), ("POST", RECIPIENTS, {**everything(it), **same})]


def _confirm(it: Whose) -> list[Try]:
    path, keys = "/bestallare/mottagare/bekrafta/", (it.confirmation, it.key, it.recipient, it.recipients_ticket)
    return [(method, path, {"nyckel": key}) for method in ("GET", "POST") for key in keys]


def _ticket(it: Whose) -> list[Try]:
    own = [("GET", f"{REQUESTS}{number}/", everything(it)) for number in (it.ticket, it.recipients_ticket)]
    return [*own, ("POST", f"{REQUESTS}{it.ticket}/", {})]


def _withdraw(it: Whose) -> list[Try]:
    numbers = (it.ticket, it.recipients_ticket)
    return [("POST", f"{REQUESTS}{number}/aterta/", everything(it)) for number in numbers]


def _answer(it: Whose) -> list[Try]:
    numbers = (it.ticket, it.recipients_ticket)
    return [("POST", f"{REQUESTS}{number}/svara/", {"text": "Ja.", **everything(it)}) for number in numbers]


def _again(it: Whose) -> list[Try]:
    numbers = (it.ticket, it.recipients_ticket)
    return [(method, f"{REQUESTS}{number}/igen/", everything(it)) for number in numbers for method in ("GET", "POST")]


ROUTES: dict[str, Tries] = {
    "orderer-login": lambda it: [("POST", "/bestallare/logga-in/", {"email": it.email, **everything(it)})],
    "orderer-mailed-code": looked_at("/bestallare/logga-in/mejlkod/"),
    "orderer-link": lambda it: [(how, "/bestallare/logga-in/lank/", {"nyckel": it.link}) for how in ("GET", "POST")],
    "orderer-code": lambda it: [("POST", "/bestallare/logga-in/kod/", {"code": "123456", **everything(it)})],
    "orderer-code-again": posted("/bestallare/logga-in/kod/igen/"),
    "orderer-logout": posted("/bestallare/logga-ut/"),
    "orderer-company": _company,
    "orderer-employees": _staff,
    "orderer-employees-refresh": posted("/bestallare/uppdatera/"),
    "orderer-employees-export": looked_at("/bestallare/personal.csv"),
    "orderer-phone": _phone,
    "orderer-recipients": _recipients,
    "recipient-confirm": _confirm,
    "orderer-tickets": looked_at(REQUESTS),
    "orderer-ticket": _ticket,
    "orderer-answer": _answer,
    "orderer-withdraw": _withdraw,
    "orderer-again": _again,
}
# Of these anybody may see the first page.
PUBLIC = {"orderer-login", "orderer-link", "recipient-confirm", "orderer-mailed-code", "orderer-code"}
PUBLIC |= {"orderer-code-again", "orderer-logout"}
