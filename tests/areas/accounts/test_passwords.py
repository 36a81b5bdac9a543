"""Passwords: what is refused and what is not (NIST SP 800-63B), how they are kept, and that hashing holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.accounts import passwords
from models.accounts.passwords import LENGTH_MAX, hashed, password_refusals, verified
from models.base.errors import Refusal

GOOD = "violet harbor lantern 7"


@pytest.fixture(autouse=True)
def production(passwords_of_production: PasswordHash, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash as in production; the other tests hash cheaply."""
    monkeypatch.setattr(passwords, "PASSWORDS", passwords_of_production)
    passwords.nobody.cache_clear()
    yield
    passwords.nobody.cache_clear()


def messages(password: str, *, is_staff: bool = True, about: tuple[str, ...] = ()) -> list[str]:
    """What is said against a password."""
    return [refusal.message for refusal in password_refusals(password, is_staff=is_staff, about=about)]


@pytest.mark.parametrize(("length", "is_staff"), [(8, False), (12, True)])
def test_a_password_has_at_least_so_many_characters(length: int, is_staff: bool) -> None:
    word = "qzjxvkwpmfbt"[:length]
    assert messages(word, is_staff=is_staff) == []
    assert messages(word[:-1], is_staff=is_staff) == [f"A password has at least {length} characters."]


def test_a_password_that_is_too_long_is_refused_before_anything_is_done_with_it() -> None:
    assert messages("ä" + "x1" * 63 + "z") == []
    assert messages("x" * (LENGTH_MAX + 1)) == [f"A password has at most {LENGTH_MAX} characters."]


@pytest.mark.parametrize(
    "password", ["password1", "PASSWORD1", "sunshine", "aaaaaaaaaaaa", "abababababab", "123456789", "hgfedcba"]
)
def test_a_common_password_is_refused(password: str) -> None:
    assert any("Many people" in message for message in messages(password, is_staff=False))


@pytest.mark.parametrize("password", ["ana.reyes-2026", "AnaReyesAnaReyes", "flexiblecredits1", "Credits-reyes!!"])
def test_a_password_made_of_its_owner_or_of_us_is_refused(password: str) -> None:
    about = ("Ana Reyes", "ana.reyes@lakeview.test")
    assert messages(password, about=about) == ["This password is made of your name, address or ours."]


@pytest.mark.parametrize("password", [GOOD, "ana rides nine bicycles", "пароль от сейфа", "no Composition rules here"])
def test_any_other_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert messages(password, about=("Ana Reyes", "ana@lakeview.test")) == []


@given(st.text(max_size=200), st.booleans())
def test_every_text_is_answered(password: str, is_staff: bool) -> None:
    for refusal in password_refusals(password, is_staff=is_staff, about=("Ana", "ana@x.test")):
        assert isinstance(refusal, Refusal)
        assert refusal.rule == "ID-1"


async def test_a_password_is_kept_as_argon2id_and_proved_by_it() -> None:
    kept = await hashed(GOOD)
    assert kept.startswith("$argon2id$")
    assert await verified(GOOD, kept) == (True, None)
    assert await verified(GOOD + " ", kept) == (False, None)
    assert await verified("x" * 5000, kept) == (False, None)
    assert await verified(GOOD, None) == (False, None)
    assert await verified("nobody's", None) == (False, None)


async def test_the_same_characters_are_the_same_password_however_they_are_composed() -> None:
    assert (await verified("re\u0301sume\u0301 on paper", await hashed("r\u00e9sum\u00e9 on paper")))[0]


async def test_a_password_that_was_hashed_with_other_parameters_is_hashed_anew() -> None:
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8192),)).hash(GOOD)
    sound, better = await verified(GOOD, weak)
    assert sound
    assert better is not None
    assert "m=65536,t=3" in better
    assert await verified(GOOD, better) == (True, None)


async def test_hashing_leaves_the_event_loop_to_others() -> None:
    task = asyncio.create_task(hashed(GOOD))
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 20
    assert await task


async def test_no_more_than_a_few_wait_for_a_hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 0)
    monkeypatch.setattr(passwords, "HASHERS", 1)
    first = asyncio.create_task(hashed(GOOD))
    await asyncio.sleep(0)
    with pytest.raises(Refusal) as refused:
        await hashed(GOOD)
    assert refused.value is passwords.BUSY
    assert await first
    assert await hashed(GOOD)
