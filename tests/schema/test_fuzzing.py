"""Requests made up by schemathesis and by our own generator, sent to the real application by every role: never a 5xx.

Its database keeps what they do, so that later requests meet what earlier ones have left behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
import pytest_asyncio
import schemathesis
from graphql import StringValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from app import create_app
from models.accounts import sessions
from models.accounts.accounts import Membership
from models.base import clock
from models.base.access import Viewer
from schema.root import SCHEMA
from tests.schema.test_scalars import NEAR, VALID
from tests.support.databases import own_database
from tests.support.product import Product, fill
from tests.support.world import AT
from transport.operations import ENCODING

REQUESTS, REQUESTS_OF_FUZZ = 150, 20_000
"""How many of each of the two kinds."""

BOUNDLESS = 10**9
WITHOUT = frozenset({"moveClock"})
"""Would let all credits expire and all sessions end; its bounds have a test of their own."""

STATUSES = {200, 400, 401, 403, 413, 429}
HOSTILE = st.sampled_from(
    ["", " ", "a\0b", "\n", "\x7f", "x" * 5_000, "\u202e", "😀" * 50, "'; --", "{{7*7}}", "%s", "\\", "$1", "9" * 400]
)


def text_of(value: Any) -> str:
    """A scalar's value as it is sent."""
    text = orjson.loads(orjson.dumps(value, option=ENCODING))
    assert isinstance(text, str)
    return text


def made_up() -> Any:
    """The schema as schemathesis knows it, with our scalars: right, nearly right and hostile."""
    for name, valid in VALID.items():
        texts = (valid.map(text_of) | NEAR | HOSTILE).filter(lambda text: text.isprintable() or text.isascii())
        schemathesis.graphql.scalar(name, texts.map(lambda text: StringValueNode(value=text)))
    return schemathesis.graphql.from_file(SCHEMA.as_str())


OPERATIONS = [
    operation
    for found in made_up().get_all_operations()
    if (operation := found.ok()).definition.field_name not in WITHOUT
]


@dataclass(kw_only=True)
class Fuzzed:
    """The application under fire, and who may send requests."""

    http: httpx2.AsyncClient
    product: Product
    tokens: dict[UUID, str] = field(default_factory=dict)

    async def send(self, viewer: Viewer | None, body: dict[str, Any]) -> None:
        """Send a request; its answer must be a clear one."""
        headers = {} if viewer is None else {"authorization": f"Bearer {await self.token(viewer)}"}
        answer = await self.http.post("/graphql", json=body, headers=headers)
        told = answer.json()
        codes = [error.get("extensions", {}).get("code") for error in told.get("errors", [])]
        about = (answer.status_code, told, body, viewer)
        assert answer.status_code in STATUSES, about
        assert "data" in told or codes, about
        assert None not in codes, about
        assert "INTERNAL" not in codes, about
        if answer.status_code == 401 and viewer is not None:
            self.tokens.pop(viewer.account_id, None)

    async def token(self, viewer: Viewer) -> str:
        """An access token of this person, a new one if their session was ended."""
        if viewer.account_id not in self.tokens:
            if viewer.membership_id is None:
                return "fc_partner_none"
            member = await Membership.get(id=viewer.membership_id)
            opened = await sessions.open_session(member, device="", at=await clock.demo_now())
            self.tokens[viewer.account_id] = opened.access_token
        return self.tokens[viewer.account_id]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def fuzzed(postgres: str) -> AsyncIterator[Fuzzed]:
    """The application, at the time at which its rows were made."""
    shift = AT - clock.real_now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "real_now", lambda: datetime.now(UTC) + shift)
        async with fuzzed_at(postgres) as fuzzed:
            yield fuzzed


@asynccontextmanager
async def fuzzed_at(postgres: str) -> AsyncIterator[Fuzzed]:
    """The application on a database of its own, with no end to what may be spent."""
    async with own_database(postgres) as program:
        changed = {name: BOUNDLESS for name in type(program).model_fields if name.startswith("cost_per_minute")}
        application = create_app(program.model_copy(update=changed))
        product = await fill()
        transport = httpx2.ASGITransport(app=application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield Fuzzed(http=http, product=product)


def requests(count: int) -> Callable[[Any], Any]:
    """So many requests of somebody."""
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@requests(REQUESTS)
@given(data=st.data(), who=st.integers(0, 100))
async def test_no_request_that_schemathesis_makes_up_is_a_failure_of_ours(
    fuzzed: Fuzzed, data: st.DataObject, who: int
) -> None:
    await send_made_up(fuzzed, data, who)


@requests(REQUESTS)
@given(seed=st.integers(0, 2**48), who=st.integers(0, 100), root=st.sampled_from(["query", "mutation"]))
async def test_no_request_with_ids_that_exist_is_a_failure_of_ours(
    fuzzed: Fuzzed, seed: int, who: int, root: str
) -> None:
    await send_with_ids(fuzzed, seed, who, root)


@pytest.mark.soak
@requests(REQUESTS_OF_FUZZ)
@given(data=st.data(), who=st.integers(0, 100))
async def test_schemathesis_finds_no_failure_for_long(fuzzed: Fuzzed, data: st.DataObject, who: int) -> None:
    await send_made_up(fuzzed, data, who)


@pytest.mark.soak
@requests(REQUESTS_OF_FUZZ)
@given(seed=st.integers(0, 2**48), who=st.integers(0, 100), root=st.sampled_from(["query", "mutation"]))
async def test_requests_with_ids_find_no_failure_for_long(fuzzed: Fuzzed, seed: int, who: int, root: str) -> None:
    await send_with_ids(fuzzed, seed, who, root)


async def send_made_up(fuzzed: Fuzzed, data: st.DataObject, who: int) -> None:
    """Send a request as schemathesis makes them: valid against the schema, or not."""
    operation = data.draw(st.sampled_from(OPERATIONS))
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = data.draw(operation.as_strategy(generation_mode=mode))
    await fuzzed.send(fuzzed.product.viewers[who % len(fuzzed.product.viewers)], {"query": case.body})


async def send_with_ids(fuzzed: Fuzzed, seed: int, who: int, root: str) -> None:
    """Send a request as our own generator makes them, with the ids of rows that exist."""
    viewer = fuzzed.product.viewers[who % len(fuzzed.product.viewers)]
    operation = fuzzed.product.operation(seed, root, viewer, without=WITHOUT)
    body = {"query": operation.text, "variables": operation.variables, "operationName": operation.name}
    await fuzzed.send(viewer, body)
