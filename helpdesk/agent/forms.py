"""The shape of what an agent types about a request. Each form has ids of its own: they stand on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import CodeField, with_digits

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # of the stubs alone

LONGEST = 2000  # characters of a note or a reason


class Unseen(forms.TextInput):
    """A field whose content never comes back with the page (H3)."""

    def format_value(self, value: Any) -> None:
        return None


class WordsField(forms.Form):
    """One text, which may have several lines."""

    ids = ""
    use_required_attribute = False  # the page says what is missing, in its own words

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=f"{self.ids}-%s", initial=initial)

    def shown(self, fresh: str) -> str:
        """What the hidden field of that name holds: what the reader saw on the page on which they decided.

        It stays while the words are mended, and is ``fresh`` after a refusal, which has told what is new.
        """
        return fresh if not self.is_bound or self.non_field_errors() else str(self.data.get("shown", ""))


def _text(label: _StrPromise, missing: _StrPromise, *, rows: int = 3) -> forms.CharField:
    """A text that must be written. ``missing``: what is said if it isn't."""
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": missing,
            "max_length": _("Skriv högst 2 000 tecken."),
            "null_characters_not_allowed": _("Texten innehåller ett tecken som inte går att använda."),
        },
    )


class ReadOutForm(forms.Form):
    """The code that the caller reads out."""

    code = CodeField(
        label=_("Koden som den som ringer läser upp"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror som den som ringer läser upp."), "CODE_DIGITS"),
        widget=Unseen(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )


class CallBackForm(WordsField):
    """Whom the agent spoke to when calling back."""

    ids = "ring"

    why = _text(_("Vem talade du med, och vad sade hen?"), _("Skriv vem du talade med när du ringde upp."), rows=2)


class RejectForm(WordsField):
    """Why a request is turned down, as the orderer is told."""

    ids = "avsla"

    why = _text(_("Därför avslås ärendet"), _("Skriv varför ärendet avslås."))


class NoteForm(WordsField):
    """A note for colleagues."""

    ids = "notera"

    text = _text(_("Anteckning"), _("Skriv vad du vill anteckna."))


class RemoveForm(WordsField):
    """Why a number is taken away, for colleagues."""

    ids = "ta-bort"

    why = _text(
        _("Varför ska numret bort, och vem talade du med?"), _("Skriv varför numret ska bort, och vem du talade med.")
    )
