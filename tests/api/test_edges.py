"""Texts and numbers at their bounds, through the whole program: a clear answer that says where, never a failure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from settings import Settings
from tests.support.api import Api, api_on

LONG, LINE = "x" * 2_001, "two\nlines"
SCHOOL = {"name": "Northfield College", "timeZone": "America/New_York"}
STUDENT = {"name": "Kim", "email": "kim@example.test", "state": "MA", "timeZone": "America/New_York"}
PROVIDER = {
    "name": "Kim",
    "title": "LICSW",
    "email": "kim@example.test",
    "degreeLevel": "MASTERS",
    "services": ["THERAPY"],
    "timeZone": "America/New_York",
}
CAMPUS = {
    "schoolId": "sch_00000000000000000000000000",
    "issuer": "https://id.example.test",
    "clientId": "client",
    "clientSecret": "secret",
    "returnTo": ["app.test:/in"],
}
DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
REFUSED = "{ userErrors { code field fix } }"
NOBODY = "prv_00000000000000000000000000"
WEEK: dict[str, Any] = {"providerId": NOBODY, "hours": [{"weekday": 1, "starts": "09:00", "ends": "12:00"}]}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def api(database: Settings) -> AsyncIterator[Api]:
    """A client of the program; what is kept here is in nobody's way."""
    async with api_on(database) as client:
        yield client


def week(**changed: Any) -> dict[str, Any]:
    """A week of two blocks, the second one changed."""
    first = WEEK["hours"][0]
    return {**WEEK, "hours": [first, {**first, **changed}]}


@pytest.mark.parametrize(
    ("mutation", "fields", "path"),
    [
        ("openSchool", {**SCHOOL, "name": ""}, ["name"]),
        ("openSchool", {**SCHOOL, "name": " \u3000"}, ["name"]),
        ("openSchool", {**SCHOOL, "name": "x" * 201}, ["name"]),
        ("openSchool", {**SCHOOL, "name": LINE}, ["name"]),
        ("openSchool", {**SCHOOL, "name": "bell\x07"}, ["name"]),
        *[("openSchool", {**SCHOOL, "name": f"Ana{mark}Reyes"}, ["name"]) for mark in DIRECTION],
        ("openSchool", {**SCHOOL, "idempotencyKey": "x" * 201}, ["idempotencyKey"]),
        ("openSchool", {**SCHOOL, "idempotencyKey": LINE}, ["idempotencyKey"]),
        ("enterStudent", {**STUDENT, "name": "Bcc: a@b.test\r\nKim"}, ["name"]),
        ("joinProvider", {**PROVIDER, "bio": LONG}, ["bio"]),
        ("joinProvider", {**PROVIDER, "bio": "\x1b[2J"}, ["bio"]),
        ("joinProvider", {**PROVIDER, "title": "x" * 61}, ["title"]),
        ("joinProvider", {**PROVIDER, "missedAppointmentPolicy": LONG}, ["missedAppointmentPolicy"]),
        ("joinProvider", {**PROVIDER, "specialties": ["GRIEF", ""]}, ["specialties", "1"]),
        ("setWeeklyHours", week(starts=LONG), ["hours", "1", "starts"]),
        ("openPractice", {"name": "x" * 201}, ["name"]),
        ("createPartnerKey", {"name": "x" * 101}, ["name"]),
        ("createPartnerKey", {"name": LINE}, ["name"]),
        ("modifyOfficeUser", {"membershipId": "mem_00000000000000000000000000", "title": "x" * 101}, ["title"]),
        ("invite", {"role": "OPS", "email": "kim@example.test", "name": "x" * 201}, ["name"]),
        ("invite", {"role": "OPS", "email": "kim@example.test", "name": LINE}, ["name"]),
        ("invite", {"role": "OPS", "email": "kim@example.test", "title": "x" * 101}, ["title"]),
        ("setCampusIssuer", {**CAMPUS, "issuer": f"https://id.example.test/{'x' * 500}"}, ["issuer"]),
        ("setCampusIssuer", {**CAMPUS, "clientId": "x" * 201}, ["clientId"]),
        ("setCampusIssuer", {**CAMPUS, "returnTo": [f"app.test:/{'x' * 500}"]}, ["returnTo", "0"]),
    ],
)
async def test_a_text_of_another_form_is_refused_by_its_path(
    api: Api, mutation: str, fields: dict[str, Any], path: list[str]
) -> None:
    text = f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {REFUSED} }}"
    answer = (await api.ask(text, role="OPS", input=fields))[mutation]
    of_form = [error for error in answer["userErrors"] if error["code"] == "INVALID"]
    assert [error["field"] for error in of_form] == [["input", *path]]
    assert of_form[0]["fix"]


