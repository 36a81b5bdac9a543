"""The floor: what the same answers cost without GraphQL, written by hand for each screen.

A bare ASGI application, SQL by hand through asyncpg with a pool of its own, orjson. It takes the asker's word for who
they are, has no limits, no audit, no errors but the server's own. Booking and attesting do the product's writes in one
transaction: the same lock, the same tables, the same triggers.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import uvicorn

from benchmarks import floor_sql as sql
from cli.serving import GARBAGE_THRESHOLDS
from database import credentials
from models.base.ids import PAIRS, new_id

POOL_SIZE = 10
HORIZON = timedelta(days=60)
ONE_DAY = timedelta(days=1)
JSON_HEADERS = [(b"content-type", b"application/json")]
MONEY = "USD"


def tid(prefix: str, id: Any) -> str:
    """A TypeID."""
    n = id.int
    p = PAIRS
    return (
        f"{prefix}_{p[n >> 120]}{p[n >> 110 & 1023]}{p[n >> 100 & 1023]}{p[n >> 90 & 1023]}{p[n >> 80 & 1023]}"
        f"{p[n >> 70 & 1023]}{p[n >> 60 & 1023]}{p[n >> 50 & 1023]}{p[n >> 40 & 1023]}{p[n >> 30 & 1023]}"
        f"{p[n >> 20 & 1023]}{p[n >> 10 & 1023]}{p[n & 1023]}"
    )


def dollars(cents: int) -> str:
    """An amount as a decimal string."""
    return f"{cents // 100}.{cents % 100:02d}"


async def mobile_home(pool: Any, asked: dict[str, Any]) -> Any:
    """One student's wallet and next five appointments."""
    async with pool.acquire() as connection:
        wallet = await connection.fetchrow(sql.WALLET, asked["student"])
        rows = await connection.fetch(sql.UPCOMING, asked["student"], datetime.now(UTC))
    nodes = [
        {
            "id": tid("apt", id), "status": status, "visitType": visit, "startsAt": starts, "endsAt": ends,
            "confirmBy": confirm_by, "telehealthLink": link or None,
            "provider": {"id": tid("prv", provider), "name": name, "title": title},
        }
        for id, status, visit, starts, ends, confirm_by, link, provider, name, title in rows
    ]  # fmt: skip
    return {"wallet": dict(wallet), "appointments": {"nodes": nodes}}


async def directory_page(pool: Any, asked: dict[str, Any]) -> Any:
    """Twenty providers of a state, their licenses, and for each the next three openings for this student."""
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        rows = await connection.fetch(sql.DIRECTORY, asked["state"], now.date())
        more, rows = len(rows) > 20, rows[:20]
        ids = [row[0] for row in rows]
        licenses = await connection.fetch(sql.LICENSES, ids)
        openings = await connection.fetch(
            sql.OPENINGS, ids, now + ONE_DAY, now + HORIZON, asked["student"], asked["state"]
        )
    licensed: dict[Any, list[Any]] = {}
    for provider, title, state in licenses:
        licensed.setdefault(provider, []).append({"title": title, "state": state})
    open_at: dict[Any, list[Any]] = {}
    for provider, id, starts in openings:
        open_at.setdefault(provider, []).append({"id": tid("opn", id), "startsAt": starts})
    nodes = [
        {
            "id": tid("prv", id), "name": name, "title": title, "specialties": specialties,
            "acceptingNewClients": accepting, "missedAppointmentPolicy": policy or None,
            "licenses": licensed.get(id, []), "openings": {"nodes": open_at.get(id, [])},
        }
        for id, name, title, specialties, accepting, policy in rows
    ]  # fmt: skip
    return {"providers": {"nodes": nodes, "pageInfo": page_info(rows, more, 1)}}


def page_info(rows: Any, more: bool, key: int) -> Any:
    """Whether there is more, and where the page ends."""
    cursor = urlsafe_b64encode(orjson.dumps([rows[-1][key], str(rows[-1][0])])).decode() if rows else None
    return {"hasNextPage": more, "endCursor": cursor}


