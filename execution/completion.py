"""The careful path: values completed one by one exactly as graphql-core does, with its errors and its nulls."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLError, GraphQLObjectType, Undefined, default_type_resolver, located_error
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import inspect, is_iterable
from graphql.pyutils.is_awaitable import is_awaitable

from execution.fields import Computed, Derived, Direct
from execution.plan import (
    AbstractShape,
    Block,
    Entry,
    LeafShape,
    ListShape,
    ObjectShape,
    PlannedField,
    ResponsePath,
    Shape,
)
from execution.run import Run, info_of, steps_to


@dataclass(slots=True, eq=False)
class Pending:
    """A value that is known only when something has been awaited."""

    awaited: Awaitable[Any]
    complete: Callable[[Any], Any]


def complete_fields(run: Run, block: Block, value: Any, place: ResponsePath) -> dict[str, Any]:
    """The plain fields of an object; it is remembered as a parent for the asynchronous ones."""
    data: dict[str, Any] = {}
    waits = False
    for planned in block.fields:
        data[planned.key] = None
        if not planned.waits:
            complete_field(run, planned, value, place, data)
        elif id(planned) in run.refused:
            _handle(run, planned, run.refused[id(planned)], planned.shape, (place, planned.key))
        else:
            waits = True
    if waits:
        run.frames[block.index].append((value, data, place))
    return data


def complete_field(run: Run, planned: PlannedField, value: Any, place: ResponsePath, data: dict[str, Any]) -> None:
    """One plain field of an object, put into its answer."""
    own = (place, planned.key)
    try:
        _put(run, planned, own, data, _arrived(run, planned, planned.shape, own, _read(planned, value)))
    except Exception as raw:
        _handle(run, planned, raw, planned.shape, own)


async def complete_pending(run: Run) -> None:
    """Await what had to be awaited on the way, behind everything that had not, as graphql-core does."""
    while run.pending:
        planned, place, holder, pending = run.pending.pop(0)
        try:
            awaited = await pending.awaited
            if not run.is_dead(steps_to(place)):
                _put(run, planned, place, holder, pending.complete(awaited))
        except Exception as raw:
            run.fail(planned, place, raw)


def put_value(run: Run, planned: PlannedField, entry: Entry, value: Any) -> None:
    """The value of an asynchronous field, completed and put into the answer of its parent."""
    place = (entry[2], planned.key)
    _put(run, planned, place, entry[1], _complete(run, planned, planned.shape, place, value))


def _put(run: Run, planned: PlannedField, place: tuple[ResponsePath, str | int], holder: Any, completed: Any) -> None:
    if isinstance(completed, Pending):
        run.pending.append((planned, place, holder, completed))
    else:
        holder[place[1]] = completed


def _read(planned: PlannedField, value: Any) -> Any:
    match planned.kind:
        case Direct(attribute):
            return getattr(value, attribute)
        case Computed(function):
            return function(value)
        case Derived(attribute, function):
            return function(getattr(value, attribute))
        case _:
            return planned.block.type.name


def _arrived(run: Run, planned: PlannedField, shape: Shape, place: ResponsePath, value: Any) -> Any:
    """A value that may have to be awaited first, completed."""
    if is_awaitable(value):
        return Pending(value, lambda awaited: _complete(run, planned, shape, place, awaited))
    return _complete(run, planned, shape, place, value)


def _complete(run: Run, planned: PlannedField, shape: Shape, place: ResponsePath, value: Any) -> Any:
    """A value as it goes into the answer, or the exception that says why it cannot."""
    if isinstance(value, Exception):
        raise value
    completed: Any = None
    if value is not None and value is not Undefined:
        match shape:
            case ListShape():
                completed = _list(run, planned, shape, place, value)
            case LeafShape():
                completed = _leaf(shape, value)
            case AbstractShape():
                completed = _abstract(run, planned, shape, place, value)
            case ObjectShape(block=block):
                completed = _object(run, planned, block, place, value)
    if completed is None and not shape.nullable:
        raise TypeError(f"Cannot return null for non-nullable field {planned.block.type}.{planned.name}.")
    return completed


def _leaf(shape: LeafShape, value: Any) -> Any:
    serialized = shape.leaf.serialize(value)
    if serialized is Undefined or serialized is None:
        raise TypeError(
            f"Expected `{inspect(shape.leaf.of)}.coerce_output_value({inspect(value)})`"
            f" to return non-nullable value, returned: {inspect(serialized)}"
        )
    return serialized


def _list(run: Run, planned: PlannedField, shape: ListShape, place: ResponsePath, value: Any) -> Any:
    if hasattr(value, "__aiter__"):
        return Pending(_collected(value), lambda items: _list(run, planned, shape, place, items))
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{planned.block.type}.{planned.name}'.")
    completed: list[Any] = []
    for index, item in enumerate(value):
        own = (place, index)
        completed.append(None)
        try:
            _put(run, planned, own, completed, _arrived(run, planned, shape.of, own, item))
        except Exception as raw:
            _handle(run, planned, raw, shape.of, own)
    return completed


async def _collected(items: AsyncIterable[Any]) -> list[Any]:
    return [item async for item in items]


def _abstract(run: Run, planned: PlannedField, shape: AbstractShape, place: ResponsePath, value: Any) -> Any:
    resolve = shape.type.resolve_type or default_type_resolver

    def named(name: Any) -> Any:
        details = [FieldDetails(node, None) for node in planned.nodes]
        # graphql-core's own check and its messages; all it wants of the executor is the schema.
        checker = cast("Executor[Any]", run)
        of: GraphQLObjectType = Executor.ensure_valid_runtime_type(
            checker, name, shape.type, details, info_of(planned)(run.frames), value
        )
        return _object(run, planned, shape.concrete[of.name].block, place, value)

    name = resolve(value, info_of(planned)(run.frames), shape.type)
    return Pending(name, named) if is_awaitable(name) else named(name)


def _object(run: Run, planned: PlannedField, block: Block, place: ResponsePath, value: Any) -> Any:
    def tested(fits: Any) -> dict[str, Any]:
        if not fits:
            raise invalid_return_type_error(block.type, value, [FieldDetails(node, None) for node in planned.nodes])
        return complete_fields(run, block, value, place)

    test = block.type.is_type_of
    fits = True if test is None else test(value, info_of(planned)(run.frames))
    return Pending(fits, tested) if is_awaitable(fits) else tested(fits)


def _handle(run: Run, planned: PlannedField, raw: Exception, shape: Shape, place: ResponsePath) -> None:
    """Leave null at a place that may be null; otherwise the error goes on upwards."""
    steps = steps_to(place)
    error = located_error(raw, planned.nodes, list(steps))
    if not shape.nullable:
        raise error
    run.log(error, steps)
