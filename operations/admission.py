"""Who may use a field at all."""

from __future__ import annotations

from models.base.scopes import Needed
from operations.context import Context, forbidden, insufficient_scope, second_factor_required, unauthenticated
from operations.fields import ANYONE, Audience


def admit(context: Context, allow: Audience, *, scope: Needed, before_second_factor: bool = False) -> None:
    """Refuse who is not in the audience, who still has to enrol a second factor (ID-1), and keys without the scope."""
    if allow == ANYONE:
        return
    if context.signed_in is None:
        raise unauthenticated()
    if context.signed_in.needs_second_factor and not before_second_factor:
        raise second_factor_required()
    if context.signed_in.role not in allow:
        raise forbidden()
    if context.signed_in.lacks(scope):
        raise insufficient_scope(scope)
