"""Journeys as a screen reader speaks them: its stops on each page, in order.

Between them may be others. After a bar: words of what is said with a stop. test_accessibility.py and test_admin.py
compare them on the pages that they open anyway; test_reading.py says what else is so.
"""

from __future__ import annotations

Transcript = tuple[str, ...]

WRONG = "region: Det blev fel"
SUMMARY = (WRONG, "heading 2: Det blev fel")
ORDERER = ("banner: ", "navigation: Beställarens sidor", "main: ")
AGENT = ("banner: ", "navigation: Helpdesk", "link: Ärenden", "link: Hjälp", "button: Logga ut", "main: ")

REGISTER: dict[str, Transcript] = {
    "registrera": (
        "link: Hoppa till innehållet",
        *("banner: ", "button: English", "main: "),
        "heading 1: Logga in med ditt nuvarande lösenord",
        "textbox: Användarnamn till exempel lovstlin32",
        "textbox: Lösenord",
        "button: Visa lösenordet | Lösenord",
        *("button: Nästa", "contentinfo: "),
    ),
    "registrera-wrong": (*SUMMARY, "link: välj nytt lösenord", "heading 1: Logga in med ditt nuvarande lösenord"),
    "registrera-mobil": (
        "heading 1: Ditt mobilnummer",
        "textbox: Mobilnummer till exempel 070-174 06 05",
        "button: Nästa",
    ),
    "registrera-kod": (
        "heading 1: Skriv in säkerhetskoden",
        "textbox: Säkerhetskod sex siffror i ditt sms",
        *("button: Nästa", "button: Skicka en ny kod", "status: "),
    ),
    "registrera-klart": ("heading 1: Registreringen är klar!",),
}

RESET: dict[str, Transcript] = {
    "aterstall": ("main: ", "heading 1: Vilket konto gäller det?", "button: Nästa", "contentinfo: "),
    "aterstall-empty": (
        *SUMMARY,
        "link: Skriv ditt användarnamn, till exempel lovstlin32.",
        "heading 1: Vilket konto gäller det?",
        "textbox: Användarnamn | Fel: Skriv ditt användarnamn",
        "button: Nästa",
    ),
    "aterstall-kod": (
        "heading 1: Skriv in säkerhetskoden",
        "textbox: Säkerhetskod sex siffror i ditt sms",
        *("button: Nästa", "button: Skicka en ny kod", "status: "),
    ),
    "aterstall-kod-wrong": (
        *SUMMARY,
        "link: Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om en ny kod.",
        "heading 1: Skriv in säkerhetskoden",
        "textbox: Säkerhetskod sex siffror i ditt sms | Fel: Koden stämmer inte eller har gått ut.",
        "button: Nästa",
    ),
    "aterstall-losenord": (
        "heading 1: Välj nytt lösenord",
        "textbox: Nytt lösenord | Minst 8 tecken",
        "button: Visa lösenordet | Nytt lösenord",
        "status: ",
        "textbox: Nytt lösenord en gång till",
        "button: Visa lösenordet | Nytt lösenord en gång till",
        *("status: ", "button: Nästa"),
    ),
    "aterstall-losenord-rules": (
        *SUMMARY,
        "link: Lösenordet ska ha minst 8 tecken.",
        "heading 1: Välj nytt lösenord",
        "textbox: Nytt lösenord | Fel:",
        "button: Nästa",
    ),
    "aterstall-klart": ("heading 1: Klart! Du har bytt lösenord.",),
}

