"""What one operation asks for, in objects and in cost, known before anything is executed.

Runs on documents that are within `Limits.fields` and valid, so a plain recursion over the expanded fields is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from transport.errors import Code, refusal
from transport.limits import COUNT_MAX, INTROSPECTION_FIELDS, Limits

REMEMBERED_PRICES_MAX = 64


@dataclass(frozen=True, slots=True)
class Price:
    """The items of lists an operation may answer, and its cost: one for each object it may answer."""

    nodes: int
    cost: int


class Pricing:
    """Prices one operation; the answer depends only on the variables that say how long a list is."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        limits: Limits,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = fragments
        self.limits = limits
        self.defaults = {
            definition.variable.name.value: _literal(definition.default_value)
            for definition in operation.variable_definitions or ()
            if definition.default_value is not None
        }
        self.sizing = self._sizing_variables()
        self._prices: dict[tuple[int | None, ...], Price] = {}

    def root_fields(self, node: SelectionSetNode) -> Iterator[str]:
        """The names of the fields that stand in a selection set at the root, fragments expanded."""
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                yield selection.name.value
            elif isinstance(selection, InlineFragmentNode):
                yield from self.root_fields(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self.root_fields(self.fragments[selection.name.value].selection_set)

    def price(self, variables: Mapping[str, Any] | None) -> Price:
        """The price with these variables; refuses a page, a number of nodes or a cost beyond the limits."""
        key = self._sizes(variables or {}) if self.sizing else ()
        price = self._prices.get(key)
        if price is None:
            price = self._checked(dict(zip(self.sizing, key, strict=True)))
            if len(self._prices) < REMEMBERED_PRICES_MAX:
                self._prices[key] = price
        return price

    def _checked(self, sizes: dict[str, int | None]) -> Price:
        price = _Walk(self, sizes).operation()
        limits = self.limits
        if price.nodes > limits.nodes:
            raise _too_much(Code.NODE_LIMIT, "nodes", price.nodes, limits.nodes)
        if price.cost > limits.cost:
            raise _too_much(Code.COST_LIMIT, "cost", price.cost, limits.cost)
        return price

    def _sizes(self, given: Mapping[str, Any]) -> tuple[int | None, ...]:
        sizes: list[int | None] = []
        for name in self.sizing:
            value = given[name] if name in given else self.defaults.get(name)
            sizes.append(value if type(value) is int and 0 <= value <= COUNT_MAX else _size(value))
        return tuple(sizes)

    def _sizing_variables(self) -> tuple[str, ...]:
        """The names of the variables that decide the length of some list."""
        names: set[str] = set()
        waiting = [self.operation.selection_set]
        waiting.extend(fragment.selection_set for fragment in self.fragments.values())
        sizing = {*self.limits.page_arguments, *self.limits.list_arguments}
        while waiting:
            for selection in waiting.pop().selections:
                if isinstance(selection, FieldNode):
                    for argument in selection.arguments or ():
                        if argument.name.value in sizing:
                            names.update(_variables_in(argument.value))
                below = getattr(selection, "selection_set", None)
                if below is not None:
                    waiting.append(below)
        return tuple(sorted(names))


class _Walk:
    """One walk over the expanded operation with known sizes."""

    def __init__(self, pricing: Pricing, sizes: Mapping[str, int | None]) -> None:
        self.pricing = pricing
        self.limits = pricing.limits
        self.sizes = sizes
        self.nodes = 0
        self.cost = 0

    def operation(self) -> Price:
        node = self.pricing.operation
        root = self.pricing.schema.get_root_type(node.operation)
        if root is not None:
            self._set(node.selection_set, root, times=1, page=None)
            if node.operation is OperationType.MUTATION:
                asked = sum(name != "__typename" for name in self.pricing.root_fields(node.selection_set))
                self.cost += self.limits.cost_mutation * asked
        return Price(self.nodes, max(self.cost, 1))

    def _set(self, node: SelectionSetNode, parent: GraphQLNamedType, times: int, page: int | None) -> None:
        """Add what a selection set asks, `times` over; `page` is the size a connection passes to its lists."""
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                self._field(selection, parent, times, page)
                continue
            if isinstance(selection, FragmentSpreadNode):
                fragment = self.pricing.fragments[selection.name.value]
                condition, below = fragment.type_condition, fragment.selection_set
            elif isinstance(selection, InlineFragmentNode):
                if selection.type_condition is None:
                    self._set(selection.selection_set, parent, times, page)
                    continue
                condition, below = selection.type_condition, selection.selection_set
            else:
                continue
            self._set(below, self.pricing.schema.type_map[condition.name.value], times, page)

    def _field(self, node: FieldNode, parent: GraphQLNamedType, times: int, page: int | None) -> None:
        name = node.name.value
        if name in INTROSPECTION_FIELDS:
            self.cost += self.limits.cost_introspection
            return
        fields = getattr(parent, "fields", {})
        definition: GraphQLField | None = fields.get(name)
        if definition is None:
            return  # __typename
        self.cost += times * self.limits.cost_fields.get(f"{parent.name}.{name}", 0)
        asked = self._asked(node, definition)
        named = get_named_type(definition.type)
        if not is_composite_type(named):
            return
        if _is_list(definition.type):
            size = asked if asked is not None else page if page is not None else self.limits.list_default
            times *= size
            self.nodes += times
            asked = None
        self.cost += times
        if node.selection_set is not None:
            self._set(node.selection_set, named, times, asked)

    def _asked(self, node: FieldNode, definition: GraphQLField) -> int | None:
        """How many items the field's own arguments ask for; None if it has no such argument."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in self.limits.list_arguments:
            if name in definition.args and name in given:
                return self._length(given[name])
        pages = [name for name in self.limits.page_arguments if name in definition.args]
        if not pages:
            return None
        sizes = [self._page(given.get(name), definition.args[name].default_value) for name in pages]
        known = [size for size in sizes if size is not None]
        size = max(known) if known else self.limits.page_default
        if size > self.limits.page:
            raise _too_much(Code.PAGE_LIMIT, "items a page", size, self.limits.page)
        return size

    def _page(self, given: ValueNode | None, default: Any) -> int | None:
        size = self._number(given) if given is not None else None
        if size is None and default is not Undefined:
            size = _size(default)
        return size

    def _number(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return self.sizes.get(value.name.value)
        return _size(_literal(value))

    def _length(self, value: ValueNode) -> int:
        if isinstance(value, VariableNode):
            size = self.sizes.get(value.name.value)
            return 1 if size is None else size  # one value where a list is expected counts as a list of one
        return len(value.values) if isinstance(value, ListValueNode) else 1


def _size(value: Any) -> int | None:
    """A length, from a number or a list; None for anything that is refused later anyway."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return min(max(int(value), 0), COUNT_MAX)
    return len(value) if isinstance(value, list) else None


def _literal(value: ValueNode | None) -> Any:
    if isinstance(value, IntValueNode):
        # The text may have thousands of digits, which Python refuses to read as a number.
        return int(value.value) if len(value.value) <= 12 else COUNT_MAX
    return [None] * len(value.values) if isinstance(value, ListValueNode) else None


def _variables_in(value: ValueNode) -> list[str]:
    return [value.name.value] if isinstance(value, VariableNode) else []


def _is_list(kind: GraphQLType) -> bool:
    return is_list_type(kind.of_type if is_non_null_type(kind) else kind)


def _too_much(code: Code, what: str, asked: int, limit: int) -> Exception:
    told = min(asked, COUNT_MAX)  # JSON has no place for the number a hostile document can reach
    return refusal(code, f"This asks for {told} {what}; at most {limit} are answered.", limit=limit, requested=told)
