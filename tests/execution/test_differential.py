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
DOCUMENTS = 1_700

# graphql-core drops fields that it has begun when a sibling turns their parent to null, and lets Python notice.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in.*coroutine:pytest.PytestUnraisableExceptionWarning",
)


@settings(max_examples=DOCUMENTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations(schema._schema), strategies.integers(min_value=0, max_value=2**32))
async def test_both_paths_give_the_same_answer_to_any_operation(operation: Operation, seed: int) -> None:
    document = valid(operation)
    for rate in RATES:
        await same(operation, document, World(seed, rate))
