"""Subscriptions: told what happens, at once, to whom it concerns and to nobody else, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

import demo
from app import create_app, listener
from execution import core_execute
from models.base.access import Role, Viewer
from models.base.changes import CHANNEL, visible
from models.base.ids import new_id
from models.base.statements import execute, fetch
from operations import broker as brokers
from operations.broker import Broker, ChangeNotice
from resolvers.appointments.changes import APPOINTMENTS
from resolvers.claims.changes import CLAIMS
from resolvers.credits.changes import WALLETS
from resolvers.notifications.inbox import INBOX
from settings import Settings
from tests.support.api import Api
from tests.support.farewell import say_farewell
from tests.support.world import (
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    granted,
    pair_of,
    requested,
    student_of,
)
from tests.transport.server import serving
from tests.transport.sockets import PROTOCOL, Client

PATIENCE_SECONDS = 30.0  # nothing waits this long but on a machine that stalls
APPOINTMENT = "subscription { appointmentChanged { refetch event { verb } appointment { id status } } }"
WALLET = "subscription { walletChanged { refetch wallet { available held } } }"
INBOX_OF = "subscription { inbox { refetch event { verb subject { id ... on Appointment { status } } } } }"


class Listening:
    """One subscription inside this process, its changes taken one by one."""

    def __init__(self, source: Any) -> None:
        self.source = source

    async def next(self) -> ChangeNotice:
        """The next change."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            change: ChangeNotice = await anext(self.source)
            return change

    async def begun(self) -> Listening:
        """The subscription, after its first word."""
        assert (await self.next()).refetch
        return self


@dataclass
class Room:
    """A broker that listens to the test's own database, and those who subscribed."""

    broker: Broker
    stack: AsyncExitStack

    async def subscribe(self, viewer: Viewer, topic: Any, **more: Any) -> Listening:
        """Subscribe, and hear the first word; what happened before is not heard of late."""
        await self.caught_up()
        source = await self.stack.enter_async_context(aclosing(self.broker.changes(viewer, topic, **more)))  # type: ignore[type-var]
        return await Listening(source).begun()

    async def caught_up(self) -> None:
        """Wait until the database has told all that it had to tell."""
        mark, heard = new_id(), asyncio.Event()
        real = self.broker.heard

        def hear(event_id: UUID) -> None:
            if event_id == mark:
                heard.set()
            else:
                real(event_id)

        self.broker.heard = hear  # type: ignore[method-assign]
        await execute("SELECT pg_notify($1, $2)", CHANNEL, str(mark))
        await asyncio.wait_for(heard.wait(), PATIENCE_SECONDS)
        self.broker.heard = real  # type: ignore[method-assign]