async def test_texts_are_kept_composed_and_without_the_blanks_around_them(api: Api) -> None:
    fields = {
        **PROVIDER,
        "name": "\u3000 Zoe\u0308\n",
        "title": " LICSW ",
        "email": "zoe@example.test",
        "specialties": [" GRIEF\u00a0", "TRAUMA"],
        "bio": "\n Two\n  lines \u202eand a mark\u202c. ",
    }
    answer = await api.do("joinProvider", role="OPS", selection="provider { name title specialties bio }", **fields)
    assert answer["provider"] == {
        "name": "Zo\u00eb",
        "title": "LICSW",
        "specialties": ["GRIEF", "TRAUMA"],
        "bio": "Two\n  lines \u202eand a mark\u202c.",
    }


async def test_all_texts_of_another_form_are_told_at_once(api: Api) -> None:
    answer = await api.do(
        "joinProvider", role="OPS", selection="__typename", **{**PROVIDER, "name": "", "bio": LONG, "title": LINE}
    )
    assert [error["field"] for error in answer["userErrors"]] == [["input", name] for name in ("name", "title", "bio")]


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ('{ students(filter: {search: "%s"}) { totalCount } }', "filter.search"),
        ('{ appointments(filter: {search: "%s"}) { totalCount } }', "filter.search"),
        ('{ providers(filter: {state: "MA", specialty: "%s"}) { totalCount } }', "filter.specialty"),
        ('{ providers(filter: {state: "MA"}, after: "%s") { totalCount } }', "after"),
        ('{ node(id: "%s") { id } }', "id"),
    ],
)
async def test_an_overlong_text_in_a_query_is_bad_input(api: Api, query: str, argument: str) -> None:
    errors = await api.fail(query % LONG, role="OPS")
    assert [error["extensions"] for error in errors] == [{"code": "BAD_INPUT", "arguments": [argument]}]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\udc00\ud800"])
@pytest.mark.parametrize(
    "place", [{"name": "?"}, {"idempotencyKey": "?"}, {"timeZone": "?"}, {"unknown": ["?"]}, {"name": {"?": 1}}]
)
async def test_what_no_table_can_keep_is_refused_wherever_it_stands(api: Api, text: str, place: dict[str, Any]) -> None:
    variables = json.dumps({"input": {**SCHOOL, **place}}).replace('"?"', json.dumps(text))
    query = "mutation ($input: OpenSchoolInput!) { openSchool(input: $input) { school { id } } }"
    body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
    headers = {"authorization": f"Bearer {await api.token('OPS')}", "content-type": "application/json"}
    answer = await api.http.post("/graphql", content=body.encode(), headers=headers)
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_REQUEST"]
    assert "data" not in answer.json()


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63, 10**400, 1.5, "1", True])
@pytest.mark.parametrize(
    ("mutation", "fields", "name"),
    [
        ("openSchool", SCHOOL, "creditsMin"),
        ("grantCredits", {"studentId": "stu_x"}, "credits"),
        ("moveClock", {}, "hours"),
    ],
)
async def test_a_number_beyond_32_bits_or_of_another_kind_is_refused(
    api: Api, mutation: str, fields: dict[str, Any], name: str, number: Any
) -> None:
    query = (
        f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
    )
    body = json.dumps({"query": query, "variables": {"input": {**fields, name: number}}})
    headers = {"authorization": f"Bearer {await api.token('OPS')}", "content-type": "application/json"}
    answer = (await api.http.post("/graphql", content=body.encode(), headers=headers)).json()
    code = "BAD_REQUEST" if number == 10**400 else "BAD_INPUT"  # the first is no number that JSON readers agree on
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


