"""Who may use a field at all."""

from __future__ import annotations

from operations.context import (
    Context,
    forbidden,
    second_factor_required,
    unauthenticated,
)
from operations.fields import ANYONE, Audience


def admit(context: Context, allow: Audience, *, before_second_factor: bool = False) -> None:
    """Refuse who is not in the audience, and who still has to enrol a second factor (ID-1)."""
    if allow == ANYONE:
        return
    if context.signed_in is None:
        raise unauthenticated()
    if context.signed_in.needs_second_factor and not before_second_factor:
        raise second_factor_required()
    if context.signed_in.role not in allow:
        raise forbidden()
