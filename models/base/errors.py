"""Refusals: the expected ways for a verb to say no."""

from __future__ import annotations

from collections.abc import Sequence

from models.base.words import Words


class Code(Words, shown_as="UserErrorCode"):
    """Why a mutation changed nothing, for a program to act upon."""

    NOT_FOUND = "NOT_FOUND", "There is no such thing, or none that you may see."
    INVALID = "INVALID", "A value has a form or content that cannot be taken."
    CONFLICT = "CONFLICT", "It contradicts something that is there already."
    NOT_OPEN = "NOT_OPEN", "Where the object stands does not allow this step."
    NOT_ELIGIBLE = "NOT_ELIGIBLE", "What or who was chosen does not qualify."
    SLOT_TAKEN = "SLOT_TAKEN", "Somebody else has this time."
    NO_CREDITS = "NO_CREDITS", "There is no credit for it."
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS", "A number is outside its limits."
    TOO_EARLY = "TOO_EARLY", "The time for it has not come."
    TOO_LATE = "TOO_LATE", "The time for it is over."
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS", "Address, password or token do not hold."
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED", "A code of the second factor is needed first."
    THROTTLED = "THROTTLED", "Too many tries; wait a while."


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
