"""A compiled operation: what is asked, decided once for all requests that ask the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)

from execution.arguments import Arguments, Refusable
from execution.fields import Batched, Computed, Derived, Direct, Selection, Single
from execution.leaves import Leaf

# Where a value stands in the answer: the place of what holds it, and its key or index there. None is the root.
ResponsePath = tuple[Any, str | int] | None
# A parent that waits for an asynchronous field: its value, its answer, and the answer's place.
Entry = tuple[Any, dict[str, Any], ResponsePath]
# The entries of each block by its index; in front of them, at index 0, the run itself.
Frames = list[Any]


class UnsupportedOperationError(Exception):
    """The compiled path leaves this operation to graphql-core."""


@dataclass(slots=True, eq=False, repr=False)
class LeafShape:
    """A scalar or an enum."""

    nullable: bool
    leaf: Leaf


@dataclass(slots=True, eq=False, repr=False)
class ListShape:
    """A list of one shape."""

    nullable: bool
    of: Shape


@dataclass(slots=True, eq=False, repr=False)
class ObjectShape:
    """An object of a type known beforehand."""

    nullable: bool
    block: Block


@dataclass(slots=True, eq=False, repr=False)
class AbstractShape:
    """An interface or a union: a shape for each type that the value may turn out to have, by its name."""

    nullable: bool
    type: GraphQLAbstractType
    concrete: dict[str, ObjectShape]


Shape = LeafShape | ListShape | ObjectShape | AbstractShape


@dataclass(slots=True, eq=False, repr=False)
class PlannedField:
    """One response key of a block. Without a kind it is `__typename`."""

    key: str
    name: str
    block: Block
    definition: GraphQLField
    nodes: list[FieldNode]
    kind: Direct | Computed | Derived | Single | Batched | None
    shape: Shape
    arguments: Arguments | Refusable | None
    selection: Selection
    # For each step of the path down to this field, whether null may stand there.
    nullable_path: tuple[bool, ...]
    # The asynchronous fields to be answered after this one, and, below, the blocks whose parents it collects for them.
    following: tuple[PlannedField, ...] = ()
    # Those of them whose arguments may be refused before anything is resolved.
    refusable: tuple[PlannedField, ...] = ()
    below: tuple[int, ...] = ()
    # The same field of the other types that a value of an interface or union may have; one call answers all of them.
    peers: tuple[PlannedField, ...] = ()
    complete: Callable[[list[Entry], list[Any], Frames], None] | None = None

    @property
    def waits(self) -> bool:
        """Whether the field is answered after the plain fields of its level."""
        return isinstance(self.kind, Single | Batched)

    @property
    def may_defer(self) -> bool:
        """Whether the field is asked for together with others of its level; never where it has peers."""
        return isinstance(self.kind, Single | Batched) and self.kind.defers and not self.peers


@dataclass(slots=True, eq=False, repr=False)
class Block:
    """The fields asked of one object type at one position of the operation."""

    index: int
    type: GraphQLObjectType
    # For each step of the path down to the object, whether null may stand there.
    nullable_path: tuple[bool, ...]
    fields: list[PlannedField] = field(default_factory=list)
    # Whether asynchronous fields are reached from here without passing another one.
    tracked: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """An operation, ready to run."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    root: Block
    serial: bool
    block_count: int
    following: tuple[PlannedField, ...] = ()
    refusable: tuple[PlannedField, ...] = ()
    complete: Callable[[Any, ResponsePath, Frames], dict[str, Any]] | None = None
    # The generated Python, to be read by people, and the names it uses.
    source: str = ""
    names: dict[str, Any] = field(default_factory=dict)

    def __del__(self) -> None:
        """Take the plan apart once nobody keeps or runs it.

        Fields and blocks point at each other, and functions at their names: by themselves they would stay until the
        garbage collector looks, which is told to do so hardly ever.
        """
        self.names.clear()
        waiting = [self.root]
        while waiting:
            block = waiting.pop()
            fields, block.fields = block.fields, []
            for planned in fields:
                planned.peers = ()
                waiting.extend(blocks_of(planned.shape))


def blocks_of(shape: Shape) -> Iterator[Block]:
    """The blocks which values of this shape may have."""
    match shape:
        case ListShape(of=of):
            yield from blocks_of(of)
        case ObjectShape(block=block):
            yield block
        case AbstractShape(concrete=concrete):
            yield from (shape.block for shape in concrete.values())


def waiting_below(blocks: Iterator[Block]) -> Iterator[PlannedField]:
    """The asynchronous fields of these blocks and of what they contain synchronously, as they stand in the document."""
    for block in blocks:
        for planned in block.fields:
            if planned.waits:
                yield planned
            else:
                yield from waiting_below(blocks_of(planned.shape))


def doubtful_of(fields: tuple[PlannedField, ...]) -> tuple[PlannedField, ...]:
    """The fields whose arguments may be refused as soon as they are started."""
    return tuple(planned for planned in fields if isinstance(planned.arguments, Refusable))
