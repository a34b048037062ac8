"""A company's own staff: who is on the list, in which order, for how long it is kept, and how."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from accounts import companies
from accounts.models import Phone
from deploy.local.cast import ANNA, EVA, HEMTJANST_ETT, KARL, MARIA, STEFAN
from helpdesk.orderer import employees
from helpdesk.orderer.employees import Employee, EmployeeList
from tests.accounts.directory.people import somebody
from tests.conftest import has_number
from tests.helpdesk.conftest import Register
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

ETT = [ANNA.username, KARL.username, STEFAN.username]


def names(found: EmployeeList) -> list[str]:
    return [member.username for member in found.employees]


def member(found: EmployeeList, username: str) -> Employee:
    return next(each for each in found.employees if each.username == username)


@pytest.fixture
def redis_cache(redis_server: PrivateRedis, settings: Settings) -> PrivateRedis:
    """The cache that production has."""
    settings.CACHES = {
        **settings.CACHES,
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_server.url},
    }
    return redis_server


def test_the_protected_are_nobodys_staff(server: TestSlapd, register: Register) -> None:
    server.put(KARL, protected=True)
    server.put(replace(EVA, company=HEMTJANST_ETT))
    assert names(employees.of_company(register.ett)) == [ANNA.username, STEFAN.username]


def test_who_is_most_urgent_comes_first(server: TestSlapd, register: Register) -> None:
    """Just run out, or about to; then who ran out long ago, who has time, who never runs out, who is disabled."""
    server.put(somebody("lovnu", days_left=None), must_change=True)
    server.put(somebody("lovavstangd", days_left=-2), disabled=True)
    wanted = {
        **{"lovnu": 0, "lovigar": -1, ANNA.username: -4, "lovidag": 0, KARL.username: 7, STEFAN.username: 15},
        **{"lovgammal": -31, "lovborta": -300, "lovsen": 31, "lovaldrig": None, "lovavstangd": -2},
    }
    for username in ("lovigar", "lovidag", "lovgammal", "lovborta", "lovsen", "lovaldrig"):
        server.put(somebody(username, days_left=wanted[username]))
    assert names(employees.of_company(register.ett)) == list(wanted)


def test_of_one_day_the_surname_decides_as_in_swedish(server: TestSlapd, register: Register) -> None:
    surnames = ["Zander", "Åberg", "Ängström", "Öst"]
    for number, surname in enumerate(reversed(surnames)):
        server.put(somebody(f"lovnamn{number}", surname=surname, days_left=1))
    listed = [
        each.surname for each in employees.of_company(register.ett).employees if each.username.startswith("lovnamn")
    ]
    assert listed == surnames


@pytest.fixture
def night_shift(server: TestSlapd, settings: Settings) -> Iterator[str]:
    """A unit in which Stefan lies, whose company attribute says something else."""
    unit = f"ou=Natten,{settings.DIRECTORY_USER_BASE}"
    server.root.add_s(unit, [("objectClass", [b"organizationalUnit"])])
    dn = server.dn(STEFAN.username) or ""
    server.root.rename_s(dn, dn.partition(",")[0], unit)
    yield unit
    server.remove(STEFAN.username)
    server.root.delete_s(unit)


def test_a_unit_is_more_exact_than_an_attribute(register: Register, night_shift: str) -> None:
    """Whoever is in another company's unit is theirs, and not shown here, whatever the attribute says (H5)."""
    register.tva.directory_values = f"{register.tva.directory_values}\n{night_shift}"
    companies.store(register.tva, actor=None)
    assert names(employees.of_company(register.ett)) == [ANNA.username, KARL.username]
    assert names(employees.of_company(register.tva)) == [STEFAN.username, MARIA.username]


def test_a_company_of_a_unit_alone(register: Register, night_shift: str) -> None:
    register.ett.directory_values = night_shift
    companies.store(register.ett, actor=None)
    assert names(employees.of_company(register.ett)) == [STEFAN.username]


def test_a_number_counts_at_once(register: Register) -> None:
    assert not member(employees.of_company(register.ett), KARL.username).has_number
    phone = has_number(KARL, "+46701740621")
    assert member(employees.of_company(register.ett), KARL.username).has_number
    Phone.objects.filter(pk=phone.pk).update(usable_from=timezone.now() + timedelta(minutes=10))
    assert member(employees.of_company(register.ett), KARL.username).has_number, "on hold, and registered"
    phone.delete()
    assert not member(employees.of_company(register.ett), KARL.username).has_number


def test_the_days_are_counted_from_today(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept before midnight, and shown after it."""
    employees.of_company(register.ett)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr("helpdesk.orderer.employees.timezone.now", lambda: tomorrow)
    assert member(employees.of_company(register.ett), STEFAN.username).password.days_left == 14


def test_a_company_with_other_values_is_read_anew(register: Register) -> None:
    employees.of_company(register.ett)
    register.ett.directory_values = "Något Annat AB"
    companies.store(register.ett, actor=None)
    assert names(employees.of_company(register.ett)) == []


def test_the_cache_holds_nothing_to_be_read(register: Register, redis_cache: PrivateRedis) -> None:
    """Redis writes to disk as it is (X1)."""
    employees.of_company(register.ett)
    client: Any = cache._cache.get_client()  # type: ignore[attr-defined]
    held = b"".join(bytes(key) + bytes(client.get(key)) for key in client.keys("*employees/*"))
    assert held
    for person in (STEFAN, KARL, ANNA):
        for text in (person.username, person.given_name, person.surname, person.mail):
            assert text.encode() not in held
    assert register.ett.name.encode() not in held
    assert all(0 < client.ttl(key) <= employees.LIST_KEPT for key in client.keys("*employees/*"))
    assert names(employees.of_company(register.ett)) == ETT


def test_a_cache_that_is_down_is_no_error(
    server: TestSlapd, register: Register, redis_cache: PrivateRedis, caplog: pytest.LogCaptureFixture
) -> None:
    employees.of_company(register.ett)
    redis_cache.stop()
    try:
        server.put(somebody())
        assert "lovprova01" in names(employees.of_company(register.ett)), "the directory was asked"
        assert employees.refreshed(register.ett) is not None
    finally:
        redis_cache.start()
    assert "the cache is not available" in caplog.text


def test_what_no_key_opens_is_read_anew(register: Register, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["one-that-will-be-lost-0123456789abcdef"]
    employees.of_company(register.ett)
    sealed = cache.get(employees._key(register.ett))
    settings.ENCRYPTION_KEYS = ["another-0123456789abcdef-0123456789"]
    cache.set(employees._key(register.ett), sealed)
    assert names(employees.of_company(register.ett)) == ETT
