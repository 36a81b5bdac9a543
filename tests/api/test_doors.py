"""Doors that are not GraphQL: who is let in, by which scope, within which bounds, and in what form they are refused."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from structlog.testing import capture_logs

from app import build_engine
from endpoints.doors import Doors, Rules, Visit
from endpoints.figures import as_csv
from models.base.access import Role
from models.base.errors import Code, Refusal, Refused
from models.base.scopes import OPEN, Scope
from models.base.statements import fetch
from models.figures.figures import MonthlyFigures
from models.schools.students import Student
from operations.budgets import Allowances
from operations.fields import ANYONE
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.transport.server import serving
from transport import Origins, Report

FIGURES = "/partners/figures.csv"
STAFF = [Role.SCHOOL, Role.PARTNER]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A client of the program on it."""
    async with api_on(settings) as client:
        yield client


async def key_for(api: Api, *scopes: str) -> dict[str, str]:
    """The headers of a school's machine with a new key."""
    made = await api.do("createPartnerKey", role="SCHOOL", selection="secret", name="Reports", scopes=list(scopes))
    return {"authorization": f"Bearer {made['secret']}"}


# The figures of a school.


async def test_a_schools_machine_downloads_its_figures_and_they_are_those_of_graphql(api: Api) -> None:
    headers = await key_for(api, "FIGURES_READ")
    answer = await api.http.get(FIGURES, params={"year": "2026"}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; header=present; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="figures-2026.csv"'
    asked = "{ viewer { school { monthly(year: 2026) { month suppressed requested reimbursed { amount } } } } }"
    told = (await api.ask(asked, role="SCHOOL"))["viewer"]["school"]["monthly"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["month"], row["suppressed"]) for row in rows] == [
        (month["month"], str(month["suppressed"]).lower()) for month in told
    ]
    assert all((row["requested"] == "") is month["suppressed"] for row, month in zip(rows, told, strict=True))


def test_a_small_group_is_withheld_there_too() -> None:
    large = MonthlyFigures(
        month=date(2026, 3, 1), suppressed=False, requested=20, completed=15, no_shows=2, settled_credits=14,
        amount_cents=133_000,
    )  # fmt: skip
    lines = as_csv([large, MonthlyFigures(month=date(2026, 4, 1), suppressed=True)]).decode().splitlines()
    assert lines[1:] == ['"2026-03-01","false",20,15,2,14,1330.00,"USD"', '"2026-04-01","true","","","","","",""']


async def test_a_key_for_something_else_is_told_which_scope_it_lacks(api: Api) -> None:
    answer = await api.http.get(FIGURES, params={"year": "2026"}, headers=await key_for(api, "STUDENTS_READ"))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="FIGURES_READ"'
    problem = answer.json()
    assert problem.pop("requestId") == answer.headers["x-request-id"]
    assert problem == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "This key lacks the scope FIGURES_READ.",
        "code": "INSUFFICIENT_SCOPE",
        "scope": "FIGURES_READ",
        "rule": "ID-5",
        "fix": "Create a key that has FIGURES_READ among its scopes.",
    }


