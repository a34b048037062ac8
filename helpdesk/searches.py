"""Searches are kept sealed in the session and never in a URL: they may hold a name or a number (X1)."""

from cryptography.fernet import InvalidToken
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.privacy.encryption import seal, unseal

LONGEST = 100
MOST_WORDS = 6


class SearchForm(forms.Form):
    """A page's search, posted and kept in the session. ``text``: the one kept for this page, else ``default``."""

    q = forms.CharField(
        label=_("Sök"),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"type": "search", "data-key": "/", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "max_length": _("Det är för långt att söka på. Skriv ett namn eller ett nummer."),
            "null_characters_not_allowed": _("Skriv med bokstäver och siffror."),
        },
    )

    def __init__(self, request: HttpRequest, place: str, label: str, default: str = "") -> None:
        self.request, self.place = request, place
        self.text = kept(request, place) or default[:LONGEST]
        super().__init__(request.POST if request.method == "POST" else {"q": self.text})
        self.fields["q"].label = label

    def keep_posted(self) -> bool:
        """Keeps a valid search that was posted, or forgets the old one for ``rensa``. False if there was none."""
        if self.request.method != "POST" or not self.is_valid():
            return False
        session, key = self.request.session, f"search_{self.place}"
        if "rensa" in self.request.POST or not self.cleaned_data["q"]:
            session.pop(key, None)
        else:
            session[key] = seal(self.cleaned_data["q"], key)
            session["searched"] = self.place
        return True

    def is_new(self) -> bool:
        """Whether the page answers a search that was just posted: once, so that each leaves one event (H11)."""
        return bool(self.request.session.pop("searched", "") == self.place and self.text)

    def clean_q(self) -> str:
        return " ".join(self.cleaned_data["q"].split())


def kept(request: HttpRequest, place: str) -> str:
    """The search that is kept for the page, or ""."""
    key = f"search_{place}"
    sealed = request.session.get(key)
    try:
        return unseal(sealed, key) if sealed else ""
    except InvalidToken:
        return ""  # sealed with a key that is gone


def words_of(text: str) -> list[str]:
    """The words of a search: a match has all of them."""
    return text.split()[:MOST_WORDS]
