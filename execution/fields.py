"""The kinds of fields that execution knows, and what a client asked below a field."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)
from strawberry.types.field import StrawberryField

STRAWBERRY_DEFINITION = "strawberry-definition"
PLAN = "plan"

Prepare = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Direct:
    """A field that is an attribute (or a column) of its parent."""

    attribute: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The one attribute that is read."""
        return (self.attribute,)


@dataclass(frozen=True, slots=True)
class Computed:
    """A field calculated from its parent alone: synchronous, pure, so that it may be calculated twice."""

    function: Callable[[Any], Any]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """A field calculated from one attribute (or column) of its parent: synchronous and pure."""

    attribute: str
    function: Callable[[Any], Any]

    @property
    def needs(self) -> tuple[str, ...]:
        """The one attribute that is read."""
        return (self.attribute,)


@dataclass(frozen=True, slots=True)
class Single:
    """A field answered once for each parent: `await resolve(context, parent, selection, **arguments)`.

    With `prepare` the resolver takes what that makes of the arguments, and never changes it: it is kept. One that
    `defers` first awaits something `Deferred`, and may be asked even if a field before it makes null of its parent.
    """

    resolve: Callable[..., Coroutine[Any, Any, Any]]
    needs: tuple[str, ...] = ()
    prepare: Prepare | None = None
    defers: bool = False


@dataclass(frozen=True, slots=True)
class Batched:
    """A field answered once for all parents of a level: `await resolve(context, parents, selection, **arguments)`.

    The answer is a list as long as `parents` and in their order. An exception in the list is the error of its parent;
    a raised one is everybody's. `prepare` and `defers` are the same as for `Single`. `needs_below` tells what else the
    parents should hold, by what was asked below the field.
    """

    resolve: Callable[..., Coroutine[Any, Any, list[Any]]]
    needs: tuple[str, ...] = ()
    prepare: Prepare | None = None
    defers: bool = False
    needs_below: Callable[[Selection], tuple[str, ...]] | None = None


Kind = Direct | Computed | Derived | Single | Batched


def kind_of(definition: GraphQLField) -> Kind | None:
    """The kind of a schema's field; None for one that only graphql-core can answer."""
    plain = definition.extensions.get(PLAN)
    if isinstance(plain, Kind):
        return plain
    declared = definition.extensions.get(STRAWBERRY_DEFINITION)
    if not isinstance(declared, StrawberryField) or declared.extensions or declared.is_subscription:
        return None
    kind = declared.metadata.get(PLAN)
    if isinstance(kind, Kind):
        return kind
    plain = declared.is_basic_field and declared.default_resolver is getattr
    return Direct(declared.python_name) if plain else None


@dataclass(slots=True)
class SelectedField:
    """The nodes of one field below a selection, merged over aliases and fragments."""

    definition: GraphQLField
    nodes: list[FieldNode] = field(default_factory=list)


class Selection:
    """What the client asked below a field: fragments flattened, `@skip` and `@include` ignored, so never too little."""

    __slots__ = ("_asked", "_children", "_fragments", "_needs", "_nodes", "_schema", "_type")

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        of: GraphQLNamedType | None = None,
        nodes: Iterable[FieldNode] = (),
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._type = of
        self._nodes = tuple(nodes)
        self._asked: dict[str, SelectedField] | None = None
        self._children: dict[str, Selection] = {}
        self._needs: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        """Whether the client asked for the field at all."""
        return bool(self._nodes)

    def __repr__(self) -> str:
        return f"<Selection {self._type}: {' '.join(self.fields)}>"

    def __getitem__(self, name: str) -> Selection:
        """What was asked below the sub-field with this GraphQL name; an empty, falsy one if it was not asked for."""
        child = self._children.get(name)
        if child is None:
            asked = self._collected().get(name)
            below = (get_named_type(asked.definition.type), asked.nodes) if asked else (None, ())
            child = self._children[name] = Selection(self._schema, self._fragments, *below)
        return child

    def on(self, type_name: str) -> Selection:
        """The same, for values of the concrete type with this name."""
        key = f"on {type_name}"
        narrowed = self._children.get(key)
        if narrowed is None:
            concrete = self._schema.get_type(type_name)
            narrowed = self._children[key] = Selection(self._schema, self._fragments, concrete, self._nodes)
        return narrowed

    @property
    def fields(self) -> tuple[str, ...]:
        """The GraphQL names of the sub-fields that were asked for."""
        return tuple(self._collected())

    @property
    def needs(self) -> tuple[str, ...]:
        """The attributes (columns) which the asked sub-fields read, sorted."""
        if self._needs is None:
            self._needs = tuple(sorted(self._gathered()))
        return self._needs

    def _gathered(self) -> set[str]:
        if is_abstract_type(self._type):
            possible = self._schema.get_possible_types(self._type)
            return {need for concrete in possible for need in self.on(concrete.name).needs}
        needs: set[str] = set()
        for name, asked in self._collected().items():
            kind = kind_of(asked.definition)
            if kind is not None:
                needs.update(kind.needs)
            if isinstance(kind, Batched) and kind.needs_below is not None:
                needs.update(kind.needs_below(self[name]))
        return needs

    def _collected(self) -> dict[str, SelectedField]:
        if self._asked is None:
            asked: dict[str, SelectedField] = {}
            if is_composite_type(self._type):
                visited: set[str] = set()
                for node in self._nodes:
                    if node.selection_set is not None:
                        self._collect(asked, node.selection_set, self._type, visited)
            self._asked = asked
        return self._asked

    def _collect(
        self, into: dict[str, SelectedField], selections: SelectionSetNode, within: GraphQLNamedType, visited: set[str]
    ) -> None:
        """Add the fields of `selections`; `within` is the type that a surrounding fragment names."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                definition = self._definition(node.name.value, within)
                if definition is not None:
                    into.setdefault(node.name.value, SelectedField(definition)).nodes.append(node)
                continue
            fragment: Any = node
            if not isinstance(node, InlineFragmentNode):
                fragment = self._fragments.get(node.name.value)  # type: ignore[attr-defined]
                if fragment is None or fragment.name.value in visited:
                    continue
                visited.add(fragment.name.value)
            named = self._schema.get_type(fragment.type_condition.name.value) if fragment.type_condition else within
            if named is not None and self._applies(named):
                self._collect(into, fragment.selection_set, named, visited)

    def _definition(self, name: str, within: GraphQLNamedType) -> GraphQLField | None:
        """The definition of a field on the selection's own type, or else on the type of the surrounding fragment."""
        for holder in (self._type, within):
            if (is_object_type(holder) or is_interface_type(holder)) and name in holder.fields:
                definition: GraphQLField = holder.fields[name]
                return definition
        return None

    def _applies(self, condition: GraphQLNamedType) -> bool:
        if condition is self._type or not isinstance(self._type, GraphQLObjectType):
            return True
        return is_abstract_type(condition) and self._schema.is_sub_type(condition, self._type)
