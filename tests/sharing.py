"""How the suite is shared among its workers (pytest-xdist), and which tests are marked as pure.

A group of tests runs in one worker, so that what takes long to start is started once: all on Active Directory are one
group, all that start the portal as a process another, each other file one of its own. Groups are given out in the order
of collection: what takes longest comes first, so that at the end no worker is left alone with much to do.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.servers.processes import end_with_parent

SAMBA = "active_directory"  # in the name of each test that asks for it
PROCESSES = "tests/idportal/"  # all share one portal that is made ready to be started
STATES = "tests/browser/test_accessibility.py"
OFFICE = ("[helpdesk", "[bestallare")  # half of the states: they are so many that these are a group of their own
LONGEST = (
    *("tests/faults/", "tests/attack/", "tests/accounts/test_two_hundred.py"),
    *(STATES, "tests/test_demo.py", "tests/test_killed.py", "tests/test_stack.py"),
    *("tests/notifications/test_crash.py", "tests/helpdesk/test_mail_killed.py", "tests/test_bench.py"),
    *("tests/test_first_visit.py", "tests/test_site.py", "tests/idportal/", "tests/browser/"),
    *("tests/accounts/test_worker.py", "tests/test_upgrade.py", "tests/helpdesk/test_mail_", "tests/accounts/"),
)


class Groups(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    config.option.loadscopereorder = False  # by how many tests a group has, which says little about how long it takes
    return Groups(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--first-cases", action="store_true", help="of each test function the first case alone")


def pytest_configure(config: pytest.Config) -> None:
    """A worker ends with the process that gives it its tests, and its servers with it, even if that is killed."""
    if hasattr(config, "workerinput"):
        end_with_parent()


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.get_closest_marker("timing"):
        item.add_marker(pytest.mark.slow)
    if is_pure(item):
        item.add_marker(pytest.mark.pure)


@pytest.hookimpl(trylast=True)  # when what the marks leave out is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))
    if config.option.first_cases:
        first = {_function(item.nodeid): item for item in reversed(items)}
        config.hook.pytest_deselected(items=[item for item in items if item is not first[_function(item.nodeid)]])
        items[:] = [item for item in items if item is first[_function(item.nodeid)]]


def _function(nodeid: str) -> tuple[str, bool]:
    """Of a test on both kinds of directory there are two: each kind has code of its own."""
    return nodeid.partition("[")[0], SAMBA in nodeid


def group(nodeid: str) -> str:
    if SAMBA in nodeid:
        return SAMBA
    if nodeid.startswith(STATES):
        return f"{STATES} {any(name in nodeid for name in OFFICE)}"
    return PROCESSES if nodeid.startswith(PROCESSES) else nodeid.partition("::")[0]


def _place(nodeid: str) -> int:
    if group(nodeid) == SAMBA:
        return 0
    starts = [nodeid.startswith(name) for name in LONGEST]
    return 1 + starts.index(True) if any(starts) else 1 + len(starts)


# What a test asks for if it is not pure: a database, a server, a browser, the portal as a process.
OUTSIDE = {
    *("db", "transactional_db", "django_db_setup", "browser", "server"),
    *("slapd_server", "samba_server", "_redis_server", "_dovecot_server", "sms_gateway"),
}


def is_pure(item: pytest.Item) -> bool:
    """Whether it needs neither a database nor a server nor another process: ``make test-fast``."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "process", "slow"))
    return not marked and OUTSIDE.isdisjoint(getattr(item, "fixturenames", ()))
