"""Refusals: the expected ways for a verb to say no."""

from __future__ import annotations

from collections.abc import Sequence

from models.base.words import Words


class Code(Words, shown_as="UserErrorCode"):
    """Machine-readable reason a mutation was refused."""

    NOT_FOUND = "NOT_FOUND", "The object does not exist, or you may not see it."
    INVALID = "INVALID", "A value is malformed or not allowed."
    CONFLICT = "CONFLICT", "It conflicts with existing data."
    NOT_OPEN = "NOT_OPEN", "The object's current status does not allow it."
    NOT_ELIGIBLE = "NOT_ELIGIBLE", "The person or object does not qualify."
    SLOT_TAKEN = "SLOT_TAKEN", "The time is already taken."
    NO_CREDITS = "NO_CREDITS", "No credit is available."
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS", "A number is outside its allowed range."
    TOO_EARLY = "TOO_EARLY", "It is too early."
    TOO_LATE = "TOO_LATE", "The deadline has passed."
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS", "The e-mail address, password or token is wrong."
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED", "A one-time code is required."
    INSUFFICIENT_SCOPE = "INSUFFICIENT_SCOPE", "The key lacks the scope that this needs (ID-5)."
    THROTTLED = "THROTTLED", "Too many attempts; try again later."


class Refusal(Exception):  # noqa: N818 — a refusal is an answer, not an error
    """A rule said no; nothing was changed. The message is safe to show to the client.

    `rule` is the rule's number in the rulebook, `path` the input field that it is about, `fix` the next thing to do.
    """

    def __init__(self, code: Code, message: str, *, rule: str = "", path: Sequence[str] = (), fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.rule = rule
        self.path = tuple(path)
        self.fix = fix


class Refused(Exception):  # noqa: N818
    """Several refusals at once, so that a person can mend all of them in one go."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)


def refuse_if_any(refusals: Sequence[Refusal]) -> None:
    """Raise all refusals together, or do nothing when there are none."""
    if refusals:
        raise Refused(refusals)


def not_found(what: str, *, path: Sequence[str] = ()) -> Refusal:
    """What the viewer may not see does not exist: the same answer for both."""
    return Refusal(Code.NOT_FOUND, f"There is no such {what}.", path=path, fix="Check the id, or read the list again.")


CONSTRAINTS: dict[str, Refusal] = {}
"""What a violated database constraint means to a person, by the constraint's name.

Each area adds its own. Python's check gives the kind message first; this is for the race that it lost.
"""
