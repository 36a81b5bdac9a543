"""Every number that bounds what one client may ask, and the check of a document against them before it is validated.

The check walks each selection set once and remembers what each fragment amounts to, so that its time grows with the
text of the document and not with what the fragments multiply to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
)

from transport.errors import Code, refusal

INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})
COUNT_MAX = 1_000_000_000  # fragments multiply; a count beyond this says nothing more


@dataclass(frozen=True)
class Limits:
    """The bounds of a request; the defaults suit an API on the internet."""

    body_bytes: int = 100_000
    tokens: int = 2_000
    depth: int = 10
    introspection_depth: int = 20  # the standard introspection query needs 15
    nesting: int = 50  # selection sets inside each other, inline fragments and spreads too
    aliases: int = 15
    root_fields: int = 10
    fields: int = 1_000  # selections after fragments are expanded
    operations: int = 20
    directives: int = 20
    input_list: int = 250
    input_depth: int = 20
    page: int = 100
    nodes: int = 10_000
    cost: int = 2_500

    page_default: int = 20  # a paged field asked without a size and without a default of its own
    list_default: int = 10  # a list that has no size at all
    page_arguments: tuple[str, ...] = ("first", "last")
    list_arguments: tuple[str, ...] = ("ids",)  # as many items are answered as are given
    cost_mutation: int = 10
    cost_introspection: int = 100
    cost_fields: Mapping[str, int] = field(default_factory=dict)  # "Type.field": what it costs beyond its objects

    body_seconds: float = 10.0
    request_seconds: float = 30.0

    frame_bytes: int = 64_000
    init_seconds: float = 10.0
    subscriptions: int = 20
    connections_per_viewer: int = 10
    connections_per_source: int = 200  # a campus may sit behind one address
    queued_messages: int = 64
    queued_bytes: int = 1_000_000
    slow_reader_seconds: float = 2.0  # how long a full queue may stay full
    stuck_reader_seconds: float = 30.0  # how long a client may take nothing at all
    validity_seconds: float = 3.0  # how often a long connection's token is looked at again
    validity_timeout_seconds: float = 1.5
    heartbeat_seconds: float = 12.0


class Size(NamedTuple):
    """What one selection set amounts to once its fragments are expanded."""

    fields: int = 0
    root_fields: int = 0
    depth: int = 0
    introspection_depth: int = 0
    nesting: int = 0
    aliases: int = 0
    directives: int = 0


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document that is too large in any way; it may still be invalid in all the usual ones."""
    _Measure(document, limits).check()


