"""What the tests of execution have in common."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_to_collect() -> Iterator[None]:
    """Let coroutines that graphql-core dropped be missed in the module that expects it, not in a later one."""
    yield
    gc.collect()
