"""The accessibility statement and the privacy notice: the portal's own, or the municipality's files in their place.

Below STATEMENTS_FOLDER may lie ``accessibility.html``, ``privacy.html`` (in English: ``.en.html``) and ``audit.toml``.
A page is what stands within ``<main>``: HTML with the words of the portal's pages filled in, and no other tags than
those of ``accounts.templatetags.statement_tags``.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Engine, TemplateSyntaxError
from django.utils import translation
from django.utils.html import format_html

from idportal.web.hosts import portal

PAGES = ("accessibility.html", "accessibility.en.html", "privacy.html", "privacy.en.html")
AUDIT = "audit.toml"
SHIPPED = Path(settings.BASE_DIR, "templates", "pages", AUDIT)

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # stands around a name without a value
_NOT_HERE = frozenset(["html", "head", "body", "main", "script", "style", "link", "meta", "base", "iframe", "form"])
_WITHOUT_END = frozenset(["br", "hr", "img", "input", "wbr"])


class Audit(NamedTuple):
    """What the statement says of the last audit, in one language."""

    audited: date
    stated: date
    methods: list[str]
    missing: list[str]


def audit() -> Audit:
    """The last audit, in the active language. Raises ValueError if the file is not whole."""
    own = _own(AUDIT)
    with (own if own and own.is_file() else SHIPPED).open("rb") as file:
        found = tomllib.load(file)
    dates: list[Any] = [found.get(name) for name in ("audited", "stated")]
    if not all(type(each) is date for each in dates) or dates != sorted(dates):
        raise ValueError("needs the dates audited and stated, as 2026-11-24, in this order of time")
    language = (translation.get_language() or "sv")[:2]
    lists: list[Any] = [found.get(name, {}).get(language) for name in ("methods", "missing")]
    if not all(isinstance(each, list) and all(isinstance(one, str) for one in each) for each in lists):
        raise ValueError(f"needs [methods] and [missing], each with a list of texts for {language}")
    return Audit(dates[0], dates[1], lists[0], lists[1])


def own_page(name: str, context: Mapping[str, Any]) -> str:
    """The municipality's page ("accessibility", "privacy") in the active language, or in Swedish; "": it has none."""
    language = translation.get_language()
    for file, lang in ((f"{name}.{language}.html", language), (f"{name}.html", "sv")):
        path = _own(file)
        if path and path.is_file():
            page = _rendered(path, context)
            return page if lang == language else format_html('<div lang="{}">{}</div>', lang, page)
    return ""


def problems() -> Iterator[tuple[str, str]]:
    """The municipality's files with something wrong, and what."""
    folder = settings.STATEMENTS_FOLDER
    if not folder:
        return
    found = {each.name for each in Path(folder).iterdir()} if Path(folder).is_dir() else set()
    if not found & {*PAGES, AUDIT}:
        yield folder, f"holds none of {', '.join((*PAGES, AUDIT))}"
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            try:
                audit()
            except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
                yield AUDIT, f"can't be used: {error}"
                return
    for name in PAGES:
        if name in found:
            yield from ((name, problem) for problem in _wrong_in(Path(folder, name)))


def _own(name: str) -> Path | None:
    return Path(settings.STATEMENTS_FOLDER, name) if settings.STATEMENTS_FOLDER else None


class _Engine(Engine):
    """Knows none of the tags that reach past the page: no load, include, extends, csrf_token …"""

    default_builtins = ["django.template.defaultfilters", "accounts.templatetags.statement_tags"]


def _rendered(path: Path, context: Mapping[str, Any], *, invalid: str = "") -> str:
    engine = _Engine(loaders=[], string_if_invalid=invalid)
    template = engine.from_string(path.read_text(encoding="utf-8"))
    return template.render(Context({"portal": context["portal"], "audit": audit()}))


def _wrong_in(path: Path) -> list[str]:
    request = HttpRequest()
    request.path = "/"
    try:
        page = _rendered(path, portal(request), invalid=f"{_UNKNOWN}%s{_UNKNOWN}")
    except (OSError, UnicodeDecodeError) as error:
        return [f"can't be read: {error}"]
    except TemplateSyntaxError as error:
        return [f"does not compile: {error}"]
    names = sorted(set(page.split(_UNKNOWN)[1::2]))
    markup = _Markup(page)
    return [*(f"names {{{{ {name} }}}}, which has no value here" for name in names), *markup.problems]


class _Markup(HTMLParser):
    """Whether a page's tags fit into the portal's page, and its policy (docs/security.md)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self._open: list[str] = []
        self._headings = 0
        self.feed(page)
        self.close()
        self.problems += [f"never ends <{tag}>" for tag in self._open]
        if self._headings != 1:
            self.problems.append(f"has {self._headings} <h1> in place of one")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._headings += tag == "h1"
        if tag in _NOT_HERE:
            self.problems.append(f"holds <{tag}>, which has no place within the page")
        for name, _value in attrs:
            if name == "style" or name.startswith("on"):
                self.problems.append(f"holds {name}=, which the Content-Security-Policy stops")
        if tag not in _WITHOUT_END:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _WITHOUT_END:
            return
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"ends <{tag}> where it is not open, in line {self.getpos()[0]}")
            self._open.clear()
