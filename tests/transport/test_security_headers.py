"""Security headers, policies of pages, and what other origins may do."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from tests.transport.client import call, post
from tests.transport.stand_in import StandInEngine
from transport import (
    PAGE_POLICY,
    CrossOrigin,
    GraphQLApp,
    KnownHosts,
    Origins,
    SecurityHeaders,
    content_security_policy,
)


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest application."""
    headers = [(b"x-frame-options", b"SAMEORIGIN")] if scope["path"] == "/own" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def test_every_answer_carries_the_strict_headers() -> None:
    headers = (await call(SecurityHeaders(plain))).headers
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert headers["content-security-policy"] == policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


async def test_an_answers_own_header_is_kept() -> None:
    assert (await call(SecurityHeaders(plain), path="/own")).headers["x-frame-options"] == "SAMEORIGIN"


async def test_a_page_may_have_a_policy_of_its_own() -> None:
    policy = content_security_policy(PAGE_POLICY, worker_src="'self' blob:")
    app = SecurityHeaders(plain, pages={"/graphiql": policy, "/": "default-src 'self'"}, strict_transport_seconds=60)
    page = (await call(app, path="/graphiql/index.html")).headers
    assert page["content-security-policy"] == policy
    assert "worker-src 'self' blob:" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert (await call(app, path="/x")).headers["content-security-policy"] == "default-src 'self'"
    assert page["strict-transport-security"] == "max-age=60; includeSubDomains"


async def test_a_listed_origin_may_read_answers_and_others_may_not() -> None:
    app = CrossOrigin(plain, Origins(["https://app.example/"]))
    listed = (await call(app, headers={"origin": "https://app.example"})).headers
    assert listed["access-control-allow-origin"] == "https://app.example"
    assert "x-request-id" in listed["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in listed
    other = (await call(app, headers={"origin": "https://evil.example"})).headers
    assert "access-control-allow-origin" not in other
    assert other["vary"] == "origin"
    assert "vary" not in (await call(app)).headers


async def test_preflights_are_answered_by_list() -> None:
    app = CrossOrigin(plain, Origins(["https://app.example"]))
    asked = {"access-control-request-method": "POST"}
    listed = await call(app, method="OPTIONS", headers={**asked, "origin": "https://app.example"})
    assert (listed.status, listed.headers["access-control-allow-methods"]) == (204, "GET, POST, PUT")
    assert "authorization" in listed.headers["access-control-allow-headers"]
    other = await call(app, method="OPTIONS", headers={**asked, "origin": "https://evil.example"})
    assert (other.status, "access-control-allow-origin" in other.headers) == (403, False)
    assert (await call(app, method="OPTIONS", headers={"origin": "https://app.example"})).body == b"ok"


async def test_the_application_stands_in_starlettes_routes_behind_both() -> None:
    graphql = GraphQLApp(StandInEngine(), origins=Origins(["https://app.example"]))
    app = Starlette(
        routes=[Route("/graphql", graphql), WebSocketRoute("/graphql", graphql)],
        middleware=[Middleware(SecurityHeaders), Middleware(CrossOrigin, origins=Origins(["https://app.example"]))],
    )
    answer = await post(app, {"query": "{ hello }"}, origin="https://app.example")
    assert (answer.status, answer.json["data"]) == (200, {"hello": "hello you"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await call(app, method="DELETE")).status == 405
    assert (await call(app, method="OPTIONS")).headers["allow"] == "GET, POST"


@pytest.mark.parametrize("origin", ["*", "null"])
def test_a_list_that_lets_any_page_in_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="Name each origin"):
        Origins([origin])


@pytest.mark.parametrize(
    ("origin", "host", "admitted"),
    [
        (None, "api.example", True),
        ("https://api.example", "api.example", True),
        ("https://API.example", "api.EXAMPLE", True),
        ("https://api.example:444", "api.example", False),
        ("https://evil.example", "api.example", False),
        ("https://listed.example", "api.example", True),
        ("null", "null", False),
        ("", "", False),
        ("https://api.example", None, False),
    ],
)
def test_pages_are_admitted_from_here_and_from_the_list(origin: str | None, host: str | None, admitted: bool) -> None:
    assert Origins(["https://listed.example"]).admits(origin, host) is admitted


@pytest.mark.parametrize(
    ("host", "numbers", "status"),
    [
        ("a.example", False, 200),
        ("A.example:8443", False, 200),
        ("b.example", False, 421),
        ("a.example.evil.example", False, 421),
        ("127.0.0.1:8000", False, 421),
        ("127.0.0.1:8000", True, 200),
        ("[::1]:8000", True, 200),
        ("[::1]", True, 200),
        ("rebound.example", True, 421),
        (None, True, 421),
    ],
)
async def test_a_request_for_another_host_is_refused(host: str | None, numbers: bool, status: int) -> None:
    app = KnownHosts(plain, hosts=["a.example"], numbers=numbers, open_paths=["/healthz"])
    headers = {} if host is None else {"host": host}
    assert (await call(app, headers=headers)).status == status
    assert (await call(app, headers=headers, path="/healthz")).status == 200


async def test_a_websocket_for_another_host_is_refused_before_it_is_accepted() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = KnownHosts(plain, hosts=["a.example"])
    await app({"type": "websocket", "path": "/graphql", "headers": [(b"host", b"evil.example")]}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4403}]