async def providers_day(pool: Any, asked: dict[str, Any]) -> Any:
    """What waits for a provider's answer, what is next, and what waits to be attested."""
    provider, now = asked["provider"], datetime.now(UTC)
    async with pool.acquire() as connection:
        requests = await connection.fetch(sql.REQUESTS, provider)
        sessions = await connection.fetch(sql.SESSIONS, provider, now)
        over = await connection.fetch(sql.TO_ATTEST, provider, now)
    return {
        "requests": {
            "nodes": [
                {
                    "id": tid("apt", id), "visitType": visit, "startsAt": starts, "confirmBy": confirm_by,
                    "expectedReimbursement": None if cents is None else {"amount": dollars(cents), "currency": MONEY},
                    "student": {"id": tid("stu", student), "name": name},
                }
                for id, visit, starts, confirm_by, cents, student, name in requests
            ]
        },
        "sessions": {
            "nodes": [
                {
                    "id": tid("apt", id), "visitType": visit, "startsAt": starts, "endsAt": ends,
                    "student": {"id": tid("stu", student), "name": name},
                }
                for id, visit, starts, ends, student, name in sessions
            ]
        },
        "toAttest": {
            "nodes": [
                {
                    "id": tid("apt", id), "startsAt": starts, "attestBy": by,
                    "student": {"id": tid("stu", student), "name": name},
                }
                for id, starts, by, student, name in over
            ]
        },
    }  # fmt: skip


async def partner_list(pool: Any, asked: dict[str, Any]) -> Any:
    """A hundred appointments of a school with student, provider and claim."""
    async with pool.acquire() as connection:
        return {"appointments": await hundred(connection, asked)}


async def partner_dashboard(pool: Any, asked: dict[str, Any]) -> Any:
    """The same behind the school's figures for each month of a year."""
    async with pool.acquire() as connection:
        name = await connection.fetchval(sql.SCHOOL, asked["school"])
        months = await connection.fetch(sql.FIGURES, asked["school"], asked["year"])
        listed = await hundred(connection, asked)
    nothing = {"suppressed": True, "requested": None, "completed": None, "noShows": None, "settledCredits": None,
               "reimbursed": None}  # fmt: skip
    known = {
        month: {
            "suppressed": False, "requested": requested, "completed": completed, "noShows": no_shows,
            "settledCredits": settled, "reimbursed": {"amount": dollars(cents), "currency": MONEY},
        }
        for month, students, requested, completed, no_shows, settled, cents in months
        if students >= 11
    }  # fmt: skip
    year = [date(asked["year"], number, 1) for number in range(1, 13)]
    figures = [{"month": month, **known.get(month, nothing)} for month in year]
    return {"viewer": {"school": {"name": name, "monthly": figures}}, "appointments": listed}


async def hundred(connection: Any, asked: dict[str, Any]) -> Any:
    """The list of the partner's dashboard."""
    before = datetime.fromisoformat(asked["before"])
    rows = await connection.fetch(sql.HUNDRED, asked["school"], before, "ffffffffffffffffffffffffffffffff")
    more, rows = len(rows) > 100, rows[:100]
    nodes = [
        {
            "id": tid("apt", id), "status": status, "visitType": visit, "startsAt": starts,
            "student": {"id": tid("stu", student), "name": student_name, "state": state},
            "provider": {"id": tid("prv", provider), "name": provider_name, "title": title},
            "claim": None
            if claim is None
            else {"id": tid("clm", claim), "status": decision, "amount": {"amount": dollars(cents)}},
        }
        for id, starts, status, visit, student, student_name, state, provider, provider_name, title, claim, decision,
        cents in rows
    ]  # fmt: skip
    return {"nodes": nodes, "pageInfo": page_info(rows, more, 1)}


@lru_cache(1000)
def deadline_of(day: Any, zone: str) -> datetime:
    """The end of the thirtieth day after this one."""
    return datetime.combine(day + timedelta(days=31), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)


