"""From a document to a plan: graphql-core collects the fields once, and each is given its kind and its shape."""

from __future__ import annotations

import inspect
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from execution.arguments import arguments_of, nullable_variables
from execution.fields import Batched, Selection, Single, kind_of
from execution.leaves import Leaf, leaf_of
from execution.plan import (
    AbstractShape,
    Block,
    LeafShape,
    ListShape,
    ObjectShape,
    Plan,
    PlannedField,
    Shape,
    UnsupportedOperationError,
    blocks_of,
    doubtful_of,
    waiting_below,
)

# A plan of so many blocks takes some 30 ms to compile; beyond it graphql-core is the better answer.
BLOCKS_MAX = 200
DEPTH_MAX = 40
KNOWN_DIRECTIVES = frozenset({"skip", "include"})
TYPENAME = "__typename"
TYPENAME_FIELD = GraphQLField(GraphQLNonNull(GraphQLString))


class Switches(Visitor):
    """The variables that decide through `@skip` and `@include`, and whether there are directives we do not know."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.unknown = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Note one directive."""
        self.unknown = self.unknown or node.name.value not in KNOWN_DIRECTIVES
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run; where the choice is an error, graphql-core shall say so."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name and node.name.value == name][-1:]
    if len(operations) != 1 or operations[0].operation is OperationType.SUBSCRIPTION:
        raise UnsupportedOperationError
    return operations[0]


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by name; those with variables of their own are left to graphql-core."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if any(fragment.variable_definitions for fragment in fragments.values()):
        raise UnsupportedOperationError
    return fragments


def switches_of(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> tuple[str, ...]:
    """The names of the variables on which the shape of the answer depends."""
    switches = Switches()
    for node in (operation, *fragments.values()):
        visit(node, switches)
    if switches.unknown:
        raise UnsupportedOperationError
    return tuple(sorted(switches.names))


class Planner:
    """Plans one operation for one setting of its switches."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        switched: dict[str, Any],
        native_scalars: frozenset[str],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._details = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self._variables = VariableValues({}, switched)
        self._nullable = nullable_variables(schema, operation)
        self._native_scalars = native_scalars
        self._leaves: dict[GraphQLNamedType, Leaf] = {}
        self._count = 0

    def plan(self) -> Plan:
        """The plan, not yet given its generated code."""
        root_type = self._schema.get_root_type(self._operation.operation)
        if root_type is None:
            raise UnsupportedOperationError
        grouped = collect_fields(self._schema, self._details, self._variables, root_type, self._operation)
        root = self._block(root_type, grouped.grouped_field_set, ())
        serial = self._operation.operation is OperationType.MUTATION
        plan = Plan(self._schema, self._operation, self._fragments, root, serial, self._count)
        plan.following = tuple(waiting_below(iter([root])))
        plan.refusable = doubtful_of(plan.following)
        return plan

    def _block(self, of: GraphQLObjectType, grouped: GroupedFieldSet, path: tuple[bool, ...]) -> Block:
        self._count += 1
        if self._count > BLOCKS_MAX or len(path) > DEPTH_MAX:
            raise UnsupportedOperationError
        if of.is_type_of is not None and inspect.iscoroutinefunction(of.is_type_of):
            raise UnsupportedOperationError
        block = Block(self._count, of, path)
        for key, details in grouped.items():
            planned = self._field(block, key, details)
            if planned is not None:
                block.fields.append(planned)
        block.tracked = any(True for _ in waiting_below(iter([block])))
        return block

    def _field(self, block: Block, key: str, details: FieldDetailsList) -> PlannedField | None:
        nodes = [detail.node for detail in details]
        name = nodes[0].name.value
        if name == TYPENAME:
            shape: Shape = LeafShape(False, leaf_of(GraphQLString, frozenset()))
            selection = Selection(self._schema, self._fragments)
            path = (*block.nullable_path, False)
            return PlannedField(key, name, block, TYPENAME_FIELD, nodes, None, shape, None, selection, path)
        definition = self._schema.get_field(block.type, name)
        if definition is None:
            return None
        kind = None if name.startswith("__") else kind_of(definition)
        if kind is None:
            raise UnsupportedOperationError
        path = (*block.nullable_path, not is_non_null_type(definition.type))
        planned = PlannedField(
            key=key,
            name=name,
            block=block,
            definition=definition,
            nodes=nodes,
            kind=kind,
            shape=self._shape(definition.type, details, path),
            arguments=arguments_of(self._schema, definition, nodes[0], kind.prepare, self._nullable)
            if isinstance(kind, Single | Batched)
            else None,
            selection=Selection(self._schema, self._fragments, get_named_type(definition.type), nodes),
            nullable_path=path,
        )
        planned.following = tuple(waiting_below(blocks_of(planned.shape)))
        planned.refusable = doubtful_of(planned.following)
        planned.below = tuple({following.block.index for following in planned.following})
        return planned

    def _shape(self, of: GraphQLOutputType, details: FieldDetailsList, path: tuple[bool, ...]) -> Shape:
        nullable = not is_non_null_type(of)
        inner: Any = of if nullable else of.of_type  # type: ignore[union-attr]
        if is_list_type(inner):
            item = inner.of_type
            return ListShape(nullable, self._shape(item, details, (*path, not is_non_null_type(item))))
        if is_leaf_type(inner):
            return LeafShape(nullable, self._leaf(inner))
        if is_object_type(inner):
            return ObjectShape(nullable, self._subfields(inner, details, path))
        if not is_abstract_type(inner) or inspect.iscoroutinefunction(inner.resolve_type):
            raise UnsupportedOperationError
        possible = self._schema.get_possible_types(inner)
        concrete = {one.name: ObjectShape(False, self._subfields(one, details, path)) for one in possible}
        _make_peers([shape.block for shape in concrete.values()])
        return AbstractShape(nullable, inner, concrete)

    def _subfields(self, of: GraphQLObjectType, details: FieldDetailsList, path: tuple[bool, ...]) -> Block:
        collected = collect_subfields(self._schema, self._details, self._variables, self._operation, of, details)
        return self._block(of, collected.grouped_field_set, path)

    def _leaf(self, of: Any) -> Leaf:
        leaf = self._leaves.get(of)
        if leaf is None:
            leaf = self._leaves[of] = leaf_of(of, self._native_scalars)
        return leaf


def _make_peers(blocks: list[Block]) -> None:
    """Join the batched fields which several types have from one interface, asked for by the same nodes."""
    groups: dict[tuple[Any, ...], list[PlannedField]] = {}
    for block in blocks:
        for planned in block.fields:
            if isinstance(planned.kind, Batched):
                key = (id(planned.kind), str(planned.definition.type), *map(id, planned.nodes))
                groups.setdefault(key, []).append(planned)
    for group in groups.values():
        for planned in group:
            planned.peers = tuple(other for other in group if other is not planned)
