"""The municipalities that demo and stack can show: settings in ``<name>.env``, with our own pictures beside them."""

import shlex
from pathlib import Path

FOLDER = Path(__file__).parent
FIRST = "demo"

# On /demo/, in the order of docs/configuration.md.
SHOWN = (
    *("MUNICIPALITY_NAME", "MUNICIPALITY_SHORT_NAME", "MUNICIPALITY_KIND", "MUNICIPALITY_URL", "SERVICE_NAME"),
    *("LOGO_FILE", "LOGO_DARK_FILE", "FAVICON_FILE", "HEADER_COLOUR", "ACTION_COLOUR"),
    *("HELPDESK_EMAIL", "HELPDESK_PHONE", "HELPDESK_HOURS", "DATA_PROTECTION_OFFICER", "EXAMPLE_USERNAME"),
)


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.env"))


def settings_of(site: str) -> dict[str, str]:
    """The site's part of the environment. Its files are named from the root."""
    text = (FOLDER / f"{site}.env").read_text(encoding="utf-8")
    pairs = (word.split("=", 1) for word in shlex.split(text, comments=True))
    return {name: str(FOLDER / value) if name.endswith("_FILE") else value for name, value in pairs}