@pytest_asyncio.fixture(loop_scope="session")
async def room(committed: Settings) -> AsyncIterator[Room]:
    broker = Broker()
    async with broker.listening(partial(listener, committed)), AsyncExitStack() as stack:
        await broker.hears.wait()
        yield Room(broker, stack)
    assert broker.open == 0


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the broker sends."""
    sent: list[str] = []

    async def counted(statement: str, *values: Any, **more: Any) -> Any:
        sent.append(statement)
        return await fetch(statement, *values, **more)

    monkeypatch.setattr("models.base.changes.fetch", counted)
    return sent


async def test_a_change_is_told_to_both_sides_and_to_the_school_alone(room: Room) -> None:
    pair, other = await pair_of(), await pair_of()
    student = await room.subscribe(as_student(pair.student), APPOINTMENTS)
    provider = await room.subscribe(as_provider(pair.provider), APPOINTMENTS)
    school = await room.subscribe(as_staff(Role.SCHOOL, school=pair.school), APPOINTMENTS)
    stranger = await room.subscribe(as_student(other.student), APPOINTMENTS)
    appointment = await requested(pair.student, pair.openings[0])
    theirs = await requested(other.student, other.openings[0])
    assert [(await one.next()).row_id for one in (student, provider, school)] == [appointment.id] * 3
    assert (await stranger.next()).row_id == theirs.id


async def test_program_staff_hears_of_everything(room: Room) -> None:
    pair = await pair_of()
    staff = await room.subscribe(as_staff(Role.OPS), INBOX)
    appointment = await requested(pair.student, pair.openings[0])
    assert (await staff.next()).subject == ("apt", appointment.id)


async def test_one_appointment_can_be_watched_alone(room: Room) -> None:
    pair = await pair_of()
    first = await confirmed(pair.student, pair.openings[0])
    watching = await room.subscribe(as_student(pair.student), CLAIMS)
    one = await room.subscribe(as_student(pair.student), APPOINTMENTS, only=first.id)
    claim = await attested(first)
    assert (await watching.next()).row_id == claim.id
    assert (await one.next()).row_id == first.id


async def test_a_wallet_is_told_when_a_balance_differs_and_only_then(room: Room) -> None:
    pair = await pair_of(credits=2)
    wallet = await room.subscribe(as_student(pair.student), WALLETS)
    inbox = await room.subscribe(as_student(pair.student), INBOX)
    await granted(pair.student, 3)
    assert (await wallet.next()).row_id == pair.student.id
    await confirmed(pair.student, pair.openings[0])  # requested holds a credit, confirmed moves none
    assert (await wallet.next()).row_id == pair.student.id
    for _ in range(3):  # granted, requested, confirmed
        await inbox.next()
    await granted(pair.student, 1)
    await inbox.next()
    assert (await wallet.next()).row_id == pair.student.id


async def test_what_is_no_longer_visible_is_not_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, other = await pair_of(), await pair_of()
    school = as_staff(Role.SCHOOL, school=pair.school)
    watching = await room.subscribe(school, INBOX)
    looked = asyncio.Event()

    async def moved_meanwhile(model: Any, viewer: Any, ids: Any) -> Any:
        looked.set()
        return await visible(
            model, Viewer(account_id=viewer.account_id, role=Role.SCHOOL, school_id=other.school.id), ids
        )

    monkeypatch.setattr(brokers, "visible", moved_meanwhile)
    await requested(pair.student, pair.openings[0])
    unseen = asyncio.ensure_future(watching.next())
    await asyncio.wait_for(looked.wait(), PATIENCE_SECONDS)
    monkeypatch.setattr(brokers, "visible", visible)
    await student_of(pair.school)
    assert (await unseen).subject is not None
    assert (await unseen).subject[0] == "stu"  # type: ignore[index]


async def test_a_viewer_with_many_subscriptions_costs_as_few_statements_as_with_one(
    room: Room, statements: list[str]
) -> None:
    pair = await pair_of()
    many = [await room.subscribe(as_student(pair.student), APPOINTMENTS) for _ in range(50)]
    appointment = await requested(pair.student, pair.openings[0])
    heard = await asyncio.gather(*(one.next() for one in many))
    assert {change.row_id for change in heard} == {appointment.id}
    assert sum("FROM appointments" in statement for statement in statements) == 1


async def test_nobody_who_is_not_concerned_costs_a_statement(room: Room, statements: list[str]) -> None:
    pair, other = await pair_of(), await pair_of()
    others = [await student_of(other.school) for _ in range(20)]
    concerned = await room.subscribe(as_student(pair.student), APPOINTMENTS)
    for student in others:
        await room.subscribe(as_student(student), APPOINTMENTS)
    await requested(pair.student, pair.openings[0])
    await concerned.next()
    assert sum("FROM appointments" in statement for statement in statements) == 1


async def test_events_that_come_together_are_read_together(room: Room, statements: list[str]) -> None:
    pair = await pair_of()
    staff = await room.subscribe(as_staff(Role.OPS), INBOX)
    await execute(
        "INSERT INTO events SELECT gen_random_uuid(), 'provider.joined', 'prv', $1, now(), NULL, NULL, '', NULL, NULL,"
        " $1, NULL, '{}' FROM generate_series(1, 40)",
        pair.provider.id,
    )
    statements.clear()
    heard = [await staff.next() for _ in range(40)]
    assert len({change.event_id for change in heard}) == 40
    assert sum("FROM events WHERE id = ANY" in statement and "AS event_id" in statement for statement in statements) < 5


async def test_a_reader_too_slow_for_the_queue_is_told_to_fetch_again(room: Room) -> None:
    pair = await pair_of()
    slow = await room.subscribe(as_staff(Role.OPS), INBOX)
    witness = await room.subscribe(as_provider(pair.provider), APPOINTMENTS)
    await execute(
        "INSERT INTO events SELECT gen_random_uuid(), 'provider.joined', 'prv', $1, now(), NULL, NULL, '', NULL, NULL,"
        " $1, NULL, '{}' FROM generate_series(1, $2)",
        pair.provider.id,
        brokers.QUEUE_MAX + 1,
    )
    await requested(pair.student, pair.openings[0])
    await witness.next()
    assert (await slow.next()).refetch
    await student_of(pair.school)
    assert (await slow.next()).subject[0] == "stu"  # type: ignore[index]


async def test_everybody_fetches_again_after_the_connection_was_lost(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "RECONNECT_SECONDS", 0.01)
    pair = await pair_of()
    student = await room.subscribe(as_student(pair.student), APPOINTMENTS)
    # Of this database alone: another process of the suite may be listening on its own at the same server.
    lost = await fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    assert len(lost) == 1
    assert (await student.next()).refetch
    await asyncio.wait_for(room.broker.hears.wait(), PATIENCE_SECONDS)
    appointment = await requested(pair.student, pair.openings[0])
    assert (await student.next()).row_id == appointment.id


async def test_a_connection_whose_server_has_said_goodbye_is_replaced_although_its_socket_is_open(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "ALIVE_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(brokers, "RECONNECT_SECONDS", 0.01)
    made: list[Any] = []
    replaced = asyncio.Event()

    async def connected() -> Any:
        if made:
            replaced.set()
        made.append(await listener(committed))
        return made[-1]

    broker = Broker()
    async with asyncio.timeout(PATIENCE_SECONDS), broker.listening(connected):
        await broker.hears.wait()
        say_farewell(made[0])
        await replaced.wait()
        await broker.hears.wait()
    assert made[0].is_closed()


async def test_events_that_cannot_be_read_end_in_fetching_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = await pair_of()
    student = await room.subscribe(as_student(pair.student), APPOINTMENTS)

    async def failing(ids: Any) -> Any:
        raise asyncpg.PostgresConnectionError

    monkeypatch.setattr(brokers, "facts_of", failing)
    await requested(pair.student, pair.openings[0])
    assert (await student.next()).refetch


@dataclass
class Served:
    """A server on loopback and a client of its HTTP side."""

    port: int
    api: Api

    @asynccontextmanager
    async def socket(self, role: str) -> AsyncIterator[Client]:
        """A WebSocket, signed in."""
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=[PROTOCOL], proxy=None) as socket:  # type: ignore[list-item]
            client = Client(socket)
            await client.init(authorization=f"Bearer {await self.api.token(role)}")
            yield client


@pytest_asyncio.fixture(loop_scope="session")
async def served(committed: Settings) -> AsyncIterator[Served]:
    await demo.load()
    async with (
        serving(create_app(committed), lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        yield Served(port, Api(http=http))


async def demo_request(api: Api) -> str:
    """An appointment that the demo's student asks of the demo's provider."""
    found = await api.ask(
        '{ providers(filter: {state: "MA"}, first: 5) { nodes { name openings(first: 1) { nodes { id } } } } }',
        role="STUDENT",
    )
    opening = next(node for node in found["providers"]["nodes"] if node["name"] == "Noor Haddad")["openings"]["nodes"]
    answer = await api.do(
        "requestAppointment",
        role="STUDENT",
        selection="appointment { id }",
        openingId=opening[0]["id"],
        state="MA",
        acceptsMissedAppointmentPolicy=True,
    )
    id: str = answer["appointment"]["id"]
    return id


async def told(client: Client) -> Any:
    """The next event's data."""
    message = await client.hear()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]


