"""Words for a region in place of a municipality: sentences are written with *kommunen* and then adapted."""

import re
from types import SimpleNamespace
from typing import Any

from django.utils.translation import trans_real

_WORDS = {"kommun": "region", "municipalities": "regions", "municipality": "region", "municipal": "regional"}
# What is filled in keeps its name.
_FOUND = re.compile(rf"%\(\w+\)\w|\{{\w+\}}|kommunika|({'|'.join(_WORDS)})", re.IGNORECASE)


def of_a_region(sentence: str) -> str:
    return _FOUND.sub(lambda found: _like(_WORDS[found[1].lower()], found[1]) if found[1] else found[0], sentence)


def speak() -> None:
    """From now on, in this process, all translated sentences are those of a region."""
    english: Any = trans_real.translation("en")
    sentences = {key: said for key, said in english._catalog.items() if isinstance(key, str)}
    swedish = {key: key.rpartition("\x04")[2] for key in sentences}  # what stands before is a context
    for language, catalogue in (("en", sentences), ("sv", swedish)):
        ours = {key: theirs for key, said in catalogue.items() if (theirs := of_a_region(said)) != said}
        known: Any = trans_real.translation(language)
        known.merge(SimpleNamespace(_catalog=ours, plural=known.plural, _info={}, _fallback=None))


def _like(word: str, model: str) -> str:
    return word.capitalize() if model[0].isupper() else word
