"""Passwords: Argon2id, off the event loop, and the rules of NIST SP 800-63B for a new one."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.base.errors import Code, Refusal

T = TypeVar("T")

LENGTH_MIN_STUDENT = 8
LENGTH_MIN_STAFF = 12
LENGTH_MAX = 128
PRODUCT = ("flexible", "credits")
WORD_MIN = 3
BESIDE_WORDS_MIN = 6
DIFFERENT_MIN = 4

PASSWORDS = PasswordHash((Argon2Hasher(),))
"""Argon2id with today's parameters; a password that was hashed with others is hashed anew when it is next proved."""

HASHERS = min(4, os.cpu_count() or 1)
WAITING_MAX = 64
"""How many may wait for a hasher: each hash takes 64 MiB and a core, so there are few, and the queue has an end."""

BUSY = Refusal(
    Code.THROTTLED, "The server is busy with other sign-ins.", rule="ID-3", fix="Try again in a few seconds."
)

_threads = ThreadPoolExecutor(max_workers=HASHERS, thread_name_prefix="passwords")
_waiting = 0


async def hashed(password: str) -> str:
    """The hash of a password that has passed the rules."""
    return await off_the_loop(lambda: PASSWORDS.hash(normal(password)))


async def verified(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether the password is the one whose hash is kept, and a better hash of it when the parameters have changed.

    With nothing kept it takes just as long, so that the time does not tell whether there is an account (ID-3).
    """
    if len(password) > LENGTH_MAX:
        password, kept = "", None
    sound, better = await off_the_loop(lambda: PASSWORDS.verify_and_update(normal(password), kept or nobody()))
    return (sound, better) if kept is not None else (False, None)


@cache
def nobody() -> str:
    """The hash that stands for an account which does not exist."""
    return PASSWORDS.hash("nobody's")


async def off_the_loop(work: Callable[[], T]) -> T:
    """Hash in one of a few threads, so that a sign-in holds up no other request. Raises BUSY."""
    global _waiting
    if _waiting >= WAITING_MAX + HASHERS:
        raise BUSY
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1


def normal(password: str) -> str:
    """One form for the same characters, however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def length_min(*, is_staff: bool) -> int:
    """How many characters a password has at least: 8 for students, 12 for everybody else (ID-1)."""
    return LENGTH_MIN_STAFF if is_staff else LENGTH_MIN_STUDENT


def password_refusals(
    password: str, *, is_staff: bool, about: Collection[str] = (), path: str = "password"
) -> list[Refusal]:
    """Everything that speaks against a new password: length, being common, being about its owner; nothing else.

    `about` are the person's name and address. Which characters it is made of is nobody's business (NIST 800-63B).
    """
    at_least = length_min(is_staff=is_staff)
    if len(password) > LENGTH_MAX:
        return [refused(f"A password has at most {LENGTH_MAX} characters.", "Shorten it.", path)]
    found = []
    text = normal(password)
    if len(text) < at_least:
        found.append(refused(f"A password has at least {at_least} characters.", "A few words in a row do well.", path))
    if is_common(text):
        found.append(refused("Many people use this password, so it is tried first.", "Choose another one.", path))
    elif is_about(text, (*about, *PRODUCT)):
        found.append(refused("This password is made of your name, address or ours.", "Choose something else.", path))
    return found


def refused(message: str, fix: str, path: str) -> Refusal:
    """One refusal of a password."""
    return Refusal(Code.INVALID, message, rule="ID-1", path=[path], fix=fix)


def is_common(password: str) -> bool:
    """Whether the password is in the list of common ones, or is one sign or one row of signs."""
    plain = password.casefold()
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return plain in common() or len(set(plain)) < DIFFERENT_MIN or steps in ({1}, {-1})


@cache
def common() -> frozenset[str]:
    """The passwords that people choose most; read when the first one is chosen, as the list is long."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"])


def is_about(password: str, about: Collection[str]) -> bool:
    """Whether hardly anything is left of the password once the words about its owner are taken out."""
    rest = "".join(character for character in password.casefold() if character.isalnum())
    whole = len(rest)
    for word in sorted(words_of(about), key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < min(whole, BESIDE_WORDS_MIN)


def words_of(about: Collection[str]) -> Iterator[str]:
    """The words of names and addresses, each alone."""
    for text in about:
        spaced = "".join(character if character.isalnum() else " " for character in text.casefold())
        yield from (word for word in spaced.split() if len(word) >= WORD_MIN)
