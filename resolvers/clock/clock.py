"""The clock of demo and test servers, moved by OPS."""

from __future__ import annotations

from typing import Annotated, Any

from execution import Selection
from models.base import clock
from models.base.errors import Code, Refusal
from operations.context import Context

HOURS_MAX = 24 * 366


async def now(context: Context, selection: Selection) -> Any:
    """Server time. On a demo server, OPS can move it with `moveClock`."""
    return context.now


async def move(
    context: Context, *, hours: Annotated[int, f"Hours to move forward, 1 to {HOURS_MAX}."]
) -> dict[str, Any]:
    """Move this server's clock forward. Demo and test servers only."""
    if not context.environment.clock_is_movable:
        raise Refusal(Code.NOT_ELIGIBLE, "This server's clock does not move.", fix="Use a demo or test server.")
    if not 1 <= hours <= HOURS_MAX:
        raise Refusal(
            Code.OUT_OF_BOUNDS, f"The clock moves 1 to {HOURS_MAX} hours.", path=["hours"], fix="Choose fewer hours."
        )
    return {"now": await clock.move(hours=hours)}
