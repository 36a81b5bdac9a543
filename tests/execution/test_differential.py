"""Generated operations, answered by graphql-core and by the compiled path: the same to the last error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from tests.execution.both import same, valid
from tests.execution.operations import Operation, operations
from tests.execution.sample import schema
from tests.execution.world import World

# Three worlds for each document: nothing bad, something bad here and there, and much of it.
RATES = (0.0, 0.02, 0.15)
DOCUMENTS = 200
DOCUMENTS_OF_SOAK = 40_000

# graphql-core drops fields that it has begun when a sibling turns their parent to null, and lets Python notice.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in.*coroutine:pytest.PytestUnraisableExceptionWarning",
)
generated = given(operations(schema._schema), strategies.integers(min_value=0, max_value=2**32))
patient = settings(max_examples=DOCUMENTS, deadline=None, suppress_health_check=list(HealthCheck))


async def compare(operation: Operation, seed: int) -> None:
    document = valid(operation)
    for rate in RATES:
        await same(operation, document, World(seed, rate))


@patient
@generated
async def test_both_paths_give_the_same_answer_to_any_operation(operation: Operation, seed: int) -> None:
    await compare(operation, seed)


@pytest.mark.soak
@settings(patient, max_examples=DOCUMENTS_OF_SOAK)
@generated
async def test_both_paths_give_the_same_answer_for_as_long_as_one_likes(operation: Operation, seed: int) -> None:
    await compare(operation, seed)
