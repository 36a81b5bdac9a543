"""The same kinds of fields under graphql-core and strawberry: slower, and able to do everything."""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Annotated, Any, cast

import strawberry
from graphql import DocumentNode, ExecutionResult, FieldNode, GraphQLResolveInfo, GraphQLSchema, execute, get_named_type
from strawberry.parent import StrawberryParent
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.fields import Batched, Computed, Derived, Direct, Kind, Selection, Single

PARENT: Any = Annotated[Any, StrawberryParent()]
INFO = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info)
SELECTIONS_MAX = 4_096
_selections: OrderedDict[tuple[Any, ...], tuple[Selection, list[FieldNode]]] = OrderedDict()


def as_resolver(
    kind: Kind, arguments: Iterable[inspect.Parameter] = (), *, returns: Any = inspect.Signature.empty
) -> Callable[..., Any]:
    """A resolver `(parent, info, **arguments)` for a strawberry field that answers as its `kind` says."""
    parent = inspect.Parameter("parent", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=PARENT)
    return signed(_unsigned(kind), (parent, INFO, *arguments), returns=returns)


def signed(
    resolver: Callable[..., Any], parameters: Iterable[inspect.Parameter], *, returns: Any = inspect.Signature.empty
) -> Callable[..., Any]:
    """The resolver, with the signature that strawberry reads."""
    signature = inspect.Signature(list(parameters), return_annotation=returns)
    resolver.__signature__ = signature  # type: ignore[attr-defined]  # any function takes one
    resolver.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return resolver


def _unsigned(kind: Kind) -> Callable[..., Any]:
    match kind:
        case Direct(attribute):
            return lambda parent, info: getattr(parent, attribute)
        case Computed(function):
            return lambda parent, info: function(parent)
        case Derived(attribute, function):
            return lambda parent, info: function(getattr(parent, attribute))
        case Single():
            return _single(kind)
        case Batched():
            return _batched(kind)


def _single(kind: Single) -> Callable[..., Any]:
    async def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
        prepared = arguments if kind.prepare is None else kind.prepare(arguments)
        return await kind.resolve(info.context, parent, selection_of(info), **prepared)

    return resolve


def _batched(kind: Batched) -> Callable[..., Any]:
    async def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
        return await _loader(kind, info, arguments).load(parent)

    return resolve


class Loader:
    """Collects the parents of one tick and asks for all of them at once."""

    def __init__(self, kind: Batched, info: Any, arguments: dict[str, Any]) -> None:
        self._kind = kind
        self._context = info.context
        self._selection = selection_of(info)
        self._arguments = arguments
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        # The loader is found by the identity of these, so they have to live as long as it does.
        self._held = (_raw(info).field_nodes, _raw(info).variable_values)

    def load(self, parent: Any) -> asyncio.Future[Any]:
        """The value for one parent, later."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._start)
        future = loop.create_future()
        self._waiting.append((parent, future))
        return future

    def _start(self) -> None:
        task = asyncio.ensure_future(self._answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self) -> None:
        waiting, self._waiting = self._waiting, []
        parents = [parent for parent, _ in waiting]
        try:
            prepare = self._kind.prepare
            prepared = self._arguments if prepare is None else prepare(self._arguments)
            values = checked(await self._kind.resolve(self._context, parents, self._selection, **prepared), parents)
        except Exception as error:
            values = [error] * len(parents)
        for (_, future), value in zip(waiting, values, strict=True):
            if future.cancelled():
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
                future.exception()  # a cancelled reader must not turn into a warning that nobody retrieved it
            else:
                future.set_result(value)


def checked(values: Any, parents: list[Any]) -> list[Any]:
    """The values of a batch, refused unless there is one for each parent."""
    if not isinstance(values, list) or len(values) != len(parents):
        raise RuntimeError("A batch has to answer a list with one value for each parent.")
    return values


def _loader(kind: Batched, info: Any, arguments: dict[str, Any]) -> Loader:
    """The loader of this field node in this execution; its arguments are the same for all parents."""
    raw = _raw(info)
    loaders = info.context.loaders
    key = (kind, id(raw.variable_values), *map(id, raw.field_nodes))
    loader = loaders.get(key)
    if loader is None:
        loader = loaders[key] = Loader(kind, info, arguments)
    return cast(Loader, loader)


def selection_of(info: Any) -> Selection:
    """What was asked below the field that `info` is about, remembered as long as the document is in use."""
    raw = _raw(info)
    of = get_named_type(raw.return_type)
    key = (id(of), *map(id, raw.field_nodes))
    known = _selections.get(key)
    if known is None:
        # The nodes are kept with the answer: an identity is only unique as long as its owner lives.
        known = _selections[key] = (Selection(raw.schema, raw.fragments, of, raw.field_nodes), raw.field_nodes)
        if len(_selections) > SELECTIONS_MAX:
            _selections.popitem(last=False)
    else:
        _selections.move_to_end(key)
    return known[0]


def _raw(info: Any) -> GraphQLResolveInfo[Any]:
    return info._raw_info if isinstance(info, strawberry.Info) else info


async def core_execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    operation_name: str | None = None,
    variables: dict[str, Any] | None = None,
    context: Any = None,
    root_value: Any = None,
) -> ExecutionResult:
    """Execute a query or mutation with graphql-core, as strawberry would."""
    result: Any = execute(
        schema,
        document,
        root_value=root_value,
        context_value=context,
        variable_values=variables,
        operation_name=operation_name,
        executor_class=StrawberryGraphQLCoreExecutionContext,
    )
    return cast(ExecutionResult, await result if inspect.isawaitable(result) else result)