async def test_an_appointment_is_told_over_websocket_as_it_is_now(served: Served) -> None:
    async with served.socket("PROVIDER") as provider, served.socket("STUDENT") as student:
        await provider.subscribe("a", APPOINTMENT)
        await student.subscribe("w", WALLET)
        empty = {"refetch": True, "event": None, "appointment": None}
        assert await told(provider) == {"appointmentChanged": empty}
        assert await told(student) == {"walletChanged": {"refetch": True, "wallet": None}}
        id = await demo_request(served.api)
        assert await told(provider) == {
            "appointmentChanged": {
                "refetch": False,
                "event": {"verb": "APPOINTMENT_REQUESTED"},
                "appointment": {"id": id, "status": "REQUESTED"},
            }
        }
        assert await told(student) == {"walletChanged": {"refetch": False, "wallet": {"available": 5, "held": 1}}}
        await served.api.do("declineAppointment", role="PROVIDER", selection="appointment { id }", appointmentId=id)
        assert (await told(provider))["appointmentChanged"]["appointment"]["status"] == "DECLINED"
        assert (await told(student))["walletChanged"]["wallet"] == {"available": 6, "held": 0}


async def test_the_inbox_is_told_as_server_sent_events(served: Served) -> None:
    headers = {"authorization": f"Bearer {await served.api.token('STUDENT')}", "accept": "text/event-stream"}
    async with served.api.http.stream("POST", "/graphql", json={"query": INBOX_OF}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()

        async def event() -> Any:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for line in lines:
                    if line.startswith("data: "):
                        return orjson.loads(line.removeprefix("data: "))["data"]["inbox"]
            raise AssertionError("the stream ended")

        assert (await event())["refetch"]
        id = await demo_request(served.api)
        assert await event() == {
            "refetch": False,
            "event": {"verb": "APPOINTMENT_REQUESTED", "subject": {"id": id, "status": "REQUESTED"}},
        }


async def test_many_subscriptions_of_one_viewer_are_executed_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[ChangeNotice] = []

    async def counted(*arguments: Any, **more: Any) -> Any:
        executed.append(more["root_value"])
        return await core_execute(*arguments, **more)

    monkeypatch.setattr("operations.engine.core_execute", counted)
    async with served.socket("PROVIDER") as provider:
        for name in range(10):
            await provider.subscribe(f"s{name}", APPOINTMENT)
        for _ in range(10):
            await told(provider)
        executed.clear()
        id = await demo_request(served.api)
        heard = [await told(provider) for _ in range(10)]
    assert {one["appointmentChanged"]["appointment"]["id"] for one in heard} == {id}
    assert len(executed) == 1


@pytest.mark.parametrize("role", ["FINANCE"])
async def test_a_role_that_sees_no_appointments_cannot_subscribe_to_them(served: Served, role: str) -> None:
    async with served.socket(role) as client:
        await client.subscribe("a", APPOINTMENT)
        message = await client.hear()
    assert message["type"] == "error"
    assert [error["extensions"]["code"] for error in message["payload"]] == ["FORBIDDEN"]


async def test_a_revoked_session_ends_its_subscription_within_five_seconds(served: Served) -> None:
    async with served.socket("PROVIDER") as client:
        await client.subscribe("a", APPOINTMENT)
        await told(client)
        begun = asyncio.get_running_loop().time()
        await execute("UPDATE sessions SET revoked_at = now()")
        assert await client.closed() == 4401
    assert asyncio.get_running_loop().time() - begun < 5