@pytest.mark.parametrize("year", ["", "20x6", "1999", "2101", "२०२६", "2026\x00", "99999"])
async def test_a_year_that_does_not_fit_is_told_with_its_name(api: Api, year: str) -> None:
    answer = await api.http.get(FIGURES, params={"year": year}, headers=await key_for(api, "FIGURES_READ"))
    assert (answer.status_code, answer.json()["code"], answer.json()["argument"]) == (400, "BAD_INPUT", "year")


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [
        (None, 401, "UNAUTHENTICATED"),
        ("STUDENT", 403, "FORBIDDEN"),
        ("PROVIDER", 403, "FORBIDDEN"),
        ("SCHOOL", 200, ""),
    ],
)
async def test_a_door_is_for_its_audience(api: Api, role: str | None, status: int, code: str) -> None:
    headers = {"authorization": f"Bearer {await api.token(role)}"} if role else {}
    answer = await api.http.get(FIGURES, params={"year": "2026"}, headers=headers)
    assert answer.status_code == status
    assert not code or answer.json()["code"] == code
    assert status != 401 or answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_that_has_ended_opens_no_door(api: Api) -> None:
    headers = {"authorization": "Bearer fc_partner_nobodys"}
    answer = await api.http.get(FIGURES, params={"year": "2026"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


# The frame itself, with doors made for it.

RENAMES = Rules(name="POST /rename", methods=("POST",), allow=STAFF, scope=OPEN, changes=True)


class Hall:
    """Doors of every kind, in front of the same engine."""

    def __init__(self, settings: Settings) -> None:
        self.reports: list[Report] = []
        self.engine = build_engine(settings)
        doors = Doors(self.engine, Origins(allowed=["https://app.example"]), self.reports.append)
        anyone: dict[str, Any] = {"allow": ANYONE, "scope": OPEN}
        self.app = Starlette(
            routes=[
                doors.route("/echo", echo, Rules(name="PUT /echo", methods=("PUT",), body_bytes=20, **anyone)),
                doors.route("/open", hello, Rules(name="GET /open", **anyone)),
                doors.route("/campus", hello, Rules(name="GET /campus", from_other_sites=True, **anyone)),
                doors.route("/slow", slow, Rules(name="GET /slow", seconds=0.05, body_seconds=0, **anyone)),
                doors.route("/broken", broken, Rules(name="GET /broken", **anyone)),
                doors.route("/away", away, Rules(name="GET /away", **anyone)),
                doors.route("/lost", away, Rules(name="GET /lost", changes=True, **anyone)),
                doors.route("/refused", refusing, Rules(name="GET /refused", **anyone)),
                doors.route("/cut", cut, Rules(name="GET /cut", **anyone)),
                doors.route("/dripping", dripping, Rules(name="GET /dripping", sending_seconds=0.1, **anyone)),
                doors.route("/students", students, Rules(name="GET /students", allow=STAFF, scope=Scope.STUDENTS_READ)),
                doors.route("/people", hello, Rules(name="GET /people", allow=STAFF)),
                doors.route(
                    "/rename",
                    rename,
                    Rules(name="POST /rename", methods=("POST",), allow=STAFF, scope=OPEN, changes=True),
                ),
            ]
        )

    def client(self) -> httpx2.AsyncClient:
        """Somebody in front of them."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://testserver")


async def hello(_: Visit) -> Response:
    return PlainTextResponse("hello")


async def echo(visit: Visit) -> Response:
    return PlainTextResponse(await visit.body())


async def slow(_: Visit) -> Response:
    await asyncio.sleep(5)
    return PlainTextResponse("late")


async def broken(_: Visit) -> Response:
    raise ValueError("Ana Reyes, fc_partner_abcdefghijklmnopqrstuvwxyz")


async def away(_: Visit) -> Response:
    raise asyncpg.ConnectionDoesNotExistError("gone")


async def refusing(_: Visit) -> Response:
    raise Refused(
        [
            Refusal(Code.NOT_OPEN, "It is over.", rule="ID-5", path=["id"], fix="Begin again."),
            Refusal(Code.INVALID, "And unfit.", path=["name"]),
        ]
    )


async def cut(_: Visit) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("the disk")

    return StreamingResponse(pieces())


async def dripping(_: Visit) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.02)

    return StreamingResponse(pieces())


async def students(visit: Visit) -> Response:
    rows = await Student.filter(school_id=visit.viewer.school_id)
    visit.context.touch(Student, rows)
    return PlainTextResponse(str(len(rows)))


async def rename(visit: Visit) -> Response:
    async def verb() -> Student:
        row = await Student.filter(school_id=visit.viewer.school_id).first()
        assert row is not None
        return row

    student = await visit.change(verb)
    return PlainTextResponse(student.type_id)


@pytest_asyncio.fixture(loop_scope="session")
async def hall(settings: Settings, api: Api) -> Hall:
    """The doors, on the database of this module."""
    return Hall(settings)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/slow", 503, "DEADLINE"),
        ("/broken", 500, "INTERNAL"),
        ("/away", 503, "UNAVAILABLE"),
        ("/lost", 503, "UNKNOWN_OUTCOME"),
        ("/refused", 409, "NOT_OPEN"),
        ("/people", 401, "UNAUTHENTICATED"),
    ],
)
async def test_each_failure_has_its_status_and_code_and_one_line(hall: Hall, path: str, status: int, code: str) -> None:
    with capture_logs() as logs:
        async with hall.client() as client:
            answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert ("retry-after" in answer.headers) is (status == 503)
    (report,) = hall.reports
    assert (report.kind, report.operation, report.status, report.codes) == ("door", f"GET {path}", status, (code,))
    assert "Reyes" not in answer.text + str(logs)


async def test_all_refusals_are_told_at_once_with_rule_and_fix(hall: Hall) -> None:
    async with hall.client() as client:
        told = (await client.get("/refused")).json()
    assert (told["rule"], told["fix"]) == ("ID-5", "Begin again.")
    assert [(error["code"], error["field"]) for error in told["errors"]] == [
        ("NOT_OPEN", ["id"]),
        ("INVALID", ["name"]),
    ]


async def test_a_person_in_a_browser_reads_a_sentence(hall: Hall) -> None:
    async with hall.client() as client:
        answer = await client.get("/refused", headers={"accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (
        409, "text/plain; charset=utf-8", "It is over.\n",
    )  # fmt: skip


async def test_a_body_is_bounded_whether_it_says_its_length_or_not(hall: Hall) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"12345"

    async with hall.client() as client:
        assert (await client.put("/echo", content=b"x" * 20)).text == "x" * 20
        said = await client.put("/echo", content=b"x" * 21)
        unsaid = await client.put("/echo", content=pieces())
        packed = await client.put("/echo", content=b"x", headers={"content-encoding": "gzip"})
        none = await client.request("GET", "/open", content=b"x")
        lying = await client.put("/echo", content=b"x", headers={"content-length": "-1"})
    assert [answer.status_code for answer in (said, unsaid, packed, none, lying)] == [413, 413, 415, 413, 413]
    assert said.json()["limit"] == 20


async def test_a_method_that_a_door_does_not_take_is_told_those_that_it_does(hall: Hall) -> None:
    async with hall.client() as client:
        answer = await client.delete("/open")
        head = await client.head("/open")
    assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (405, "GET, HEAD", "BAD_REQUEST")
    assert head.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://app.example"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://testserver"}, 200),
    ],
)
async def test_pages_of_other_sites_are_kept_out_but_where_they_send_people(
    hall: Hall, headers: dict[str, str], status: int
) -> None:
    async with hall.client() as client:
        assert (await client.get("/open", headers=headers)).status_code == status
        assert (await client.get("/campus", headers=headers)).status_code == 200


@pytest.mark.parametrize(("path", "code"), [("/cut", "INTERNAL"), ("/dripping", "DEADLINE")])
async def test_an_answer_that_breaks_after_it_began_is_cut_and_told_to_us(hall: Hall, path: str, code: str) -> None:
    async with serving(hall.app) as port, httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(f"http://127.0.0.1:{port}{path}")
    assert [report.codes for report in hall.reports] == [(code,)]


async def test_no_key_opens_a_door_that_names_no_scope(hall: Hall, api: Api) -> None:
    async with hall.client() as client:
        answer = await client.get("/people", headers=await key_for(api, "STUDENTS_READ"))
        person = await client.get("/people", headers={"authorization": f"Bearer {await api.token('SCHOOL')}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert person.status_code == 200


async def test_what_is_read_and_changed_at_a_door_is_in_the_audit_trail_by_its_key(hall: Hall, api: Api) -> None:
    headers = await key_for(api, "STUDENTS_READ")
    async with hall.client() as client:
        count = await client.get("/students", headers={**headers, "x-request-id": "door-read-1"})
        await client.get("/open", headers=headers)
        renamed = await client.post("/rename", headers={**headers, "x-request-id": "door-change-1"})
    assert (count.text, count.headers["x-request-id"]) == ("4", "door-read-1")
    assert renamed.text.startswith("stu_")
    entries = await fetch(
        "SELECT a.kind, a.operation, cardinality(a.student_ids) AS n, k.name FROM audit_entries a"
        " JOIN partner_keys k ON k.id = a.account_id WHERE request_id LIKE 'door-%' ORDER BY number"
    )
    assert [tuple(entry) for entry in entries] == [
        ("READ", "GET /students", 4, "Reports"), ("CHANGE", "POST /rename", 1, "Reports"),
    ]  # fmt: skip


async def test_who_has_spent_the_minute_waits_at_the_door(settings: Settings, api: Api) -> None:
    hall = Hall(settings)
    hall.engine.budgets.allowances = Allowances(viewer=25, source=1_000, anonymous=1_000)
    headers = await key_for(api, "STUDENTS_READ")
    async with hall.client() as client:
        answers = [await client.get("/students", headers=headers) for _ in range(4)]
        other = await client.get("/students", headers=await key_for(api, "STUDENTS_READ"))
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert int(answers[2].headers["retry-after"]) <= 60
    assert other.status_code == 200


async def test_a_client_that_leaves_while_it_sends_is_no_failure(hall: Hall) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "PUT", "path": "/echo", "raw_path": b"/echo", "query_string": b"", "headers": [],
        "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    await hall.app(scope, receive, send)
    assert sent == []