ORDER: dict[str, Transcript] = {
    "bestallare-logga-in": (
        "heading 1: Logga in som beställare",
        "textbox: E-postadress",
        *("button: Nästa", "contentinfo: "),
    ),
    "bestallare-logga-in-empty": (
        *SUMMARY,
        "link: Skriv din e-postadress, till exempel namn@exempel.se.",
        "textbox: E-postadress | Fel: Skriv din e-postadress",
    ),
    "bestallare": (
        *ORDERER,
        "heading 1: Våra medarbetare",
        "searchbox: Namn eller konto",
        "table: Våra medarbetare",
        "columnheader: Namn",
        "link: Nytt mobilnummer för Anna Berg",
    ),
    "bestallare-mobilnummer": (
        *ORDERER,
        "heading 1: Nytt mobilnummer för en medarbetare",
        "combobox: Användarnamn",
        *("textbox: Namn", "textbox: Nytt mobilnummer", "button: Skicka ärendet"),
    ),
    "bestallare-mobilnummer-empty": (
        *SUMMARY,
        "link: Skriv medarbetarens användarnamn, till exempel lovstlin32.",
        "link: Skriv det nya mobilnumret, till exempel 070-174 06 05.",
        "combobox: Användarnamn | Fel: Skriv medarbetarens användarnamn",
        "textbox: Nytt mobilnummer | Fel: Skriv det nya mobilnumret",
        "button: Skicka ärendet",
    ),
    "bestallare-arende": (
        *("status: ", "heading 1: Ärende 2026-00001"),
        *("heading 2: Så går det till", "heading 2: Det här har ni begärt", "heading 2: Det har hänt"),
    ),
}

DECIDE: dict[str, Transcript] = {
    "helpdesk-ko": (*AGENT, "heading 1: Ärenden", "table: Ärenden", "link: 2026-00043", "button: Ta 2026-00043"),
    "helpdesk-arende-verify": (
        *AGENT,
        "heading 1: Koppla nytt mobil nr 2026-00001",
        "region: Det här begärs",
        "region: Nästa steg: kontrollera beställaren",
        "button: Skicka en kod till beställarens mobil",
        "region: Annat du kan göra",
        "DisclosureTriangle: Avslå ärendet",
        "region: Det här vet vi",
        "region: Det har hänt",
    ),
    "helpdesk-arende-kod-wrong": (
        *SUMMARY,
        "heading 1: Koppla nytt mobil nr 2026-00001",
        "textbox: Koden som den som ringer läser upp | Fel: Koden stämmer inte, eller har gått ut.",
    ),
    "helpdesk-arende-approve": (
        "heading 1: Koppla nytt mobil nr 2026-00001",
        *("region: Det här begärs", "region: Nästa steg: godkänn", "button: Koppla 070-174 06 20 till lovanber11"),
    ),
    "helpdesk-arende-avsla-empty": (
        *SUMMARY,
        "link: Skriv varför ärendet avslås.",
        "textbox: Därför avslås ärendet | Fel: Skriv varför ärendet avslås.",
        "button: Avslå ärendet",
    ),
}

ADMIN: dict[str, Transcript] = {
    "foretag": (
        *("navigation: Huvudmeny", "navigation: Brödsmulor", "main: "),
        *("heading 1: Företag", "textbox: Sök", "table: ", "columnheader: Organisationsnummer"),
        *("link: Hemtjänst Ett i Örebro AB", "navigation: Filtrera"),
    ),
    "foretag-fel": (
        *("heading 1: Lägg till företag", "alert: Det blev fel", "heading 2: Det blev fel"),
        "link: Organisationsnummer: Detta fält måste fyllas i.",
        "textbox: Namn: | Detta fält måste fyllas i.",
        "textbox: Organisationsnummer: | Detta fält måste fyllas i.",
        "button: Spara",
    ),
    "bestallare-ny": (
        "heading 1: Lägg till beställare",
        "textbox: Namn:",
        *("textbox: E-post:", "textbox: Mobilnummer:", "combobox: Företag", "checkbox: Aktiv", "button: Spara"),
    ),
    "logg": ("heading 1: Händelser i loggen", "textbox: Sök", "navigation: Datum", "table: ", "columnheader: Vad"),
}

JOURNEYS = (REGISTER, RESET, ORDER, DECIDE)
HEARD = {name: transcript for journey in JOURNEYS for name, transcript in journey.items()}