class _Measure:
    """One walk over one document."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.limits = limits
        self.definitions = document.definitions
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.sizes: dict[str, Size] = {}
        self.open: set[str] = set()

    def check(self) -> None:
        """Measure every definition and refuse the first that is beyond a limit."""
        operations = [node for node in self.definitions if isinstance(node, OperationDefinitionNode)]
        _bound(Code.OPERATION_LIMIT, "operations", len(operations), self.limits.operations)
        for node in self.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._check_size(self._operation(node), rooted=True)
            elif isinstance(node, FragmentDefinitionNode):
                # Also those that no operation uses, and those whose name is used twice: validation still reads them.
                self._check_size(self._set(node.selection_set, 1), rooted=False)

    def _check_size(self, size: Size, rooted: bool) -> None:
        limits = self.limits
        # A fragment may be meant for introspection; where it is used decides which of the two depths it has.
        _bound(Code.DEPTH_LIMIT, "levels", size.depth, limits.depth if rooted else limits.introspection_depth)
        _bound(Code.DEPTH_LIMIT, "levels of introspection", size.introspection_depth, limits.introspection_depth)
        _bound(Code.ALIAS_LIMIT, "aliases", size.aliases, limits.aliases)
        _bound(Code.DIRECTIVE_LIMIT, "directives", size.directives, limits.directives)
        _bound(Code.FIELD_LIMIT, "fields", size.fields, limits.fields)
        if rooted:
            _bound(Code.ROOT_FIELD_LIMIT, "root fields", size.root_fields, limits.root_fields)

    def _operation(self, node: OperationDefinitionNode) -> Size:
        directives = self._directives(node.directives)
        for variable in node.variable_definitions or ():
            directives += self._directives(variable.directives)
            if variable.default_value is not None:
                self._value(variable.default_value)
        return _plus(self._set(node.selection_set, 1), Size(directives=directives))

    def _set(self, node: SelectionSetNode, level: int) -> Size:
        if level > self.limits.nesting:
            raise _too_deep(self.limits)
        total = Size()
        for selection in node.selections:
            total = _plus(total, self._selection(selection, level))
        if total.nesting + level > self.limits.nesting:
            raise _too_deep(self.limits)
        return total._replace(nesting=total.nesting + 1)

    def _selection(self, node: SelectionNode, level: int) -> Size:
        directives = self._directives(node.directives)
        if isinstance(node, FieldNode):
            return self._field(node, level, directives)
        if isinstance(node, FragmentSpreadNode):
            below = self._fragment(node.name.value, level)
        elif isinstance(node, InlineFragmentNode):
            below = self._set(node.selection_set, level + 1)
        else:
            below = Size()
        return _plus(below, Size(fields=1, directives=directives))

    def _field(self, node: FieldNode, level: int, directives: int) -> Size:
        for argument in node.arguments or ():
            self._value(argument.value)
        below = self._set(node.selection_set, level + 1) if node.selection_set else Size()
        introspects = node.name.value in INTROSPECTION_FIELDS
        return Size(
            fields=min(below.fields + 1, COUNT_MAX),
            root_fields=1,
            depth=1 if introspects else below.depth + 1,
            introspection_depth=below.depth + 1 if introspects else below.introspection_depth,
            nesting=below.nesting,
            aliases=min(below.aliases + (node.alias is not None), COUNT_MAX),
            directives=min(below.directives + directives, COUNT_MAX),
        )

    def _fragment(self, name: str, level: int) -> Size:
        node = self.fragments.get(name)
        if node is None:
            return Size()  # validation says which one is missing
        if name in self.open:
            raise refusal(Code.VALIDATION_FAILED, f"The fragment {name} contains itself.")
        size = self.sizes.get(name)
        if size is None:
            self.open.add(name)
            size = self._set(node.selection_set, level + 1)
            self.open.discard(name)
            self.sizes[name] = size = _plus(size, Size(directives=self._directives(node.directives)))
        if size.nesting + level > self.limits.nesting:
            raise _too_deep(self.limits)
        return size

    def _directives(self, directives: Iterable[DirectiveNode] | None) -> int:
        count = 0
        for directive in directives or ():
            count += 1
            for argument in directive.arguments or ():
                self._value(argument.value)
        return count

    def _value(self, node: ValueNode, level: int = 1) -> None:
        if isinstance(node, StringValueNode):
            if "\0" in node.value:
                raise refusal(Code.BAD_REQUEST, "A text may not contain the character U+0000.")
            return
        if isinstance(node, ListValueNode):
            _bound(Code.INPUT_LIST_LIMIT, "items in a list", len(node.values), self.limits.input_list)
            below = list(node.values)
        elif isinstance(node, ObjectValueNode):
            below = [item.value for item in node.fields]
        else:
            return
        if level > self.limits.input_depth:
            raise _too_deep_value(self.limits)
        for item in below:
            self._value(item, level + 1)


def check_variables(variables: dict[str, Any], limits: Limits) -> None:
    """Refuse variables with lists that are too long, values nested too deep or text no database takes."""
    waiting: list[tuple[Any, int]] = [(value, 0) for value in variables.values()]
    while waiting:
        value, level = waiting.pop()
        kind = type(value)
        if kind is str:
            if "\0" in value:
                raise refusal(Code.BAD_REQUEST, "A text may not contain the character U+0000.")
        elif kind is list:
            _bound(Code.INPUT_LIST_LIMIT, "items in a list", len(value), limits.input_list)
            waiting.extend((item, level + 1) for item in value)
        elif kind is dict:
            if any("\0" in key for key in value):
                raise refusal(Code.BAD_REQUEST, "A name may not contain the character U+0000.")
            waiting.extend((item, level + 1) for item in value.values())
        if level > limits.input_depth:
            raise _too_deep_value(limits)


def _plus(one: Size, other: Size) -> Size:
    return Size(
        fields=min(one.fields + other.fields, COUNT_MAX),
        root_fields=min(one.root_fields + other.root_fields, COUNT_MAX),
        depth=max(one.depth, other.depth),
        introspection_depth=max(one.introspection_depth, other.introspection_depth),
        nesting=max(one.nesting, other.nesting),
        aliases=min(one.aliases + other.aliases, COUNT_MAX),
        directives=min(one.directives + other.directives, COUNT_MAX),
    )


def _bound(code: Code, what: str, asked: int, limit: int) -> None:
    if asked > limit:
        raise refusal(code, f"At most {limit} {what} may be asked at once.", limit=limit, requested=asked)


def _too_deep(limits: Limits) -> Exception:
    return refusal(Code.DEPTH_LIMIT, "The document is nested too deeply.", limit=limits.nesting)


def _too_deep_value(limits: Limits) -> Exception:
    return refusal(Code.DEPTH_LIMIT, "A value is nested too deeply.", limit=limits.input_depth)
