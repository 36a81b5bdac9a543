"""Generated operations on the product's schema and a real database: both paths answer the same, and change the same."""

from __future__ import annotations

import asyncio
import gc
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pyotp
import pytest
import pytest_asyncio
from graphql import validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import models.base.ids
from models.base import clock, encryption
from operations.context import Context
from schema.root import SCHEMA
from tests.execution.both import Answers, compared
from tests.support.asking import COMPILED, CORE, context_of
from tests.support.databases import own_database, undone
from tests.support.product import Product, fill
from tests.support.world import AT
from transport.errors import unexpected_cause
from transport.operations import is_request_error

QUERIES, MUTATIONS = 200, 150
QUERIES_OF_SOAK, MUTATIONS_OF_SOAK = 20_000, 10_000

# As in the differential test of the paths themselves.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in.*coroutine:pytest.PytestUnraisableExceptionWarning",
)


class Repeatable:
    """A time that stands still, and ids and secrets that come again: two runs of one mutation can be compared."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._numbers = itertools.count(1)
        patch.setattr(clock, "real_now", lambda: AT)
        patch.setattr(models.base.ids, "uuid7", lambda: UUID(int=0x7000_8000_0000_0000_0000 + next(self._numbers)))
        patch.setattr(secrets, "token_urlsafe", lambda length=32: f"secret-{next(self._numbers):0{length}}")
        patch.setattr(secrets, "token_bytes", lambda length=32: next(self._numbers).to_bytes(length))
        patch.setattr(secrets, "choice", lambda choices: choices[next(self._numbers) % len(choices)])
        patch.setattr(pyotp, "random_base32", lambda: "A" * 32)

    def again(self) -> None:
        """Begin behind those of the rows that are there."""
        self._numbers = itertools.count(1_000_000)


@pytest.fixture(scope="module")
def repeatable() -> Iterator[Repeatable]:
    """Ids and secrets that can be made to come again."""
    with pytest.MonkeyPatch.context() as patch:
        yield Repeatable(patch)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def product(postgres: str, repeatable: Repeatable) -> AsyncIterator[Product]:
    """A database with rows of every kind."""
    # Patient, since a busy machine may let a case wait for longer than a request ever should.
    async with own_database(postgres, statement_timeout_seconds=60) as program:
        encryption.configure(program.key_ring)
        yield await fill()
    gc.collect()  # what graphql-core dropped is missed here, where it is expected, and not in another module


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """A transaction that is rolled back, once everything that was begun in it has come to its end.

    graphql-core answers as soon as a sibling has turned a field's parent to null, and leaves that field running.
    """
    async with undone():
        before = asyncio.all_tasks()
        yield
        while left := asyncio.all_tasks() - before:
            await asyncio.wait(left)


async def compare(product: Product, root: str, seed: int, who: int, repeatable: Repeatable) -> Answers:
    """Answer a generated operation on both paths, each on the very same rows."""
    viewer = product.viewers[who % len(product.viewers)]
    operation = product.operation(seed, root, viewer)
    document = operation.document
    assert validate(SCHEMA._schema, document) == [], operation.text

    async def context() -> Context:
        repeatable.again()
        return context_of(viewer)

    answers = await compared(
        (CORE, COMPILED), operation, document, context, as_json=True, around=alone, about=repr(viewer)
    )
    for result in (answers.core, answers.compiled):
        failures = [repr(cause) for error in result.errors or [] if (cause := unexpected_cause(error))]
        assert is_request_error(result) or not failures, (failures, operation, viewer)
    return answers


Test = Callable[..., Coroutine[Any, Any, None]]


def cases(count: int) -> Callable[[Test], Callable[..., None]]:
    """So many cases, each a seed for the dice and the place of somebody among the viewers."""

    def decorate(test: Test) -> Callable[..., None]:
        patient = settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
        return patient(given(seed=st.integers(0, 2**48), who=st.integers(0, 100))(test))

    return decorate


@cases(QUERIES)
async def test_both_paths_answer_any_query_alike(product: Product, repeatable: Repeatable, seed: int, who: int) -> None:
    await compare(product, "query", seed, who, repeatable)


@cases(MUTATIONS)
async def test_both_paths_do_any_mutation_alike(product: Product, repeatable: Repeatable, seed: int, who: int) -> None:
    await compare(product, "mutation", seed, who, repeatable)


@pytest.mark.soak
@cases(QUERIES_OF_SOAK)
async def test_both_paths_answer_queries_alike_for_long(
    product: Product, repeatable: Repeatable, seed: int, who: int
) -> None:
    await compare(product, "query", seed, who, repeatable)


@pytest.mark.soak
@cases(MUTATIONS_OF_SOAK)
async def test_both_paths_do_mutations_alike_for_long(
    product: Product, repeatable: Repeatable, seed: int, who: int
) -> None:
    await compare(product, "mutation", seed, who, repeatable)
