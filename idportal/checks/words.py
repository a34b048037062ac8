"""Checks that the municipality's own words are complete and can be sent."""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from idportal.channels import own_words


def sentences() -> Iterator[CheckMessage]:
    """A sentence with a placeholder that has no value would go out broken, to everybody."""
    allowed = ", ".join(f"{{{each}}}" for each in own_words.ALLOWED)
    for name in own_words.LINES:
        for problem in own_words.problems(name):
            yield Error(
                f"{name} {problem}.",
                hint=f"Allowed: {allowed}; no other braces. Unset it for the portal's own words.",
                id="idportal.E080",
            )