@pytest.mark.parametrize(
    ("query", "kind", "literal", "value"),
    [
        ("{{ appointments(filter: {{status: [{}]}}) {{ totalCount }} }}", "AppointmentStatus!", "SOON", "SOON"),
        ("{{ providers(filter: {{state: {}}}) {{ totalCount }} }}", "StateCode!", '"XX"', "XX"),
        ("{{ schools {{ nodes {{ monthly(year: {}) {{ month }} }} }} }}", "Int!", "9999999999", 9_999_999_999),
        ("{{ node(id: {}) {{ id }} }}", "ID!", "{a: 1}", {"a": 1}),
        ("{{ appointments(filter: {}) {{ totalCount }} }}", "AppointmentFilter", "{unknown: 1}", {"unknown": 1}),
    ],
)
async def test_a_value_that_does_not_fit_has_one_code_in_the_text_and_by_variable(
    api: Api, query: str, kind: str, literal: str, value: Any
) -> None:
    in_text = await api.fail(query.format(literal), role="OPS")
    by_variable = await api.fail(f"query ($value: {kind}) " + query.format("$value"), role="OPS", value=value)
    for errors in (in_text, by_variable):
        assert [error["extensions"]["code"] for error in errors] == ["BAD_INPUT"], errors


@pytest.mark.parametrize("hours", [2**31 - 1, -(2**31), 0, -1, 24 * 366 + 1])
async def test_the_clock_moves_within_its_bounds_only(api: Api, hours: int) -> None:
    answer = await api.do("moveClock", role="OPS", selection="now", hours=hours)
    assert (answer["now"], [error["code"] for error in answer["userErrors"]]) == (None, ["OUT_OF_BOUNDS"])


@pytest.mark.parametrize(("least", "most"), [(2**31 - 1, 2**31 - 1), (1, 1_001), (-(2**31), 5), (0, 0), (9, 3)])
async def test_limits_of_a_grant_that_make_no_sense_are_refused(api: Api, least: int, most: int) -> None:
    answer = await api.do(
        "openSchool", role="OPS", selection="school { id }", **{**SCHOOL, "creditsMin": least, "creditsMax": most}
    )
    assert answer["school"] is None
    assert answer["userErrors"]


@pytest.mark.parametrize(
    "changed",
    [{"weekday": 0}, {"weekday": 8}, {"weekday": 2**31 - 1}, {"starts": "12:00"}, {"starts": "9:00"}, {"ends": "24:00"},
     {"ends": "12:60"}, {"ends": "１２:00"}, {"starts": " 09:00"}, {"starts": "+9:00"}, {"starts": "09:00:00"},
     {"starts": ""}],
)  # fmt: skip
async def test_hours_that_no_week_has_are_refused(api: Api, changed: dict[str, Any]) -> None:
    found = await api.ask('{ providers(filter: {state: "MA"}, first: 1) { nodes { id } } }', role="OPS")
    fields = {**week(**changed), "providerId": found["providers"]["nodes"][0]["id"]}
    answer = await api.do("setWeeklyHours", role="OPS", selection="provider { id }", **fields)
    assert answer["provider"] is None
    assert answer["userErrors"]


@pytest.mark.parametrize("year", [-1, 0, 1, 9_999, 10_000, 2**31 - 1])
async def test_a_year_beyond_the_calendar_is_bad_input(api: Api, year: int) -> None:
    query = "query ($year: Int!) { schools { nodes { monthly(year: $year) { month } } } }"
    errors = await api.fail(query, role="OPS", year=year)
    assert {error["extensions"]["code"] for error in errors} == {"BAD_INPUT"}


@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1])
@pytest.mark.parametrize("name", ["first", "last"])
async def test_a_page_has_1_to_100_rows(api: Api, name: str, size: int) -> None:
    query = f'query ($size: Int) {{ providers(filter: {{state: "MA"}}, {name}: $size) {{ totalCount }} }}'
    errors = await api.fail(query, role="STUDENT", size=size)
    assert {error["extensions"]["code"] for error in errors} <= {"BAD_INPUT", "PAGE_LIMIT"}


async def test_a_null_where_a_directive_needs_a_boolean_has_a_code(api: Api) -> None:
    query = "query ($show: Boolean = true) { viewer { role @include(if: $show) } }"
    errors = await api.fail(query, role="STUDENT", show=None)
    assert {error["extensions"]["code"] for error in errors} == {"BAD_INPUT"}
