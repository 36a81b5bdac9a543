"""What a viewer and a source may still spend this minute, in this process; chunks come from the shared table.

The promise: all processes together allow at most `limit + processes x limit / 100` in one window of a minute. The
hundredth is each process's overdraft: it is spent before the table is asked at all, so that who asks little costs no
statement. Chunks are a twentieth of the limit, so up to that much may stay unused in each other process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context as TaskContext
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_network
from typing import Any

import structlog

from models.base.budgets import Lease, lease
from operations.outages import OUTAGES, outage_of

WINDOW_SECONDS = 60
CHUNKS = 20
OVERDRAFTS = 100
REMEMBERED_MAX = 100_000
SITE_BITS = 64

log = structlog.get_logger("budgets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowances:
    """What may be spent in a minute: by one account, by all who are signed in behind one address, by all others."""

    viewer: int
    source: int
    anonymous: int


@dataclass(slots=True)
class Charge:
    """What one operation costs its viewer and what is left to them."""

    requested: int
    remaining: int
    limit: int
    reset_at: datetime

    def as_extension(self) -> dict[str, Any]:
        """The form clients read in `extensions.cost`."""
        return {
            "requested": self.requested,
            "remaining": self.remaining,
            "limit": self.limit,
            "resetAt": self.reset_at,
        }


class Budget:
    """One viewer's or source's minute, as this process knows it."""

    __slots__ = ("answer", "chunk", "exhausted", "key", "leased", "limit", "others", "overdraft", "spent", "wanted")

    def __init__(self, key: str, limit: int) -> None:
        self.key = key
        self.limit = limit
        self.chunk = max(limit // CHUNKS, 1)
        self.overdraft = limit // OVERDRAFTS
        self.spent = 0
        self.leased = 0
        self.others = 0
        self.wanted = 0
        self.exhausted = False
        self.answer: asyncio.Future[None] | None = None

    def has(self, cost: int) -> bool:
        """Whether this much may be spent now."""
        return self.spent + cost <= self.leased + (0 if self.exhausted else self.overdraft)

    @property
    def remaining(self) -> int:
        """What is left of the minute; an upper bound, since other processes spend too."""
        if self.exhausted:
            return max(self.leased - self.spent, 0)
        return max(self.limit - self.others - self.spent, 0)

    def granted(self, amount: int, total: int) -> None:
        """Take the chunk that ends at `total`: what lies of it below the limit."""
        self.others = total - amount - self.leased
        own = max(min(amount, self.limit - (total - amount)), 0)
        self.leased += own
        self.others = max(self.others, 0)
        self.exhausted = own < amount
        self.wanted = 0


class Budgets:
    """The budgets of one process. Spending is a few additions; the table is asked in the background, ahead of need."""

    def __init__(self, allowances: Allowances, *, seconds: Callable[[], float] = time.time) -> None:
        self.allowances = allowances
        self.seconds = seconds
        self._window = 0
        self._known: dict[str, Budget] = {}
        self._asking: list[tuple[Budget, int]] = []
        self._task: asyncio.Task[None] | None = None

    def budget(self, key: str, limit: int) -> Budget:
        """The budget of this minute."""
        window = int(self.seconds() // WINDOW_SECONDS)
        if window != self._window:
            self._window = window
            self._known = {}
        budget = self._known.get(key)
        if budget is None:
            if len(self._known) >= REMEMBERED_MAX:
                del self._known[next(iter(self._known))]
            budget = self._known[key] = Budget(key, limit)
        return budget

    def spend_at_once(self, budget: Budget, cost: int) -> bool:
        """Spend what this process may spend without asking anybody, as it nearly always may."""
        if not budget.has(cost):
            return False
        self.note(budget, cost)
        return True

    async def spend(self, budget: Budget, cost: int) -> bool:
        """Spend, or say that there is not enough left in this minute."""
        while not budget.has(cost):
            if budget.exhausted:
                return False
            self._ask(budget, cost)
            assert budget.answer is not None
            await asyncio.shield(budget.answer)
        self.note(budget, cost)
        return True

    def note(self, budget: Budget, cost: int) -> None:
        """Spend without asking whether there is enough: what is done is done. Asks for more in good time."""
        budget.spent += cost
        if budget.answer is None and not budget.exhausted and budget.spent > budget.leased + budget.overdraft // 2:
            self._ask(budget, 0)

    def is_spent(self, budget: Budget) -> bool:
        """Whether nothing at all is left, as far as this process knows."""
        return budget.spent >= (budget.leased if budget.exhausted else budget.limit)

    @property
    def ends_in(self) -> float:
        """Seconds until the next minute begins."""
        return WINDOW_SECONDS - self.seconds() % WINDOW_SECONDS

    def _ask(self, budget: Budget, cost: int) -> None:
        budget.wanted = max(budget.wanted, budget.spent + cost - budget.leased + budget.chunk)
        if budget.answer is not None:
            return
        budget.answer = asyncio.get_running_loop().create_future()
        self._asking.append((budget, (self._window + 1) * WINDOW_SECONDS))
        if self._task is None:
            # In a context of its own: it serves many requests and must not stay inside one's transaction.
            self._task = asyncio.create_task(self._lease(), context=TaskContext())

    async def _lease(self) -> None:
        """Lease for everybody who asks, all in one statement, until nobody does."""
        try:
            while self._asking:
                asking, self._asking = self._asking, []
                wishes = [Lease(budget.key, until, budget.wanted) for budget, until in asking]
                try:
                    totals = await lease(wishes)
                except Exception as error:
                    if outage_of(error) is None:
                        log.error("budgets.lease_failed", error=type(error).__name__)
                    else:
                        OUTAGES.note(error)
                    for budget, _ in asking:
                        answered(budget, error)
                    continue
                for (budget, _), wish, total in zip(asking, wishes, totals, strict=True):
                    budget.granted(wish.amount, total)
                    answered(budget, None)
        finally:
            self._task = None


def answered(budget: Budget, error: Exception | None) -> None:
    """Wake those who wait for this budget's lease."""
    answer, budget.answer = budget.answer, None
    if answer is None or answer.done():
        return
    if error is None:
        answer.set_result(None)
    else:
        answer.set_exception(error)
        answer.exception()  # asked for in advance, perhaps: then nobody waits for it


def site_of(source: str) -> str:
    """The address that a budget is counted for; of IPv6 the network, since one line has all the addresses in it."""
    if ":" not in source:
        return source
    try:
        address = IPv6Address(source)
    except ValueError:
        return source
    return str(address.ipv4_mapped or ip_network((int(address), SITE_BITS), strict=False))
