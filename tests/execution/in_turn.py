"""graphql-core whose asynchronous fields end in the order of a plan.

By itself it reports errors of asynchronous fields in the order in which its tasks happen to end. Here each value comes
only when its turn has come, and the next one when all that follows from it is done: field after field as the plan
answers them, parent after parent as they stand in the answer. So the order of all errors is certain.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.plan import Block, Plan, PlannedField, blocks_of

# The types and keys from the root down to a field.
Fields = tuple[tuple[str, str], ...]
# Whether the plan knew that the value would be waited for; how late it was asked for; where it stands in the answer.
Turn = tuple[bool, int, tuple[int, ...]]


class Turns:
    """Who waits, and whose turn it is."""

    def __init__(self, plan: Plan) -> None:
        self._place_of: dict[Fields, int] = {}
        self._planned: dict[Fields, PlannedField] = {}
        self._learn(plan.root, ())
        self._rank_of = {id(planned): rank for rank, planned in ranked(plan)}
        self._waiting: list[tuple[Turn, asyncio.Future[None]]] = []
        self._unanswered = 0
        self._generation = 0
        self._open = False

    def _learn(self, block: Block, above: Fields) -> None:
        for place, planned in enumerate(block.fields):
            fields = (*above, (block.type.name, planned.key))
            self._place_of[fields], self._planned[fields] = place, planned
            for below in blocks_of(planned.shape):
                self._learn(below, fields)

    async def wait(self, path: Path, result: Any) -> Any:
        """The value of a field when its turn has come."""
        turn = self._turn_of(path)
        self._unanswered += 1
        try:
            outcome = await result
        except Exception as error:
            outcome = error
        finally:
            self._unanswered -= 1
        if not self._open:
            opened = asyncio.get_running_loop().create_future()
            self._waiting.append((turn, opened))
            await opened
        return outcome  # an exception that is returned is the same to graphql-core as one that is raised

    def _turn_of(self, path: Path) -> Turn:
        steps: list[Path] = []
        step: Path | None = path
        while step is not None:
            steps.append(step)
            step = step.prev
        fields: Fields = ()
        position: list[int] = []
        for step in reversed(steps):
            if step.typename is None:
                position.append(cast(int, step.key))
            else:
                fields = (*fields, (step.typename, cast(str, step.key)))
                position.append(self._place_of[fields])
        planned = self._planned[fields]
        # The parents of one field may be of several types, among whose fields it has several places.
        position[-1] = 0 if planned.waits else position[-1]
        return (planned.waits, self._rank_of[id(planned)] if planned.waits else self._generation, tuple(position))

    async def conduct(self) -> None:
        """Give one after the other their turn, each when nothing else is going on."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        while True:
            await asyncio.sleep(0)
            if ready or self._unanswered:
                continue
            self._waiting = [(turn, opened) for turn, opened in self._waiting if not opened.done()]
            if self._waiting:
                turn, opened = min(self._waiting, key=lambda waiting: waiting[0])
                self._generation = turn[1] + 1 if not turn[0] else 0
                opened.set_result(None)

    def open(self) -> None:
        """Let all go on who wait for nobody to see it."""
        self._open = True
        for _, opened in self._waiting:
            if not opened.done():
                opened.set_result(None)


def ranked(plan: Plan) -> Iterator[tuple[int, PlannedField]]:
    """The asynchronous fields in the order in which the plan answers them; with one number if it does so together."""
    rank = 0
    roots = [plan.following]
    if plan.serial:
        roots = [(planned,) if planned.waits else planned.following for planned in plan.root.fields]
    for root in roots:
        waiting, answered = deque(root), set[int]()
        while waiting:
            planned = waiting.popleft()
            if id(planned) in answered:
                continue
            together = (planned, *planned.peers)
            answered.update(map(id, together))
            rank += 1
            for one in together:
                yield rank, one
                waiting.extend(one.following)


async def execute_in_turn(
    schema: GraphQLSchema,
    plan: Plan,
    document: DocumentNode,
    context: Any,
    *,
    operation_name: str | None = None,
    variables: dict[str, Any] | None = None,
) -> ExecutionResult:
    """Execute an operation by graphql-core, as strawberry would, in the order of its plan."""
    turns = Turns(plan)

    class InTurn(StrawberryGraphQLCoreExecutionContext):
        async def complete_awaitable_value(
            self, return_type: Any, details: Any, info: Any, path: Path, result: Any, position: Any
        ) -> Any:
            """Complete a value when its turn has come."""
            waited = turns.wait(path, result)
            return await super().complete_awaitable_value(return_type, details, info, path, waited, position)

    conductor = asyncio.ensure_future(turns.conduct())
    try:
        result: Any = execute(
            schema,
            document,
            context_value=context,
            variable_values=variables,
            operation_name=operation_name,
            executor_class=InTurn,
        )
        return cast(ExecutionResult, await result if inspect.isawaitable(result) else result)
    finally:
        conductor.cancel()
        turns.open()
