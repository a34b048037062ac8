"""The part that forms about recipients have in common."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise

from accounts.forms import AddressField
from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients


class RecipientFields(forms.Form):
    """A form with a field for each recipient. Its cleaned data hold ``recipients`` in their place."""

    same: str | Promise = ""  # see Recipients.checked

    def recipient_field(self, number: int) -> AddressField:
        """The field of the recipient with this number, from 1."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, column in enumerate(RECIPIENT_COLUMNS, 1):
            self.fields[column] = self.recipient_field(number)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            typed = [data[column] for column in RECIPIENT_COLUMNS]
            try:
                recipients = Recipients.checked(typed, same=str(self.same))
            except forms.ValidationError as error:
                self.add_error(None, error)
            else:
                others = {name: value for name, value in data.items() if name not in RECIPIENT_COLUMNS}
                return {**others, "recipients": recipients}
        return data
