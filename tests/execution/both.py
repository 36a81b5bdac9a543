"""One operation, answered by both paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, validate

from execution import Plans
from execution.plan import Plan, PlannedField
from tests.execution.comparing import assert_same
from tests.execution.operations import Operation
from tests.execution.sample import schema
from tests.execution.world import Context, Row, World

core = Plans(schema, compiled=False)
compiled = Plans(schema, row_class=Row)


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

    # A label may come late, and then fails after the plain fields that follow it.
    ordered = "label" not in operation.text
    return await compared((core, compiled), operation, document, context, ordered=ordered, about=repr(world))


async def compared(
    paths: tuple[Plans, Plans],
    operation: Operation,
    document: DocumentNode,
    context: Callable[[], Awaitable[Any]],
    *,
    ordered: bool = True,
    as_json: bool = False,
    around: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    about: str = "",
) -> Answers:
    """Answer an operation of any schema by graphql-core and by compiled plans, each in a context of its own.

    Where native scalars pass, compare `as_json`, as the client would read both. What each does happens inside of an
    `around` of its own, a transaction that is rolled back, say.
    """
    answers = []
    for plans in paths:
        async with around():
            answers.append(
                await plans.execute(
                    document, operation_name=operation.name, variables=operation.variables, context=await context()
                )
            )
    if as_json:
        answers = [ExecutionResult(read_back(answer.data), answer.errors) for answer in answers]
    plan = paths[1].plan_of(document, operation_name=operation.name, variables=operation.variables)
    in_order = ordered and (plan is None or waiting_count(plan) < 2)
    assert_same(*answers, in_order=in_order, about=f"{operation.text}\n{operation.variables}\n{about}")
    return Answers(answers[0], answers[1], plan is not None)


def read_back(data: Any) -> Any:
    """Data as it is read from the JSON that the edge writes."""
    return orjson.loads(orjson.dumps(data, option=orjson.OPT_UTC_Z))


def waiting_count(plan: Plan) -> int:
    """How many asynchronous fields a plan has; with one the order of errors is certain."""

    def count(fields: tuple[PlannedField, ...]) -> int:
        return sum(1 + count(planned.following) for planned in fields)

    return count(plan.following)
