"""The rule that fields of one response name must be mergeable, in a form that hostile documents cannot slow down.

The schema library compares every two fields of a name, which takes half a second on a document of two thousand
tokens. Here fields are put into groups, each group is compared with its first field only (being alike is transitive),
and the number of visited fields is bounded. Runs on documents that are otherwise valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from transport.errors import Code, refusal

VISITED_FIELDS_MAX = 10_000


class SelectedField(NamedTuple):
    """One field of a merged selection, with the type it is asked on."""

    parent: GraphQLNamedType
    node: FieldNode
    definition: GraphQLField


Group = list[SelectedField]


def check_overlaps(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Raise for the first two fields that share a response name and cannot be merged."""
    rule = _Overlaps(schema, document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            root = schema.get_root_type(definition.operation)
            if root is not None:
                rule.check([(root, definition.selection_set)])


class _Overlaps:
    """Two passes over a merged selection: the same shape everywhere, the same field wherever types can meet."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.visited = 0
        self.done: set[tuple[bool, frozenset[tuple[str, int]]]] = set()

    def check(self, sets: list[tuple[GraphQLNamedType, SelectionSetNode]]) -> None:
        self._pass(sets, meeting=False)
        self._pass(sets, meeting=True)

    def _pass(self, sets: list[tuple[GraphQLNamedType, SelectionSetNode]], meeting: bool) -> None:
        key = (meeting, frozenset((parent.name, id(node)) for parent, node in sets))
        if key in self.done:
            return
        self.done.add(key)
        for group in self._groups(sets):
            for alike in _that_can_meet(group) if meeting else [group]:
                self._compare(alike, meeting)
                below = [
                    (get_named_type(asked.definition.type), asked.node.selection_set)
                    for asked in alike
                    if asked.node.selection_set is not None
                ]
                if below:
                    self._pass(below, meeting)

    def _compare(self, group: Group, meeting: bool) -> None:
        first = group[0]
        for other in group[1:]:
            if other.node is first.node:
                continue
            same = _same_field(first.node, other.node) if meeting else _same_shape(first, other)
            if not same:
                raise _conflict(first.node, other.node)

    def _groups(self, sets: list[tuple[GraphQLNamedType, SelectionSetNode]]) -> Iterable[Group]:
        groups: dict[str, Group] = {}
        seen: set[str] = set()
        for parent, node in sets:
            for asked in self._collect(parent, node, seen):
                self.visited += 1
                if self.visited > VISITED_FIELDS_MAX:
                    raise refusal(Code.FIELD_LIMIT, "The document repeats too many fields.", limit=VISITED_FIELDS_MAX)
                groups.setdefault((asked.node.alias or asked.node.name).value, []).append(asked)
        return groups.values()

    def _collect(self, parent: GraphQLNamedType, node: SelectionSetNode, seen: set[str]) -> Iterator[SelectedField]:
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                definition = self.schema.get_field(parent, selection.name.value)  # type: ignore[arg-type]
                if definition is not None:
                    yield SelectedField(parent, selection, definition)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                below = self.schema.type_map[condition.name.value] if condition else parent
                yield from self._collect(below, selection.selection_set, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                below = self.schema.type_map[fragment.type_condition.name.value]
                yield from self._collect(below, fragment.selection_set, seen)


def _that_can_meet(group: Group) -> list[Group]:
    """Fields on two different object types never meet; a field on an interface meets those on every type."""
    if len(group) == 1:
        return [group]
    concrete: dict[str, Group] = {}
    anywhere: Group = []
    for asked in group:
        if is_object_type(asked.parent):
            concrete.setdefault(asked.parent.name, []).append(asked)
        else:
            anywhere.append(asked)
    return [[*fields, *anywhere] for fields in concrete.values()] or [anywhere]


def _same_field(one: FieldNode, other: FieldNode) -> bool:
    return one.name.value == other.name.value and _arguments(one) == _arguments(other)


def _arguments(node: FieldNode) -> dict[str, Any]:
    return {argument.name.value: _value(argument.value) for argument in node.arguments or ()}


def _value(node: ValueNode) -> Any:
    """A form in which two literals are equal exactly if they are written alike, whatever the order of their keys."""
    if isinstance(node, ListValueNode):
        return [_value(item) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {item.name.value: _value(item.value) for item in node.fields}
    if isinstance(node, VariableNode):
        return (node.kind, node.name.value)
    return (node.kind, getattr(node, "value", None))


def _same_shape(one: SelectedField, other: SelectedField) -> bool:
    first: GraphQLType = one.definition.type
    second: GraphQLType = other.definition.type
    while True:
        if is_non_null_type(first) or is_non_null_type(second):
            if not (is_non_null_type(first) and is_non_null_type(second)):
                return False
        elif is_list_type(first) or is_list_type(second):
            if not (is_list_type(first) and is_list_type(second)):
                return False
        elif is_leaf_type(first) or is_leaf_type(second):
            return first is second
        else:
            return True
        first, second = first.of_type, second.of_type


def _conflict(one: FieldNode, other: FieldNode) -> GraphQLError:
    name = (one.alias or one.name).value
    return GraphQLError(
        f"Two different fields are asked under the one name '{name}'. Give one of them another alias.",
        [one, other],
        extensions={"code": Code.VALIDATION_FAILED.value},
    )
