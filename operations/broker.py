"""The broker: hears of events from the database, once for all subscribers of this process, and hands each its own.

Nothing is sent from what was heard. The database tells ids; a subscriber's queue holds ids; and when a subscriber is
about to be told, its row is looked for again among those that exist for its viewer then.

Every queue is bounded, and every gap ends in the same word: `refetch`. It is said first of all when a subscription has
begun, and again after the connection to the database was lost or a subscriber was too slow for its queue.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context as TaskContext
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from models.base.access import Entity, Role, Viewer
from models.base.changes import CHANNEL, ROWS_CHANNEL, Fact, facts_of_events, visible

QUEUE_MAX = 64
HEARD_MAX = 10_000
READ_AT_ONCE = 500
BALANCES_MAX = 10_000
RECONNECT_SECONDS = 0.5
ALIVE_EVERY_SECONDS = 15.0
ALIVE_WITHIN_SECONDS = 5.0
# The last is what asyncpg makes of a connection whose server has said goodbye and not yet hung up.
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

OWN_ID = {
    Role.STUDENT: "student_id",
    Role.PROVIDER: "provider_id",
    Role.SCHOOL: "school_id",
    Role.PARTNER: "school_id",
}
"""A first sieve: for these roles only events that name their own id are looked at. What is told is decided by reach."""
EVERYTHING_KEY = ("everything", None)

log = structlog.get_logger("broker")


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What can be subscribed to: rows of one model, and which of them an event is about."""

    model: type[Entity]
    row_of: Callable[[Fact], UUID | None]
    balances: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Hashable]]] | None = None
    """Where only the present state counts, how it is read: told when it differs, and once for many events."""
    of_one_row: bool = False
    """Whether it is about one row that changes without an event: each change of it is told as `refetch`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeNotice:
    """What a subscriber is told: one event and the row it is about, or that it has to fetch anew."""

    refetch: bool = False
    event_id: UUID | None = None
    row_id: UUID | None = None
    subject: tuple[str, UUID] | None = None


REFETCH = ChangeNotice(refetch=True)


class Subscriber:
    """One open subscription: whose it is, what it waits for, and a bounded queue of it."""

    def __init__(self, viewer: Viewer, topic: Topic, only: UUID | None) -> None:
        self.viewer = replace(viewer, session_id=None)
        self.topic = topic
        self.only = only
        self.waiting: deque[tuple[Fact, UUID]] = deque()
        self.missed = True
        self.woken = asyncio.Event()
        self.woken.set()

    @property
    def keys(self) -> tuple[tuple[str, UUID | None], ...]:
        """Under which ids of an event, or of a row, it is found."""
        if self.topic.of_one_row:
            return (("row_id", self.only),)
        name = OWN_ID.get(self.viewer.role)
        if name is None:
            return (EVERYTHING_KEY,)
        return ((name, getattr(self.viewer, name)), ("account_id", self.viewer.account_id))

    def tell(self, fact: Fact, row_id: UUID) -> None:
        """Queue one change; a full queue is emptied and ends in `refetch`."""
        if self.topic.balances and any(row == row_id for _, row in self.waiting):
            return
        if len(self.waiting) >= QUEUE_MAX:
            self.tell_refetch()
            return
        if not self.missed:
            self.waiting.append((fact, row_id))
            self.woken.set()

    def tell_refetch(self) -> None:
        """Events are missing from here on: the client has to fetch the present state."""
        self.waiting.clear()
        self.missed = True
        self.woken.set()


class Gate:
    """Who may see what, asked at the moment of sending: all who ask in one tick are answered together."""

    def __init__(self) -> None:
        self._asked: dict[tuple[type[Entity], Viewer], tuple[set[UUID], asyncio.Task[set[UUID]]]] = {}

    async def lets(self, model: type[Entity], viewer: Viewer, row_id: UUID) -> bool:
        """Whether the row exists for the viewer now."""
        asked = self._asked.get((model, viewer))
        if asked is None:
            ids: set[UUID] = set()
            task = asyncio.create_task(self._look(model, viewer, ids), context=TaskContext())
            asked = self._asked[(model, viewer)] = (ids, task)
        asked[0].add(row_id)
        return row_id in await asyncio.shield(asked[1])

    async def _look(self, model: type[Entity], viewer: Viewer, ids: set[UUID]) -> set[UUID]:
        await asyncio.sleep(0)  # whoever else was woken by the same event joins
        del self._asked[(model, viewer)]
        return await visible(model, viewer, ids)


class Broker:
    """All subscribers of this process, and the one connection that hears for them."""

    def __init__(self) -> None:
        self._subscribers: dict[tuple[str, UUID | None], set[Subscriber]] = {}
        self._heard: list[UUID] = []
        self._reading: asyncio.Task[None] | None = None
        self._gate = Gate()
        self._balances: OrderedDict[UUID, Hashable] = OrderedDict()
        self._shared: dict[Hashable, asyncio.Task[Any]] = {}
        self.open = 0
        self.hears = asyncio.Event()

    async def changes(self, viewer: Viewer, topic: Topic, *, only: UUID | None = None) -> AsyncIterator[ChangeNotice]:
        """What happens to the rows of a topic that the viewer may see; `refetch` first, so that nothing falls between.

        Close it to leave.
        """
        subscriber = Subscriber(viewer, topic, only)
        self._join(subscriber)
        try:
            while True:
                await subscriber.woken.wait()
                if subscriber.missed:
                    subscriber.missed = False
                    subscriber.woken.clear()
                    yield REFETCH
                    continue
                if not subscriber.waiting:
                    subscriber.woken.clear()
                    continue
                fact, row_id = subscriber.waiting.popleft()
                if await self._gate.lets(topic.model, subscriber.viewer, row_id):
                    yield ChangeNotice(
                        event_id=fact.event_id, row_id=row_id, subject=(fact.subject_type, fact.subject_id)
                    )
        finally:
            self._leave(subscriber)

    async def shared(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `work`, done once for all who ask with the same key while it is being done."""
        task = self._shared.get(key)
        if task is None:
            task = self._shared[key] = asyncio.create_task(awaited(work), context=TaskContext())
            task.add_done_callback(lambda done: self._shared_is_done(key, done))
        return await asyncio.shield(task)

    @asynccontextmanager
    async def listening(self, connect: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
        """Hear of events on a connection of its own for the length of the block."""
        task = asyncio.create_task(self._listen(connect))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def heard(self, event_id: UUID) -> None:
        """An event was committed. It is read with all others that are heard of meanwhile."""
        if not self.open:
            return
        if len(self._heard) >= HEARD_MAX:
            self._heard.clear()
            self.tell_everybody_to_refetch()
        self._heard.append(event_id)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), context=TaskContext())

    def row_changed(self, row_id: UUID) -> None:
        """A row has changed without an event."""
        for subscriber in self._subscribers.get(("row_id", row_id), ()):
            subscriber.tell_refetch()

    def tell_everybody_to_refetch(self) -> None:
        """Something was missed, and nobody knows what."""
        self._balances.clear()
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.tell_refetch()

    def _join(self, subscriber: Subscriber) -> None:
        if subscriber.topic.balances:  # what was seen last was not seen by this one
            if subscriber.viewer.student_id is None:
                self._balances.clear()
            else:
                self._balances.pop(subscriber.viewer.student_id, None)
        for key in subscriber.keys:
            self._subscribers.setdefault(key, set()).add(subscriber)
        self.open += 1

    def _leave(self, subscriber: Subscriber) -> None:
        for key in subscriber.keys:
            subscribers = self._subscribers[key]
            subscribers.discard(subscriber)
            if not subscribers:
                del self._subscribers[key]
        self.open -= 1

    def _shared_is_done(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        self._shared.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever asked may have left meanwhile

    async def _listen(self, connect: Callable[[], Awaitable[Any]]) -> None:
        while True:
            try:
                await self._listen_once(connect)
            except LOST as error:
                log.warning("broker.connection_lost", error=type(error).__name__)
            finally:
                self.hears.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, connect: Callable[[], Awaitable[Any]]) -> None:
        connection = await connect()
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda *heard: self.heard(UUID(heard[3])))
            await connection.add_listener(ROWS_CHANNEL, lambda *heard: self.row_changed(UUID(heard[3])))
            self.tell_everybody_to_refetch()
            self.hears.set()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(ALIVE_EVERY_SECONDS):
                        await lost.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=ALIVE_WITHIN_SECONDS)
        finally:
            connection.terminate()

    async def _read(self) -> None:
        """Read what was heard, many events in one statement, and hand it out."""
        try:
            while self._heard:
                ids, self._heard = self._heard[:READ_AT_ONCE], self._heard[READ_AT_ONCE:]
                try:
                    await self._hand_out(await facts_of_events(ids))
                except Exception as error:
                    log.error("broker.events_not_read", error=type(error).__name__)
                    self.tell_everybody_to_refetch()
        finally:
            self._reading = None

    async def _hand_out(self, facts: list[Fact]) -> None:
        told = [(fact, self._concerned(fact)) for fact in facts]
        waiting = [(one.topic, one.topic.row_of(fact)) for fact, to in told for one in to if one.topic.balances]
        moved: set[UUID] = set()
        for topic in {topic for topic, _ in waiting}:
            moved |= await self._moved(topic, {row_id for of, row_id in waiting if of is topic and row_id is not None})
        for fact, subscribers in told:
            for subscriber in subscribers:
                row_id = subscriber.topic.row_of(fact)
                if row_id is None or subscriber.only not in (None, row_id):
                    continue
                if subscriber.topic.balances and row_id not in moved:
                    continue
                subscriber.tell(fact, row_id)

    def _concerned(self, fact: Fact) -> set[Subscriber]:
        found: set[Subscriber] = set()
        for key in (
            EVERYTHING_KEY,
            ("student_id", fact.student_id),
            ("provider_id", fact.provider_id),
            ("school_id", fact.school_id),
            ("account_id", fact.actor_id),
            ("account_id", fact.subject_id),
        ):
            found |= self._subscribers.get(key, set())
        return found

    async def _moved(self, topic: Topic, row_ids: set[UUID]) -> set[UUID]:
        """Those rows whose balances differ from what was seen last."""
        if topic.balances is None or not row_ids:
            return set()
        moved: set[UUID] = set()
        for id, balances in (await topic.balances(list(row_ids))).items():
            if self._balances.get(id) != balances:
                moved.add(id)
            self._balances[id] = balances
            self._balances.move_to_end(id)
            if len(self._balances) > BALANCES_MAX:
                self._balances.popitem(last=False)
        return moved


async def awaited(work: Callable[[], Awaitable[Any]]) -> Any:
    """A coroutine out of anything that can be awaited."""
    return await work()
