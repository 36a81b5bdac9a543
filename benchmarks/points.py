"""What a point of cost takes, in CPU and in bytes: `python -m benchmarks.points` asks for full pages and priced fields.

The defaults of `transport.Limits`, of the budgets and of `operations.prices` are set from what it prints. It counts the
processor's time of this process and of its PostgreSQL, so that a busy machine gives the same numbers.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import httpx2
from pydantic import SecretStr

import demo
from app import create_app
from database import Embedded, connected, create_database, migrate
from models.base.clock import real_now
from models.schools.schools import School
from models.schools.students import Student
from settings import Settings
from web.examples import examples

ROUNDS = 20
PRICED = {
    "auditProof": ("OPS", "{ auditProof { agrees } }"),
    "ledgerProof": ("OPS", "{ ledgerProof { agrees } }"),
    "totalCount": ("OPS", "{ appointments { totalCount } students { totalCount } }"),
    "myRecord": ("STUDENT", "{ myRecord { __typename } }"),
    "one row": ("OPS", "{ viewer { role } }"),
    "a full page": ("OPS", "{ students(first: 100) { nodes { id name } } }"),
    "a full page, wide": (
        "OPS",
        "{ students(first: 100) { nodes { id name email state school { id name timeZone } wallet { available } } } }",
    ),
}
STUDENTS = 300
TICKS = os.sysconf("SC_CLK_TCK")


def postgres_seconds(folder: Path) -> float:
    """The processor's time of a PostgreSQL and its processes, the ended ones too."""
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == postmaster or int(fields[1]) == postmaster:
            own, ended = fields[11:13], fields[13:15] if int(stat.parent.name) == postmaster else []
            total += sum(map(int, (*own, *ended)))
    return total / TICKS


async def enroll_students() -> None:
    """So many students that pages are full."""
    school = await School.all().first()
    assert school is not None
    for number in range(STUDENTS):
        name, email = f"Student {number}", f"points{number}@example.test"
        await Student.enter(
            school, name=name, email=email, state="MA", time_zone="America/New_York", by=None, at=real_now()
        )


async def signed_in(http: httpx2.AsyncClient, role: str) -> dict[str, str]:
    """The header of a demo account."""
    account = next(account for account in demo.ACCOUNTS if account.role == role)
    if account.key:
        return {"authorization": f"Bearer {account.key}"}
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
    sent = {"query": query, "variables": {"input": {"email": account.email, "password": demo.PASSWORD}}}
    token = (await http.post("/graphql", json=sent)).json()["data"]["signIn"]["accessToken"]
    return {"authorization": f"Bearer {token}"}


async def measure(http: httpx2.AsyncClient, folder: Path) -> None:
    """Print a line for each document."""
    asked = dict(PRICED)
    for example in examples():
        if example.query.lstrip().startswith("query") and not example.variables:
            asked[example.title] = (example.role, example.query)
    print(f"{'':40} {'points':>7} {'ms':>7} {'ms of PG':>9} {'bytes':>8} {'us/point':>9} {'bytes/point':>12}")
    for name, (role, query) in asked.items():
        headers = await signed_in(http, role)
        answer = await http.post("/graphql", json={"query": query}, headers=headers)
        body = answer.json()
        if body.get("errors"):
            continue
        own, database = time.process_time(), postgres_seconds(folder)
        for _ in range(ROUNDS):
            await http.post("/graphql", json={"query": query}, headers=headers)
        own = (time.process_time() - own) * 1000 / ROUNDS
        database = (postgres_seconds(folder) - database) * 1000 / ROUNDS
        points, size = body["extensions"]["cost"]["requested"], len(answer.content)
        each = (own + database) * 1000 / points
        print(f"{name[:40]:40} {points:7} {own:7.2f} {database:9.2f} {size:8} {each:9.0f} {size / points:12.0f}")


async def main() -> None:
    """Make a demo server in a folder of its own, and ask."""
    with tempfile.TemporaryDirectory(prefix="fc-") as name:
        folder = Path(name) / "data"
        with Embedded(folder, durable=False) as embedded:
            await create_database(embedded.url(), "credits")
            url = SecretStr(embedded.url("credits"))
            settings = Settings(_env_file=None, env="demo", database_url=url, cost_per_minute=10**9)
            await migrate(settings)
            async with connected(settings):
                await demo.load()
                await enroll_students()
                transport = httpx2.ASGITransport(app=create_app(settings))
                async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
                    await measure(http, folder)


if __name__ == "__main__":
    asyncio.run(main())
