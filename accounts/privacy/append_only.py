"""Rows that can be added but never changed."""

from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class AppendOnlyRows(models.QuerySet[Row]):
    """Neither changes nor deletes its rows. A plain ``QuerySet(Model)`` does, for retention and new keys."""

    def update(self, **_: Any) -> int:
        raise TypeError(f"{self.model.__name__} is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{self.model.__name__} is append-only.")


class AppendOnly(models.Model):
    """A model whose rows are append-only: saving or deleting a stored one raises TypeError."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} is append-only.")
        # Without this, Django would first try to update a row of the same key.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{type(self).__name__} is append-only.")
