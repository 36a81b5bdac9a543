"""Scopes: what a machine's key may read and do within the reach of its school or practice (ID-5)."""

from __future__ import annotations

from typing import Literal

from models.base.errors import Code, Refusal
from models.base.words import Words


class Scope(Words):
    """What a key is for; a key does nothing outside of its scopes."""

    FIGURES_READ = "FIGURES_READ", "Read a school's figures, small groups suppressed."
    STUDENTS_READ = "STUDENTS_READ", "Read students: name, contact, state."
    APPOINTMENTS_READ = "APPOINTMENTS_READ", "Read appointments one by one."
    APPOINTMENTS_WRITE = "APPOINTMENTS_WRITE", "Answer requests for appointments, and cancel them, for a practice."
    CLAIMS_READ = "CLAIMS_READ", "Read claims one by one."
    CREDITS_READ = "CREDITS_READ", "Read wallets, grants and their transfers."
    DIRECTORY_READ = "DIRECTORY_READ", "Search providers; read their profiles and licenses."
    SCHEDULE_READ = "SCHEDULE_READ", "Read weekly hours and openings."
    SCHEDULE_WRITE = "SCHEDULE_WRITE", "Change weekly hours, for a practice."


OPEN: Literal["open"] = "open"
"""Open to every key: what a machine needs in order to know where it is."""

Needed = Scope | Literal["open"] | None
"""What something asks of a key: a scope, nothing, or None where no key gets in: that is for people."""

OF_SCHOOL = frozenset(
    {
        Scope.FIGURES_READ,
        Scope.STUDENTS_READ,
        Scope.APPOINTMENTS_READ,
        Scope.CLAIMS_READ,
        Scope.CREDITS_READ,
        Scope.DIRECTORY_READ,
    }
)
"""What a school's key may be for. All of it is also what a key was for before there were scopes."""

OF_PRACTICE = frozenset(
    {
        Scope.STUDENTS_READ,
        Scope.APPOINTMENTS_READ,
        Scope.APPOINTMENTS_WRITE,
        Scope.DIRECTORY_READ,
        Scope.SCHEDULE_READ,
        Scope.SCHEDULE_WRITE,
    }
)
"""What a practice's key may be for: what its office does (ID-4), without what people do for themselves."""

NEEDS: dict[Scope, Scope] = {
    Scope.APPOINTMENTS_WRITE: Scope.APPOINTMENTS_READ,
    Scope.SCHEDULE_WRITE: Scope.SCHEDULE_READ,
}
"""Who changes something is answered with it: the scope to read it belongs to the key too."""


def outside(needed: Needed) -> Refusal:
    """The refusal of what a key is not for."""
    return Refusal(Code.INSUFFICIENT_SCOPE, message_of(needed), rule="ID-5", fix=fix_of(needed))


def message_of(needed: Needed) -> str:
    """What the machine is told."""
    return f"This key lacks the scope {needed}." if needed else "This is for people; no key may do it."


def fix_of(needed: Needed) -> str:
    """What its owner does about it."""
    return f"Create a key that has {needed} among its scopes." if needed else "Sign in with an account."
