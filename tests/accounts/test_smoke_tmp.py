import pytest
from accounts.demo.cast import STEFAN, KARL
from tests.conftest import Walker, has_number
@pytest.mark.django_db(transaction=True)
def test_one(openldap_settings, walker: Walker) -> None:
    has_number(STEFAN)
    r = walker.reset(STEFAN, "Nytt-Berg-4711x")
    assert r.status_code == 302 and r.url == "/aterstall/klart/", r.content.decode()
@pytest.mark.django_db(transaction=True)
def test_two(openldap_settings, walker: Walker) -> None:
    r = walker.register(KARL, "070-174 06 90")
    assert r.url == "/registrera/klart/"
