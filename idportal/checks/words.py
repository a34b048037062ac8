"""Are the municipality's own words whole?"""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from idportal import own_words


def sentences() -> Iterator[CheckMessage]:
    """A sentence with a placeholder that has no value would go out broken, to everybody."""
    for name, rule in own_words.SENTENCES.items():
        allowed = ", ".join(f"{{{each}}}" for each in rule.allowed)
        needed = f" It needs {' and '.join(f'{{{each}}}' for each in rule.needed)}." if rule.needed else ""
        for problem in own_words.problems(name):
            yield Error(
                f"{name} {problem}.",
                hint=f"Allowed: {allowed}; no other braces.{needed} Unset it for the portal's own words.",
                id="idportal.E080",
            )
