"""The people whose passwords are reset: each has an account, a number, and an address from which requests come.

The numbers are those that North America keeps free for fiction (555-01xx in each area), since Sweden has but 95.
"""

from __future__ import annotations

import dataclasses

from deploy.local import cast

GIVEN_NAMES = ("Stefan", "Karl", "Anna", "Maria", "Per", "Eva", "Carin")
SURNAMES = ("Lind", "Berg", "Sund", "Nilsson", "Dahl", "Ek")


def username(index: int) -> str:
    return f"lovmassa{index}"


def number(index: int) -> str:
    """E.164."""
    return f"+1{200 + index // 100}55501{index % 100:02}"


def address(index: int) -> str:
    """Of the network that is kept for measuring networks (RFC 2544): everybody has a limit of his own."""
    return f"198.18.{index // 250 % 256}.{index % 250 + 1}"


def new_password(index: int) -> str:
    return f"Klippa-{index:05}-Vik"


def people(count: int) -> tuple[cast.Person, ...]:
    return tuple(
        dataclasses.replace(
            cast.STEFAN,
            username=username(index),
            given_name=GIVEN_NAMES[index % len(GIVEN_NAMES)],
            surname=SURNAMES[index % len(SURNAMES)],
            mail=f"{username(index)}@hemtjanst-ett.example",
            phone=number(index),
            days_left=index * 37 % 91,
        )
        for index in range(count)
    )
