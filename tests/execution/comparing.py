"""When two answers are the same."""

from __future__ import annotations

import json
import math
from typing import Any

from graphql import ExecutionResult, GraphQLError


def assert_same(expected: ExecutionResult, actual: ExecutionResult, about: str = "") -> None:
    """The same data in the same order, and the same errors at the same places in the same order."""
    assert_same_data(expected, actual, about)
    assert _shown(expected) == _shown(actual), about


def assert_same_data(expected: ExecutionResult, actual: ExecutionResult, about: str = "") -> None:
    """The same data in the same order, and errors in both answers or in neither."""
    assert _ordered(expected.data) == _ordered(actual.data), about
    assert bool(expected.errors) == bool(actual.errors), about


def _shown(result: ExecutionResult) -> list[str]:
    return [_text(error) for error in result.errors or []]


def _text(error: GraphQLError) -> str:
    return json.dumps(error.formatted, sort_keys=True, default=repr) + repr(type(error.original_error))


def _ordered(data: Any) -> Any:
    """Data of which also the order of keys and the kind of numbers is compared."""
    if isinstance(data, dict):
        return [(key, _ordered(value)) for key, value in data.items()]
    if isinstance(data, list):
        return [_ordered(value) for value in data]
    if isinstance(data, float) and math.isnan(data):
        return "NaN"
    return (type(data).__name__, data)
