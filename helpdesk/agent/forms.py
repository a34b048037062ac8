"""The forms on an agent's pages. Each form has ids of its own, since one page has several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.forms import CodeField, with_digits

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # of the stubs alone

LONGEST = 2000  # characters of a note or a reason


class EmptyInput(forms.TextInput):
    """A field that comes back empty with the page (H3)."""

    def format_value(self, value: Any) -> None:
        return None


class WordsForm(forms.Form):
    """One text of several lines, and a hidden field ``shown``."""

    ids = ""
    use_required_attribute = False  # the page itself says what is missing

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=f"{self.ids}-%s", initial=initial)

    def shown(self, fresh: str) -> str:
        """The value of the hidden field: what the page showed when the agent decided.

        It stays while the agent corrects the text. After a refusal, whose message says what is new, it is ``fresh``.
        """
        return fresh if not self.is_bound or self.non_field_errors() else str(self.data.get("shown", ""))


def _text(label: _StrPromise, missing: _StrPromise, *, rows: int = 3, most: int = LONGEST) -> forms.CharField:
    """A required text. ``missing``: the error if it is empty."""
    return forms.CharField(
        label=label,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": missing,
            "max_length": _("Skriv högst %(limit_value)d tecken."),
            "null_characters_not_allowed": _("Texten innehåller ett tecken som inte går att använda."),
        },
    )


class ReadOutForm(forms.Form):
    code = CodeField(
        label=_("Koden som den som ringer läser upp"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror som den som ringer läser upp."), "CODE_DIGITS"),
        widget=EmptyInput,
    )


class CallBackForm(WordsForm):
    """Notes with whom the agent spoke when calling back."""

    ids = "ring"

    why = _text(_("Vem talade du med, och vad sade hen?"), _("Skriv vem du talade med när du ringde upp."), rows=2)


def _reasons() -> list[tuple[str, str | _StrPromise]]:
    """Each is its own value: after a change of the setting, a page from before sends no other one."""
    made = [(reason, reason) for reason in settings.REJECTION_REASONS]
    return [("", _("Skriv själv, eller välj ett skäl")), *made]


class RejectForm(WordsForm):
    """The reason of a rejection, which the orderer may read. What is written wins over the ready-made ``reason``."""

    ids = "avsla"

    reason = forms.ChoiceField(
        label=_("Färdigt skäl"),
        required=False,
        choices=_reasons,
        widget=forms.Select(attrs={"data-fills": "why"}),
        error_messages={"invalid_choice": _("Det skälet finns inte längre. Välj ett annat, eller skriv själv.")},
    )
    why = _text(_("Därför avslås ärendet"), _("Skriv varför ärendet avslås."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["why"].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["why"] = data.get("why") or data.get("reason", "")
        if not data["why"] and not self.errors:
            self.add_error("why", self.fields["why"].error_messages["required"])
        return data


# Ready-made questions, to be changed or gone on with. In Swedish on the English pages too: the orderer gets them so.
FIRST_LINES = (
    "Vilken medarbetare gäller ärendet? Skriv namn och användarnamn.",
    "Vilket mobilnummer ska kopplas till kontot?",
    "Arbetar medarbetaren kvar hos er?",
    "Är mobilen borta, eller har medarbetaren bytt nummer?",
    "Vilka e-postadresser ska få mejlen om lösenord som går ut?",
    "När kan vi ringa dig på ditt nummer i registret?",
)


class QuestionForm(WordsForm):
    """A question to the orderer. What is written wins over the ready-made ``line``, as in a rejection."""

    ids = "fraga"

    line = forms.ChoiceField(
        label=_("Färdig fråga"),
        required=False,
        choices=[("", _("Skriv själv, eller välj en fråga")), *((line, line) for line in FIRST_LINES)],
        widget=forms.Select(attrs={"data-fills": "text"}),
    )
    text = _text(_("Din fråga"), _("Skriv en fråga, eller välj en färdig."), most=limits.LONGEST_QUESTION)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not self.data.get("line")

    @property
    def question(self) -> str:
        """Of a valid form."""
        return str(self.cleaned_data["text"] or self.cleaned_data["line"])


class NoteForm(WordsForm):
    """A note, which other agents read."""

    ids = "notera"

    text = _text(_("Anteckning"), _("Skriv vad du vill anteckna."))


class RemoveForm(WordsForm):
    """The reason why a number is removed, which other agents read."""

    ids = "ta-bort"

    why = _text(
        _("Varför ska numret bort, och vem talade du med?"), _("Skriv varför numret ska bort, och vem du talade med.")
    )
