"""The database that the portal is made for."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_database_that_loses_its_power_is_not_waited_for() -> None:
    """It sends no goodbye; the kernel gives up on a kept connection after so many milliseconds without an answer."""
    connection.ensure_connection()
    assert connection.connection is not None
    parameters = connection.connection.info.get_parameters()
    assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("3", "5000")
