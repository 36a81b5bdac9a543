"""What one execution of a plan knows and collects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, GraphQLSchema, located_error
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from graphql.pyutils.is_awaitable import is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers

from execution.leaves import IrregularError
from execution.plan import Entry, Frames, ListShape, Plan, PlannedField, ResponsePath

Steps = tuple[str | int, ...]


class Run:
    """What one execution of a plan knows and collects."""

    __slots__ = (
        "context",
        "data",
        "errors",
        "frames",
        "given",
        "infos",
        "pending",
        "plan",
        "positions",
        "refused",
        "root_value",
        "schema",
        "variables",
    )

    def __init__(self, plan: Plan, context: Any, root_value: Any, variables: VariableValues) -> None:
        self.plan = plan
        self.schema: GraphQLSchema = plan.schema
        self.context = context
        self.root_value = root_value
        self.variables = variables
        self.data: Any = None
        self.errors: list[GraphQLError] = []
        # Where null was put because of an error: nothing is reported from below there any more.
        self.positions: set[Steps] = set()
        self.frames: Frames = [self, *([] for _ in range(plan.block_count))]
        self.infos: dict[int, Any] = {}
        # Of fields whose arguments could be refused: what was read, or why it was refused, by the field's identity.
        self.given: dict[int, dict[str, Any]] = {}
        self.refused: dict[int, Exception] = {}
        # What is still to be awaited of plain fields: the field, the place, what holds it, and how it is completed.
        self.pending: list[tuple[PlannedField, tuple[ResponsePath, str | int], Any, Any]] = []

    @property
    def stopped(self) -> bool:
        """Whether the whole answer has become null."""
        return () in self.positions

    def result(self) -> ExecutionResult:
        """The answer as graphql-core gives it; the run is over and lets go of what it held, which held it too."""
        self.frames = []
        return ExecutionResult(None if self.stopped else self.data, self.errors or None)

    def admit(self, refusable: tuple[PlannedField, ...]) -> None:
        """Read the arguments of fields that are about to start; irregular if those of any are refused."""
        for planned in refusable:
            try:
                self.given[id(planned)] = planned.arguments.read(self.variables)  # type: ignore[union-attr]
            except Exception as error:
                self.refused[id(planned)] = error
        if self.refused:
            raise IrregularError

    def log(self, error: GraphQLError, position: Steps) -> None:
        """Report an error which puts null at a position, unless null already stands there or above."""
        if not self.is_dead(position):
            self.positions.add(position)
            self.errors.append(error)

    def is_dead(self, path: Steps) -> bool:
        """Whether this place of the answer has been replaced by null."""
        return any(path[:length] in self.positions for length in range(len(path) + 1))

    def alive(self, entries: list[Entry]) -> list[Entry]:
        """The parents that are still part of the answer."""
        if not self.positions:
            return entries
        return [entry for entry in entries if not self.is_dead(steps_to(entry[2]))]

    def fail(self, planned: PlannedField, place: ResponsePath, raw: Exception) -> None:
        """A field failed, or an item of its list, after what holds it had been answered.

        Null goes to the nearest place where it may stand.
        """
        path = steps_to(place)
        error = located_error(raw, planned.nodes, list(path))
        nullable, shape = list(planned.nullable_path), planned.shape
        while len(nullable) < len(path) and isinstance(shape, ListShape):
            shape = shape.of
            nullable.append(shape.nullable)
        length = len(path)
        while length > 0 and not nullable[length - 1]:
            length -= 1
        self.log(error, path[:length])
        self._put_null(path[:length])

    def _put_null(self, path: Steps) -> None:
        holder = self.data
        for step in path[:-1]:
            if holder is None:
                return
            holder = holder[step]
        if path and holder is not None:
            holder[path[-1]] = None

    def forget(self, blocks: tuple[int, ...]) -> None:
        """Drop the parents that an abandoned attempt collected."""
        for index in blocks:
            self.frames[index] = []


def steps_to(place: ResponsePath) -> Steps:
    """The path of a place, from the root."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return tuple(reversed(steps))


def info_of(planned: PlannedField) -> Callable[[Frames], Any]:
    """A function that gives what `is_type_of` and `resolve_type` may ask about the field, made once a run."""

    def info(frames: Frames) -> Any:
        run: Run = frames[0]
        known = run.infos.get(id(planned))
        if known is None:
            known = run.infos[id(planned)] = resolve_info(run, planned)
        return known

    return info


def resolve_info(run: Run, planned: PlannedField) -> GraphQLResolveInfo[Any]:
    """What graphql-core tells about a field; the path has no list indices, as it stands for all values."""
    path: Any = None
    return GraphQLResolveInfo(
        planned.name,
        planned.nodes,
        planned.definition.type,
        planned.block.type,
        Path(path, planned.key, planned.block.type.name),
        run.schema,
        run.plan.fragments,
        run.root_value,
        run.plan.operation,
        run.variables.coerced,  # type: ignore[arg-type]  # strawberry hands over the plain dictionary
        run.context,
        is_awaitable,
        None,
        GraphQLResolveInfoHelpers(gather=_gather, track=_track),
    )


async def _gather(awaitables: Any) -> Any:
    return await asyncio.gather(*awaitables)


def _track(awaitables: Any) -> None:
    for awaitable in awaitables:
        asyncio.ensure_future(awaitable).add_done_callback(lambda future: future.exception())
