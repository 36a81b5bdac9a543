"""One operation, answered by both paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, validate

from execution import Plans
from execution.plan import Plan, PlannedField
from tests.execution.comparing import assert_same, assert_same_data
from tests.execution.in_turn import execute_in_turn
from tests.execution.operations import Operation
from tests.execution.sample import schema
from tests.execution.world import Context, Row, World

core = Plans(schema, compiled=False)
compiled = Plans(schema, row_classes=(Row,))


@dataclass(frozen=True)
class Answers:
    """The answers of both paths, and whether the operation was compiled at all."""

    core: ExecutionResult
    compiled: ExecutionResult
    was_compiled: bool


def valid(operation: Operation) -> DocumentNode:
    """The document of an operation, found valid."""
    document = operation.document
    assert validate(schema._schema, document) == [], operation.text
    return document


async def same(operation: Operation, document: DocumentNode, world: World) -> Answers:
    """Answer an operation of the sample schema on both paths and compare."""

    async def context() -> Context:
        return Context(world)

    return await compared((core, compiled), operation, document, context, about=repr(world))


async def compared(
    paths: tuple[Plans, Plans],
    operation: Operation,
    document: DocumentNode,
    context: Callable[[], Awaitable[Any]],
    *,
    as_json: bool = False,
    around: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    about: str = "",
) -> Answers:
    """Answer an operation of any schema by graphql-core and by a compiled plan, each in a context of its own.

    Data, errors, their paths and their order have to be the same. Several asynchronous fields end in any order under
    graphql-core, and so do their errors; there the plan is held to what it answers if they end in the plan's order.

    Where native scalars pass, compare `as_json`, as the client would read both. What each does happens inside of an
    `around` of its own, a transaction that is rolled back, say.
    """

    given: Any = {"operation_name": operation.name, "variables": operation.variables}

    async def by(execute: Callable[..., Awaitable[ExecutionResult]]) -> ExecutionResult:
        async with around():
            result = await execute(document, context=await context(), **given)
        return ExecutionResult(read_back(result.data), result.errors) if as_json else result

    about = f"{operation.text}\n{operation.variables}\n{about}"
    expected, actual = [await by(plans.execute) for plans in paths]
    plan = paths[1].plan_of(document, **given)
    if plan is None and any(error.path for error in expected.errors or ()):
        # Both are graphql-core's answers then, whose errors come in the order in which its fields happened to end.
        assert_same_data(expected, actual, about)
        return Answers(expected, actual, False)
    # A label of the sample may have to be awaited as well, although it is a plain field.
    if plan is not None and (waiting_count(plan) > 1 or "label" in operation.text):
        assert_same_data(expected, actual, about)
        expected = await by(partial(execute_in_turn, paths[0].schema, plan))
    assert_same(expected, actual, about)
    return Answers(expected, actual, plan is not None)


def read_back(data: Any) -> Any:
    """Data as it is read from the JSON that the edge writes."""
    return orjson.loads(orjson.dumps(data, option=orjson.OPT_UTC_Z))


def waiting_count(plan: Plan) -> int:
    """How many asynchronous fields a plan has."""

    def count(fields: tuple[PlannedField, ...]) -> int:
        return sum(1 + count(planned.following) for planned in fields)

    return count(plan.following)
