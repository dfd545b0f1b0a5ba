"""Sessions, passwords and tokens, with a clock of the test's own."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from replay.serve.accounts import MOST_SESSIONS, SESSION_TIMEOUT, Accounts
from replay.serve.errors import Refused

SECRET = "the right one"  # noqa: S105  (of a test)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_when_it_is_not_used() -> None:
    clock = Clock()
    accounts = Accounts(SECRET, clock=clock)
    key = accounts.login("admin", SECRET)
    for _ in range(3):
        clock.now += SESSION_TIMEOUT - 1
        assert accounts.user_of(f"Splunk {key}", "") == ("admin", key)
    clock.now += SESSION_TIMEOUT + 1
    with pytest.raises(Refused) as refused:
        accounts.user_of(f"Splunk {key}", "")
    assert refused.value.status == 401


def test_a_closed_session_is_over() -> None:
    accounts = Accounts(SECRET)
    key = accounts.open_session("admin")
    accounts.close_session(key)
    with pytest.raises(Refused):
        accounts.user_of("", key)


def test_sessions_are_bounded_and_the_oldest_go() -> None:
    clock = Clock()
    accounts = Accounts(SECRET, clock=clock)
    first = accounts.open_session("admin")
    for _ in range(MOST_SESSIONS):
        clock.now += 0.01
        last = accounts.open_session("admin")
    with pytest.raises(Refused):
        accounts.user_of("", first)
    assert accounts.user_of("", last) == ("admin", last)


WRONG = [("admin", "the right on"), ("admin", "the right one "), ("Admin", SECRET), ("", SECRET), ("admin", "")]


@pytest.mark.parametrize(("user", "password"), WRONG)
def test_wrong_passwords(user: str, password: str) -> None:
    accounts = Accounts(SECRET)
    with pytest.raises(Refused):
        accounts.login(user, password)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    with pytest.raises(Refused):
        accounts.user_of(f"Basic {basic}", "")


def test_a_token_expires_and_is_kept_without_its_secret(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "tokens.json"
    _, secret = Accounts(SECRET, file, clock).create_token("admin", "tests", 60)
    assert secret not in file.read_text(encoding="utf-8")
    accounts = Accounts(SECRET, file, clock)
    assert accounts.user_of(f"Bearer {secret}", "")[0] == "admin"
    clock.now += 61
    with pytest.raises(Refused):
        accounts.user_of(f"Bearer {secret}", "")
