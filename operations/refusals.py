"""What a refusal, or a violated constraint, is to a client: a user error with its path."""

from __future__ import annotations

from collections.abc import Collection

from tortoise.exceptions import IntegrityError, ValidationError

from models.base.errors import CONSTRAINTS, Code, Refusal
from operations.arguments import camel


def under_input(refusals: Collection[Refusal]) -> list[Refusal]:
    """The refusals with paths as clients see them: below `input`."""
    return [
        Refusal(
            r.code, r.message, rule=r.rule, path=r.path if r.path[:1] == ("input",) else ("input", *r.path), fix=r.fix
        )
        if r.path
        else r
        for r in refusals
    ]


def refusal_for(violation: Exception) -> Refusal:
    """What a violated constraint means to a person. An unknown one is a fault of ours and is raised."""
    cause = violation.args[0] if isinstance(violation, IntegrityError) else violation
    name = getattr(cause, "constraint_name", None)
    if name not in CONSTRAINTS:
        raise violation
    return CONSTRAINTS[name]


def refusal_of_column(unfit: ValidationError) -> Refusal:
    """What it means that a value does not fit its column; arguments say their bounds, this is for one that does not."""
    column, _, _ = str(unfit).partition(":")
    return Refusal(Code.INVALID, "This value is too long.", path=[camel(column)], fix="Shorten it.")
