"""One operation, answered by both paths."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The answers of both paths, the calls that each made, and whether the operation was compiled at all."""

    core: ExecutionResult
    compiled: ExecutionResult
    core_calls: list[tuple[str, int]]
    compiled_calls: list[tuple[str, int]]
    was_compiled: bool


def valid(operation: Operation) -> DocumentNode:
    """The document of an operation, found valid."""
    document = operation.document
    assert validate(schema._schema, document) == [], operation.text
    return document


async def same(operation: Operation, document: DocumentNode, world: World) -> Answers:
    """Answer an operation on both paths and compare."""
    contexts = Context(world), Context(world)
    answers = [
        await plans.execute(document, operation_name=operation.name, variables=operation.variables, context=context)
        for plans, context in zip((core, compiled), contexts, strict=True)
    ]
    plan = compiled.plan_of(document, operation_name=operation.name, variables=operation.variables)
    # A label may come late, and then fails after the plain fields that follow it.
    in_order = plan is None or (waiting_count(plan) < 2 and "label" not in operation.text)
    assert_same(*answers, in_order=in_order, about=f"{operation.text}\n{operation.variables}\n{world}")
    return Answers(answers[0], answers[1], contexts[0].calls, contexts[1].calls, plan is not None)


def waiting_count(plan: Plan) -> int:
    """How many asynchronous fields a plan has; with one the order of errors is certain."""

    def count(fields: tuple[PlannedField, ...]) -> int:
        return sum(1 + count(planned.following) for planned in fields)

    return count(plan.following)
