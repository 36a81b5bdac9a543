"""GraphQL over HTTP: what is answered, with which status and which media type."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError

from tests.transport.client import NEW, OLD, ask, call, get, post
from tests.transport.stand_in import SECRET, StandInEngine
from transport import Code, GraphQLApp, Limits, Origins, Report, refusal

RESPONSE_TYPE = f"{NEW}; charset=utf-8"
LEGACY_TYPE = f"{OLD}; charset=utf-8"


@pytest.fixture
def engine() -> StandInEngine:
    return StandInEngine()


@pytest.fixture
def app(engine: StandInEngine) -> GraphQLApp:
    return GraphQLApp(engine, Limits(body_seconds=0.05, request_seconds=0.05))


async def test_a_query_is_answered_with_data_and_cost(app: GraphQLApp) -> None:
    answer = await ask(app, "{ hello at item { name } }")
    assert answer.status == 200
    assert answer.headers["content-type"] == RESPONSE_TYPE
    assert answer.json == {
        "data": {"hello": "hello you", "at": "2026-11-22T12:00:00+00:00", "item": {"name": "item 1"}},
        "extensions": {"cost": {"requested": 1, "remaining": 49999, "limit": 50000, "resetAt": "2026-11-22T12:00:00Z"}},
    }


async def test_a_mutation_is_answered_by_post(app: GraphQLApp) -> None:
    answer = await ask(app, 'mutation { rename(name: "new") { name } }')
    assert answer.json["data"] == {"rename": {"name": "new"}}


async def test_variables_and_operation_name_reach_the_engine(app: GraphQLApp) -> None:
    document = "query A($name: String!) { hello(name: $name) } query B { item { id } }"
    answer = await ask(app, document, operationName="A", variables={"name": "Zoë"})
    assert answer.json["data"] == {"hello": "hello Zoë"}


async def test_every_context_that_was_opened_is_closed(app: GraphQLApp, engine: StandInEngine) -> None:
    for document in ["{ hello }", "{ fails }", "{ missing }", "{", "{ slow }"]:
        await ask(app, document)
    assert engine.closed == len(engine.opened) == 5


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, LEGACY_TYPE),
        ("", LEGACY_TYPE),
        ("*/*", LEGACY_TYPE),
        ("application/*", LEGACY_TYPE),
        (OLD, LEGACY_TYPE),
        (NEW, RESPONSE_TYPE),
        (f"{NEW}, {OLD}", RESPONSE_TYPE),
        (f"{OLD};q=0.9, {NEW};q=0.5", LEGACY_TYPE),
        (f"{NEW}; charset=utf-8, {OLD}; q=0.9", RESPONSE_TYPE),
        ("text/html, */*;q=0.1", LEGACY_TYPE),
        ("APPLICATION/GraphQL-Response+JSON", RESPONSE_TYPE),
        ("text/html", None),
        (f"{NEW}; charset=utf-16", None),
        (f"{OLD};q=0", None),
        (f"{OLD};q=nonsense", None),
    ],
)
async def test_the_answers_media_type_is_negotiated(app: GraphQLApp, accept: str | None, expected: str | None) -> None:
    answer = await post(app, {"query": "{ hello }"}, accept)
    assert answer.status == (200 if expected else 406)
    if expected:
        assert answer.headers["content-type"] == expected
    else:
        assert answer.code == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/graphql",
     "application/json; charset=latin-1", "application/json, text/plain"],
)  # fmt: skip
async def test_only_json_in_utf_8_is_read(app: GraphQLApp, engine: StandInEngine, content_type: str) -> None:
    answer = await call(app, headers={"content-type": content_type}, chunks=[b'{"query":"{hello}"}'])
    assert (answer.status, answer.code) == (415, "BAD_REQUEST")
    assert engine.opened == []


async def test_a_body_without_content_type_is_refused(app: GraphQLApp) -> None:
    assert (await call(app, chunks=[b'{"query":"{hello}"}'])).status == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
async def test_utf_8_may_be_named_in_any_way(app: GraphQLApp, charset: str) -> None:
    headers = {"content-type": f"application/json; charset={charset}"}
    assert (await call(app, headers=headers, chunks=[b'{"query":"{hello}"}'])).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
async def test_a_compressed_body_is_refused(app: GraphQLApp, encoding: str) -> None:
    answer = await post(app, b"\x1f\x8b", content_encoding=encoding)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "PARSE_FAILED"),
        ({"query": "{ missing }"}, "VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { items(first: $n) { total } }", "variables": {"n": "x"}}, "BAD_INPUT"),
        ({"query": "query($n: Int!) { items(first: $n) { total } }"}, "BAD_INPUT"),
        ({"query": "{ items(first: 101) { total } }"}, "PAGE_LIMIT"),
        ({"documentId": "0" * 64}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_a_document_that_cannot_run_is_400_or_200_for_old_clients(
    app: GraphQLApp, body: dict[str, Any], code: str
) -> None:
    new, old = await post(app, body, NEW), await post(app, body, OLD)
    assert (new.status, old.status) == (400, 200)
    assert new.code == old.code == code
    assert "data" not in new.json
    assert "data" not in old.json


async def test_get_answers_queries(app: GraphQLApp) -> None:
    answer = await get(
        app, query="query A($n: String) { hello(name: $n) }", variables='{"n": "é"}', operationName="A", extensions="{}"
    )
    assert (answer.status, answer.json["data"]) == (200, {"hello": "hello é"})


@pytest.mark.parametrize("document", ['mutation { rename(name: "x") { id } }', "subscription { count }"])
async def test_get_answers_nothing_but_queries(app: GraphQLApp, engine: StandInEngine, document: str) -> None:
    answer = await get(app, query=document)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert engine.charged == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
async def test_other_methods_are_refused_with_those_that_are_not(app: GraphQLApp, method: str) -> None:
    answer = await call(app, method=method, headers={"content-type": OLD})
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_page_of_another_site_cannot_ask_by_get(engine: StandInEngine) -> None:
    app = GraphQLApp(engine, origins=Origins(["https://app.example"]))
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await get(app, headers=foreign, query="{ hello }")).status == 403
    assert (await get(app, headers={**foreign, "origin": "https://evil.example"}, query="{ hello }")).status == 403
    assert (await get(app, headers={**foreign, "origin": "https://app.example"}, query="{ hello }")).status == 200
    assert (await get(app, headers={"sec-fetch-site": "same-origin"}, query="{ hello }")).status == 200


async def test_a_slow_operation_is_stopped_at_the_deadline(app: GraphQLApp, engine: StandInEngine) -> None:
    answer = await ask(app, "{ slow }")
    assert (answer.status, answer.code, engine.closed) == (503, "DEADLINE", 1)


async def test_who_fails_while_being_stopped_at_the_deadline_is_told_as_stopped(
    app: GraphQLApp, engine: StandInEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumbles(*_: Any) -> ExecutionResult:
        with contextlib.suppress(asyncio.CancelledError):  # as a roll-back does that finds its connection gone
            await asyncio.Event().wait()
        return ExecutionResult({"hello": None}, [GraphQLError("gone", original_error=RuntimeError(SECRET))])

    monkeypatch.setattr(engine, "execute", stumbles)
    answer = await ask(app, "{ hello }")
    assert (answer.status, answer.code, engine.closed) == (503, "DEADLINE", 1)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_request_id_is_kept_if_it_is_well_formed(app: GraphQLApp, engine: StandInEngine) -> None:
    answer = await post(app, {"query": "{ hello }"}, x_request_id="abc-123_XYZ.9")
    assert answer.headers["x-request-id"] == engine.opened[0].request_id == "abc-123_XYZ.9"


@pytest.mark.parametrize("given", ["short", "x" * 65, "has space in it", "né-accents-12", "-starts-badly"])
async def test_a_request_id_is_made_if_the_given_one_is_not_well_formed(app: GraphQLApp, given: str) -> None:
    made = (await post(app, {"query": "{ hello }"}, x_request_id=given)).headers["x-request-id"]
    assert made != given
    assert len(made) == 24


async def test_the_engine_learns_headers_and_source(app: GraphQLApp, engine: StandInEngine) -> None:
    await post(app, {"query": "{ hello }"}, Authorization="Bearer right")
    incoming = engine.opened[0]
    assert incoming.headers["authorization"] == "Bearer right"
    assert (incoming.source_ip, incoming.kind, incoming.connection_init) == ("198.51.100.7", "http", None)


@pytest.mark.parametrize("accept", [NEW, OLD])
async def test_who_is_not_signed_in_gets_401(app: GraphQLApp, accept: str) -> None:
    answer = await post(app, {"query": "{ hello }"}, accept, authorization="Bearer wrong")
    assert (answer.status, answer.code, answer.headers["www-authenticate"]) == (401, "UNAUTHENTICATED", "Bearer")


@pytest.mark.parametrize("accept", [NEW, OLD])
async def test_who_has_spent_their_budget_gets_429_and_when_to_come_back(
    app: GraphQLApp, engine: StandInEngine, accept: str
) -> None:
    engine.budget = 0
    answer = await ask(app, "{ item { id } }", accept)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "THROTTLED", "13")


async def test_a_refused_field_is_told_beside_the_data(app: GraphQLApp) -> None:
    answer = await ask(app, "{ hello refuses }")
    assert answer.status == 200
    assert answer.json["data"] == {"hello": "hello you", "refuses": None}
    assert answer.json["errors"] == [
        {
            "message": "Not for you.",
            "locations": [{"line": 1, "column": 9}],
            "path": ["refuses"],
            "extensions": {"code": "FORBIDDEN", "retryAfter": 7},
        }
    ]


async def test_an_unexpected_failure_is_masked_and_logged_without_its_text(
    app: GraphQLApp, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await ask(app, "{ fails }")
    error = answer.json["errors"][0]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"] == {"code": "INTERNAL", "requestId": answer.headers["x-request-id"]}
    assert error["path"] == ["fails"]
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert "stand_in.py" in logged
    assert answer.headers["x-request-id"] in logged
    assert SECRET not in logged + answer.body.decode()


@pytest.mark.parametrize("value", ["value", "key"])
async def test_a_scalar_that_stumbles_over_a_value_is_the_clients_mistake_and_its_text_stays_here(
    app: GraphQLApp, value: str
) -> None:
    literal = await ask(app, f'{{ fragile(value: "{value}") }}')
    assert (literal.status, literal.code) == (400, "BAD_INPUT")
    variable = await ask(app, "query($v: Fragile!) { fragile(value: $v) }", variables={"v": value})
    assert (variable.status, variable.code) == (400, "BAD_INPUT")
    assert SECRET not in (literal.body + variable.body).decode()


async def test_a_request_that_somebody_else_cancels_is_not_answered(engine: StandInEngine) -> None:
    for document in ["{ slow }", None]:
        app = GraphQLApp(engine)
        sending = ask(app, document) if document else _ask_without_body(app)
        task = asyncio.create_task(sending)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert engine.closed == len(engine.opened) == 1


async def _ask_without_body(app: GraphQLApp) -> Any:
    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        raise AssertionError("nobody should be answered")

    headers = [(b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)


@pytest.mark.parametrize("failure", [RuntimeError(SECRET), GraphQLError(SECRET, original_error=ValueError(SECRET))])
async def test_a_failure_to_open_is_a_masked_500(failure: Exception) -> None:
    answer = await ask(GraphQLApp(StandInEngine(fail_on_open=failure)), "{ hello }")
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert SECRET not in answer.body.decode()


async def test_a_timeout_inside_the_engine_is_not_taken_for_the_deadline() -> None:
    answer = await ask(GraphQLApp(StandInEngine(fail_on_open=TimeoutError())), "{ hello }")
    assert (answer.status, answer.code) == (500, "INTERNAL")


async def test_an_answer_that_is_no_json_is_a_masked_500(
    engine: StandInEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stray(*_: Any) -> Any:
        from graphql import ExecutionResult

        return ExecutionResult({"hello": engine}, None)

    monkeypatch.setattr(engine, "execute", stray)
    answer = await ask(GraphQLApp(engine), "{ hello }")
    assert (answer.status, answer.code) == (500, "INTERNAL")


async def test_free_documents_can_be_closed(engine: StandInEngine) -> None:
    engine.free_documents = False
    answer = await ask(GraphQLApp(engine), "{ hello }")
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "document", ["{ __schema { types { name } } }", '{ ...F } fragment F on Query { __type(name: "A") { name } }']
)
async def test_introspection_can_be_closed(engine: StandInEngine, document: str) -> None:
    app = GraphQLApp(engine)
    assert (await ask(app, document)).status == 200
    engine.introspection = False
    answer = await ask(app, document)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert (await ask(app, "{ __typename }")).status == 200


async def test_names_of_the_schema_are_suggested_only_to_who_may_ask_for_it(engine: StandInEngine) -> None:
    app = GraphQLApp(engine)
    assert "hello" in (await ask(app, "{ hallo }")).body.decode()
    engine.introspection = False
    assert "hello" not in (await ask(app, "{ hallo }")).body.decode()


async def test_a_subscription_is_not_answered_by_plain_post(app: GraphQLApp) -> None:
    answer = await ask(app, "subscription { count }")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_of_a_long_operation_name_only_the_beginning_is_reported(engine: StandInEngine) -> None:
    reports: list[Report] = []
    app = GraphQLApp(engine, observe=reports.append)
    await ask(app, f"query {'N' * 5_000} {{ hello }}")
    assert [report.operation for report in reports] == ["N" * 64]


async def test_answers_are_never_cached(app: GraphQLApp) -> None:
    headers = (await ask(app, "{ hello }")).headers
    assert (headers["cache-control"], headers["vary"]) == ("no-store", "accept")


async def test_a_client_that_leaves_gets_no_answer(app: GraphQLApp) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)
    assert sent == []


def test_the_stand_ins_refusals_carry_their_code() -> None:
    assert refusal(Code.FORBIDDEN, "no").extensions == {"code": "FORBIDDEN"}
