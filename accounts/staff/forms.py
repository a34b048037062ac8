"""The forms of staff; their shared fields are in ``accounts.forms``."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import VERBATIM


class EnrolmentForm(forms.Form):
    """The code that an administrator issued. Text that is no code counts as a wrong code."""

    enrolment_code = forms.CharField(
        label=_("Startkod"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", **VERBATIM}),
        error_messages={"required": _("Skriv startkoden som du har fått av en administratör.")},
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, too old, used, tried too often, or never issued."""
        self.add_error(
            "enrolment_code",
            _("Startkoden stämmer inte eller gäller inte längre. Kontrollera siffrorna, eller be om en ny startkod."),
        )
