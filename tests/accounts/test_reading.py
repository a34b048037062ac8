"""How much employees have to read on the two journeys: words on a page, and the length of sentences."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.template import templatize

from deploy.local.cast import KARL
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.conftest import Walker
from tests.test_translations import CALL

MOST_TO_REGISTER, MOST_TO_RESET = 170, 190  # words on four pages
LONGEST = 20  # words of a sentence

# What an employee may meet: pages, the parts that they are made of, error pages, and the code that speaks to them.
TEMPLATES = ("accounts/re*.html", "accounts/phone_link_stop.html", "components/*.html", "[45]*.html", "start.html")
CODE = ("forms.py", "numbers.py", "passwords/*.py", "phones/*.py", "codes/withheld.py")


def text_to_read(page: HttpResponse) -> str:
    """In main, when the page opens without JavaScript: what is folded or hidden, and pictures, are left out."""
    assert page.status_code == 200
    body = page.content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    for hidden in (
        r"<svg.*?</svg>",
        r"<dialog(?![^>]* open).*?</dialog>",
        r"(?<=</summary>).*?(?=</details>)",
        r"<(\w+)[^>]* hidden[ >].*?</\1>",
    ):
        main = re.sub(hidden, " ", main, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", main))


def words(text: str) -> int:
    return sum(re.search(r"\w", word) is not None for word in text.split())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("server")
def test_there_is_little_to_read(walker: Walker) -> None:
    """Somebody new registers a number, and goes on to a new password. Issue 13, must show 1."""

    def read(path: str) -> int:
        found = text_to_read(walker.get(path))
        assert "Steg " in found, "a page of the journey"
        return words(found)

    register = [read("/registrera/")]
    walker.log_in(KARL)
    register.append(read("/registrera/mobil/"))
    walker.give_number(NEW_NUMBER_TYPED)
    register.append(read("/registrera/kod/"))
    walker.enter_register_code()
    register.append(read("/registrera/klart/"))
    walker.client.cookies.clear()
    reset = [read("/aterstall/")]
    walker.ask(KARL.username)
    reset.append(read("/aterstall/kod/"))
    walker.enter_code()
    reset.append(read("/aterstall/losenord/"))
    walker.choose(NEW_PASSWORD)
    reset.append(read("/aterstall/klart/"))
    assert min(register + reset) > 10
    assert sum(register) <= MOST_TO_REGISTER, register
    assert sum(reset) <= MOST_TO_RESET, reset


def texts() -> Iterator[str]:
    """The Swedish ones, as the catalogue has them."""
    templates, accounts = Path(settings.BASE_DIR, "templates"), Path(settings.BASE_DIR, "accounts")
    for pattern in TEMPLATES:
        for path in templates.glob(pattern):
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield from (ast.literal_eval(text) for text in CALL.findall(code))
    for pattern in CODE:
        for path in accounts.glob(pattern):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "gettext"):
                    yield from (str(each.value) for each in call.args if isinstance(each, ast.Constant))


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?:])\s+", html.unescape(re.sub(r"<[^>]*>", "", text)))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_no_sentence_is_long(language: str) -> None:
    with translation.override(language):
        found = {sentence for text in set(texts()) for sentence in sentences(gettext(text))}
    assert len(found) > 200
    assert sorted(sentence for sentence in found if words(sentence) > LONGEST) == []


def test_the_count_sees_what_is_read_and_nothing_else() -> None:
    page = HttpResponse(
        "<main>En <b>två</b>&nbsp;– <svg><path/></svg><details><summary>tre</summary><p>nej</p></details>"
        '<dialog id="x"><p>nej</p></dialog><dialog class="y" open><p>fyra</p><i hidden>nej</i></dialog></main> nej'
    )
    assert text_to_read(page).split() == ["En", "två", "–", "tre", "fyra"]
    assert words(text_to_read(page)) == 4
    assert sentences('Ett. Två <a href="x. y">tre</a>? Fyra') == ["Ett.", "Två tre?", "Fyra"]
