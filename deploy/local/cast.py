"""The cast of the demo, the tests and the docs (``design.md``).

Data only. Phone numbers come from the series that the Swedish authority keeps free for fiction,
070-174 06 05 to 070-174 06 99; mail addresses from the top-level domain ``.example`` (RFC 2606).
"""

from dataclasses import dataclass

HELPDESK = "helpdesk"
ADMINS = "admins"

HEMTJANST_ETT = "Hemtjänst Ett AB"
OMSORG_TVA = "Omsorg Två AB"
MUNICIPALITY = "Demo kommun"


# Marks for makemessages what is translated where it is shown. Django's own noop needs the settings, and the demo's
# settings need what is made from this file.
_ = str


@dataclass(frozen=True, kw_only=True)
class SampleOrderer:
    """An authorised orderer (behörig beställare): known to the portal, not to the directory. ``phone`` in E.164."""

    given_name: str
    surname: str
    mail: str
    company: str
    phone: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


@dataclass(frozen=True, kw_only=True)
class Person(SampleOrderer):
    """A person with an account. ``phone``: the number on file at the portal, or "".

    ``days_left``: whole calendar days until the password runs out, on the day it is loaded; below zero it ran
    out so many days ago; ``None``: never.
    """

    username: str
    password: str
    days_left: int | None = None
    groups: tuple[str, ...] = ()
    state: str


@dataclass(frozen=True)
class SampleCompany:
    """An external company of the register. ``recipients``: of the daily mail."""

    name: str
    organisation_number: str
    recipients: tuple[str, ...]


STEFAN = Person(
    username="lovstlin32",
    given_name="Stefan",
    surname="Lind",
    mail="stefan.lind@hemtjanst-ett.example",
    company=HEMTJANST_ETT,
    password="Vinter-Skog-15",  # noqa: S106 - fictional; the demo's page shows it
    days_left=15,
    phone="+46701740605",
    state=_("Registrerat nummer. Lösenordet går ut om 15 dagar."),
)

KARL = Person(
    username="lovkalin01",
    given_name="Karl",
    surname="Lind",
    mail="karl.lind@hemtjanst-ett.example",
    company=HEMTJANST_ETT,
    password="Tallkotte-7-Stig",  # noqa: S106
    days_left=7,
    state=_("Inget nummer. Lösenordet går ut om 7 dagar."),
)

ANNA = Person(
    username="lovanber11",
    given_name="Anna",
    surname="Berg",
    mail="anna.berg@hemtjanst-ett.example",
    company=HEMTJANST_ETT,
    password="Gammal-Bro-11",  # noqa: S106
    days_left=-4,
    phone="+46701740611",
    state=_("Registrerat nummer, men telefonen är borta. Lösenordet har gått ut."),
)

MARIA = Person(
    username="lovmalsund",
    given_name="Maria",
    surname="Sund",
    mail="maria.sund@omsorg-tva.example",
    company=OMSORG_TVA,
    password="Havre-Gryn-60",  # noqa: S106
    days_left=60,
    phone="+46701740632",
    state=_("Arbetar hos det andra företaget. Registrerat nummer. Lösenordet går ut om 60 dagar."),
)

PER = Person(
    username="hdpernil",
    given_name="Per",
    surname="Nilsson",
    mail="per.nilsson@kommunen.example",
    company=MUNICIPALITY,
    password="Lugn-Telefon-24",  # noqa: S106
    groups=(HELPDESK,),
    phone="+46701740641",
    state=_("Handläggare i helpdesk. Kontot är skyddat: portalen byter inte dess lösenord."),
)

EVA = Person(
    username="admeva",
    given_name="Eva",
    surname="Dahl",
    mail="eva.dahl@kommunen.example",
    company=MUNICIPALITY,
    password="Nyckel-Knippa-99",  # noqa: S106
    groups=(ADMINS,),
    phone="+46701740642",
    state=_("Administratör. Kontot är skyddat: portalen byter inte dess lösenord."),
)

CAST: tuple[Person, ...] = (STEFAN, KARL, ANNA, MARIA, PER, EVA)
"""All people with an account, in the demo's order."""

CARIN = SampleOrderer(
    given_name="Carin",
    surname="Ek",
    mail="carin@hemtjanst-ett.example",
    company=HEMTJANST_ETT,
    phone="+46701740650",
)

# The organisation numbers pass the check and belong to no company.
COMPANIES: tuple[SampleCompany, ...] = (
    SampleCompany(HEMTJANST_ETT, "556677-8899", (CARIN.mail,)),
    SampleCompany(OMSORG_TVA, "559900-1129", ()),
)
"""The second one has no recipient yet, so the helpdesk gets its daily mail."""
