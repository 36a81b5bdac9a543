"""The careful path: values completed one by one exactly as graphql-core does, with its errors and its nulls."""

from __future__ import annotations

from typing import Any, cast

from graphql import GraphQLError, GraphQLObjectType, Undefined, default_type_resolver, located_error
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import inspect, is_iterable
from graphql.pyutils.is_awaitable import is_awaitable

from execution.fields import Computed, Derived, Direct
from execution.plan import AbstractShape, Block, LeafShape, ListShape, ObjectShape, Place, PlannedField, Shape
from execution.run import Run, info_of, steps_to


async def complete_fields(run: Run, block: Block, value: Any, place: Place) -> dict[str, Any]:
    """The plain fields of an object; it is remembered as a parent for the asynchronous ones."""
    data: dict[str, Any] = {}
    waits = False
    for planned in block.fields:
        if planned.waits:
            data[planned.key] = None
            refused = run.refused.get(id(planned))
            if refused is None:
                waits = True
            else:
                _handled(run, planned, refused, planned.shape, (place, planned.key))
        else:
            await complete_field(run, planned, value, place, data)
    if waits:
        run.frames[block.index].append((value, data, place))
    return data


async def complete_field(run: Run, planned: PlannedField, value: Any, place: Place, data: dict[str, Any]) -> None:
    """One plain field of an object, put into its answer."""
    own = (place, planned.key)
    try:
        data[planned.key] = await complete_value(
            run, planned, planned.shape, own, await _settled(_read(planned, value))
        )
    except Exception as raw:
        data[planned.key] = _handled(run, planned, raw, planned.shape, own)


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


async def complete_value(run: Run, planned: PlannedField, shape: Shape, place: Place, value: Any) -> Any:
    """A value as it goes into the answer, or the exception that says why it cannot."""
    if isinstance(value, Exception):
        raise value
    completed: Any = None
    if value is not None and value is not Undefined:
        match shape:
            case ListShape():
                completed = await _list(run, planned, shape, place, value)
            case LeafShape():
                completed = _leaf(shape, value)
            case AbstractShape():
                completed = await _abstract(run, planned, shape, place, value)
            case ObjectShape(block=block):
                completed = await _object(run, planned, block, place, value)
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


async def _list(run: Run, planned: PlannedField, shape: ListShape, place: Place, value: Any) -> list[Any]:
    if hasattr(value, "__aiter__"):
        value = [item async for item in value]
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{planned.block.type}.{planned.name}'.")
    completed: list[Any] = []
    for index, item in enumerate(value):
        own = (place, index)
        try:
            completed.append(await complete_value(run, planned, shape.of, own, await _settled(item)))
        except Exception as raw:
            completed.append(_handled(run, planned, raw, shape.of, own))
    return completed


async def _abstract(run: Run, planned: PlannedField, shape: AbstractShape, place: Place, value: Any) -> dict[str, Any]:
    resolve = shape.type.resolve_type or default_type_resolver
    name = await _settled(resolve(value, info_of(planned)(run.frames), shape.type))
    details = [FieldDetails(node, None) for node in planned.nodes]
    # graphql-core's own check and its messages; all it wants of the executor is the schema.
    checker = cast("Executor[Any]", run)
    of: GraphQLObjectType = Executor.ensure_valid_runtime_type(
        checker, name, shape.type, details, info_of(planned)(run.frames), value
    )
    return await _object(run, planned, shape.concrete[of.name].block, place, value)


async def _object(run: Run, planned: PlannedField, block: Block, place: Place, value: Any) -> dict[str, Any]:
    test = block.type.is_type_of
    if test is not None and not await _settled(test(value, info_of(planned)(run.frames))):
        raise invalid_return_type_error(block.type, value, [FieldDetails(node, None) for node in planned.nodes])
    return await complete_fields(run, block, value, place)


async def _settled(value: Any) -> Any:
    return await value if is_awaitable(value) else value


def _handled(run: Run, planned: PlannedField, raw: Exception, shape: Shape, place: Place) -> Any:
    """Null for a place that may be null; otherwise the error goes on upwards."""
    steps = steps_to(place)
    error = located_error(raw, planned.nodes, list(steps))
    if not shape.nullable:
        raise error
    run.log(error, steps)
    return None