async def book(pool: Any, asked: dict[str, Any]) -> Any:
    """Lock the wallet, look whether it can be done, write appointment, hold and event."""
    student, now = asked["student"], datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(sql.LOCK, student)
        facts = await connection.fetchrow(sql.FACTS, asked["opening"], student, asked["state"])
        (provider, starts, school, licensed, grant, cents, free, visit, policy, zone) = facts
        if licensed is None or grant is None or cents is None or not free or starts < now + ONE_DAY:
            return {"requestAppointment": {"appointment": None, "userErrors": [{}]}}
        id, confirm_by = new_id(), min(now + timedelta(hours=72), starts)
        ends = starts + timedelta(minutes=60 if visit == "INTAKE" else 50)
        day = starts.astimezone(ZoneInfo(zone)).date()
        await connection.execute(
            sql.BOOK, id, student, provider, school, licensed, visit, asked["state"], starts, ends, now, confirm_by,
            deadline_of(day, zone), cents, policy, new_id(), grant, new_id(), asked["account"],
        )  # fmt: skip
    shown = {
        "id": tid("apt", id),
        "status": "REQUESTED",
        "visitType": visit,
        "startsAt": starts,
        "confirmBy": confirm_by,
    }
    return {"requestAppointment": {"appointment": shown, "userErrors": []}}


async def attest(pool: Any, asked: dict[str, Any]) -> Any:
    """Lock wallet and appointment, look up the rate, write completion, claim, settlement and events."""
    appointment, now = asked["appointment"], datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        student = await connection.fetchval(sql.STUDENT_OF, appointment, asked["provider"])
        await connection.execute(sql.LOCK, student)
        facts = await connection.fetchrow(sql.TO_BE_ATTESTED, appointment)
        provider, school, visit, status, ends, by, cents, rate, grant = facts
        if status != "CONFIRMED" or ends > now or by <= now:
            return {"attestSession": {"claim": None, "userErrors": [{}]}}
        claim = new_id()
        await connection.execute(
            sql.ATTEST, appointment, now, claim, student, provider, school, visit, cents, rate, asked["account"],
            new_id(), grant, new_id(), new_id(),
        )  # fmt: skip
    shown = {
        "id": tid("clm", claim), "status": "ACCEPTED", "visitType": visit,
        "amount": {"amount": dollars(cents), "currency": MONEY}, "appointment": {"status": "COMPLETED"},
    }  # fmt: skip
    return {"attestSession": {"claim": shown, "userErrors": []}}


ROUTES: dict[str, Callable[[Any, dict[str, Any]], Awaitable[Any]]] = {
    "/mobile-home": mobile_home,
    "/directory-page": directory_page,
    "/providers-day": providers_day,
    "/partner-list": partner_list,
    "/partner-dashboard": partner_dashboard,
    "/book": book,
    "/attest": attest,
}


class Floor:
    """The bare ASGI application."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        message = await receive()
        body = orjson.dumps(
            {"data": await ROUTES[scope["path"]](self.pool, orjson.loads(message["body"]))}, option=orjson.OPT_UTC_Z
        )
        headers = [*JSON_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def live(self, receive: Any, send: Any) -> None:
        """Open the pool at the start and close it at the end."""
        await receive()
        settings = {"timezone": "UTC", "application_name": "floor"}
        self.pool = await asyncpg.create_pool(
            **credentials(self.url), min_size=POOL_SIZE, max_size=POOL_SIZE, server_settings=settings, reset=no_reset
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


async def no_reset(_: Any) -> None:
    """Spare the round trip that asyncpg makes when a connection is given back; the product does so too."""


class Server(uvicorn.Server):
    """uvicorn that lets the garbage collector look at what is new alone, and rarely, as the product does."""

    async def startup(self, sockets: Any = None) -> None:
        """Take connections."""
        await super().startup(sockets=sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        print("ready", flush=True)


def main() -> None:
    """Serve on a port of the loopback until told to stop."""
    url, port = sys.argv[1:]
    config = uvicorn.Config(
        Floor(url), host="127.0.0.1", port=int(port), log_config=None, access_log=False, server_header=False,
        proxy_headers=False, lifespan="on", loop="uvloop", http="httptools",
    )  # fmt: skip
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(Server(config).serve())


if __name__ == "__main__":
    main()
