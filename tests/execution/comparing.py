"""When two answers are the same."""

from __future__ import annotations

import json
import math
from typing import Any

from graphql import ExecutionResult, GraphQLError

Steps = tuple[str | int, ...]


def assert_same(expected: ExecutionResult, actual: ExecutionResult, *, in_order: bool, about: str = "") -> None:
    """The same data in the same order, and the same errors; `in_order` if their order is certain as well."""
    assert _ordered(expected.data) == _ordered(actual.data), about
    wanted, got = _shown(expected), _shown(actual)
    if wanted == got:
        return
    assert not in_order, f"{about}\n{wanted}\n{got}"
    # Asynchronous fields of graphql-core fail in the order in which its tasks happen to end, and once a place has
    # become null nothing more is reported from below it. So each error is laid to the place that is null because of
    # it: the same places have to be null, for the same reasons; only where null went upwards from one of several
    # fields that failed, each side may have met another one first.
    places, others = _by_place(expected), _by_place(actual)
    assert places.keys() == others.keys(), f"{about}\n{wanted}\n{got}"
    for place, errors in places.items():
        if errors != others[place]:
            went_up = [path for _, path in errors | others[place] if len(path) > len(place)]
            assert went_up, f"{about}\n{errors}\n{others[place]}"


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


def _by_place(result: ExecutionResult) -> dict[Steps, set[tuple[str, Steps]]]:
    found: dict[Steps, set[tuple[str, Steps]]] = {}
    for error in result.errors or []:
        path = tuple(error.path or ())
        found.setdefault(_null_above(result.data, path), set()).add((_text(error), path))
    return found


def _null_above(data: Any, path: Steps) -> Steps:
    for length, step in enumerate(path):
        if data is None:
            return path[:length]
        data = data[step]
    assert data is None, f"an error at {path}, where there is {data!r}"
    return path
