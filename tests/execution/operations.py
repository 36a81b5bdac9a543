"""Random operations over any schema: aliases, merged fields, fragments, directives, variables right and wrong.

Response keys are given out once for a whole document, so that fields of one key can always be merged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
    is_required_argument,
    is_union_type,
    parse,
)
from hypothesis import strategies

from tests.execution.inputs import Values, literal

DEPTH_MAX = 7
FIELDS_MAX = 60
ALIASES = ["first", "second", "third", "a", "b", "__c"]


@dataclass(frozen=True)
class Operation:
    """A document, the name of the operation to run, and its variables."""

    text: str
    name: str | None
    variables: dict[str, Any]

    @property
    def document(self) -> DocumentNode:
        """The document, parsed anew."""
        return parse(self.text)


def operations(
    schema: GraphQLSchema,
    *,
    scalars: Mapping[str, list[Any]] | None = None,
    roots: Collection[str] = ("query", "mutation"),
    skipped: Collection[str] = (),
    rare: Collection[str] = (),
) -> strategies.SearchStrategy[Operation]:
    """Operations that are valid against the schema; their variables need not be.

    `scalars` gives valid JSON values of scalars by name; `skipped` names fields, as `Type.field`, to leave alone;
    `rare` names arguments that are seldom given.
    """

    def drawn(seed: int) -> Operation:
        return operation(schema, random.Random(seed), scalars=scalars, roots=roots, skipped=skipped, rare=rare)

    return strategies.integers(min_value=0, max_value=2**48).map(drawn)


def operation(
    schema: GraphQLSchema,
    dice: random.Random,
    *,
    scalars: Mapping[str, list[Any]] | None = None,
    roots: Collection[str] = ("query", "mutation"),
    skipped: Collection[str] = (),
    rare: Collection[str] = (),
) -> Operation:
    """One operation as these dice fall."""
    return Writer(schema, dice, scalars or {}, frozenset(skipped), frozenset(rare)).operation(roots)


@dataclass
class Fragment:
    """A named fragment that is complete and may be spread again."""

    name: str
    on: GraphQLNamedType
    text: str


@dataclass
class Variables:
    """The variables of an operation as they come to be needed."""

    definitions: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    types: dict[str, GraphQLInputType] = field(default_factory=dict)


class Writer:
    """Writes one document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        dice: random.Random,
        scalars: Mapping[str, list[Any]],
        skipped: frozenset[str],
        rare: frozenset[str],
    ) -> None:
        self._schema = schema
        self._dice = dice
        self._inputs = Values(dice, scalars)
        self._skipped = skipped
        self._rare = rare
        self._keys: dict[str, str] = {}
        self._fragments: list[Fragment] = []
        self._variables = Variables()
        self._wrong_chance = dice.choice([0, 0, 0.3])
        # Null for a variable is no mistake of the request, only of the fields where null may not stand.
        self._null_chance = dice.choice([0, 0, 0.6])
        self._left = dice.randrange(3, FIELDS_MAX)

    def operation(self, roots: Collection[str]) -> Operation:
        """The whole document."""
        kinds = [kind for kind in roots if getattr(self._schema, f"{kind}_type") is not None]
        kind = self._dice.choice(kinds)
        root = getattr(self._schema, f"{kind}_type")
        selection = self._selection(root, 0)
        definitions = ", ".join(self._variables.definitions.values())
        name = "Main" if definitions or kind != "query" or self._dice.random() < 0.5 else ""
        head = f"{kind} {name}" + (f"({definitions})" if definitions else "")
        parts = [f"{head} {selection}" if head.strip() != "query" else selection]
        parts += [f"fragment {fragment.name} on {fragment.on} {fragment.text}" for fragment in self._fragments]
        asked = None
        if name and self._dice.random() < 0.3:
            parts.append("query Other { __typename }")
            asked = name
        self._dice.shuffle(parts)
        return Operation("\n".join(parts), asked, self._variables.values)

    def _selection(self, of: GraphQLNamedType, depth: int) -> str:
        """A selection set on a composite type, with at least one selection."""
        parts = [part for part in (self._part(of, depth) for _ in range(self._dice.randint(1, 6))) if part]
        if not parts or self._dice.random() < 0.05:
            parts.append("__typename")
        return "{ " + " ".join(parts) + " }"

    def _part(self, of: GraphQLNamedType, depth: int) -> str:
        roll = self._dice.random()
        if self._left <= 0:
            return ""
        if roll < 0.06:
            return self._keyed("__typename", "", "String!", of) + self._directives()
        if roll < 0.15 or (is_union_type(of) and roll < 0.7):
            return self._inline(of, depth)
        if roll < 0.22:
            return self._spread(of, depth)
        return self._field(of, depth)

    def _field(self, of: GraphQLNamedType, depth: int) -> str:
        if not (is_object_type(of) or is_interface_type(of)):
            return ""
        candidates = {name: one for name, one in of.fields.items() if f"{of.name}.{name}" not in self._skipped}
        if depth >= DEPTH_MAX:
            candidates = {
                name: one for name, one in candidates.items() if not is_composite_type(get_named_type(one.type))
            }
        if not candidates:
            return ""
        self._left -= 1
        relations = [name for name, one in candidates.items() if is_composite_type(get_named_type(one.type))]
        name = self._dice.choice(relations if relations and self._dice.random() < 0.35 else list(candidates))
        definition = candidates[name]
        arguments = self._arguments(definition)
        text = self._keyed(name, arguments, str(definition.type), of) + arguments + self._directives()
        below = get_named_type(definition.type)
        return f"{text} {self._selection(below, depth + 1)}" if is_composite_type(below) else text

    def _keyed(self, name: str, arguments: str, of: str, parent: GraphQLNamedType) -> str:
        """The field's name, with an alias where its key already stands for something else."""
        meaning = f"{name}{arguments} {of}"
        key = self._dice.choice(ALIASES) if self._dice.random() < 0.12 else name
        if self._keys.setdefault(key, meaning) != meaning:
            key = f"{name}_{blake2b(meaning.encode(), digest_size=3).hexdigest()}"
            self._keys[key] = meaning
        return name if key == name else f"{key}: {name}"

    def _inline(self, of: GraphQLNamedType, depth: int) -> str:
        on = self._related(of)
        head = "..." if on is of and self._dice.random() < 0.4 else f"... on {on.name}"
        return f"{head}{self._directives()} {self._selection(on, depth + 1)}"

    def _spread(self, of: GraphQLNamedType, depth: int) -> str:
        fitting = [fragment for fragment in self._fragments if self._overlap(of, fragment.on)]
        if fitting and depth < DEPTH_MAX - 1 and self._dice.random() < 0.4:
            return f"...{self._dice.choice(fitting).name}{self._directives()}"
        on = self._related(of)
        text = self._selection(on, depth + 1)
        fragment = Fragment(f"F{len(self._fragments)}", on, text)
        self._fragments.append(fragment)
        return f"...{fragment.name}{self._directives()}"

    def _related(self, of: GraphQLNamedType) -> GraphQLNamedType:
        """The type itself, or another one that values of it may have as well."""
        if self._dice.random() < 0.2 and not is_union_type(of):
            return of
        others = [
            other for other in self._schema.type_map.values() if is_composite_type(other) and self._overlap(of, other)
        ]
        return self._dice.choice([other for other in others if not other.name.startswith("__")])

    def _overlap(self, one: Any, other: Any) -> bool:
        return not self._possible(one).isdisjoint(self._possible(other))

    def _possible(self, of: Any) -> set[str]:
        return {one.name for one in self._schema.get_possible_types(of)} if is_abstract_type(of) else {of.name}

    def _directives(self) -> str:
        if self._dice.random() > 0.06:
            return ""
        names = self._dice.choice([["skip"], ["include"], ["skip", "include"]])
        return "".join(f" @{name}(if: {self._switch(name == 'include')})" for name in names)

    def _switch(self, kept: bool) -> str:
        value = kept if self._dice.random() < 0.6 else not kept
        if self._dice.random() < 0.4:
            return "true" if value else "false"
        return self._variable(GraphQLNonNull(GraphQLBoolean), value, lambda: None)

    def _arguments(self, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            if not is_required_argument(argument) and self._dice.random() < (0.9 if name in self._rare else 0.5):
                continue
            value = self._inputs.json(argument.type)
            if self._dice.random() < 0.5:
                broken = partial(self._inputs.broken, argument.type)
                text = self._variable(argument.type, value, broken, has_default=not is_required_argument(argument))
            else:
                text = literal(value, argument.type)
            given.append(f"{name}: {text}")
        return f"({', '.join(given)})" if given else ""

    def _variable(self, of: GraphQLInputType, value: Any, broken: Callable[[], Any], has_default: bool = False) -> str:
        """A variable for a position of this type: an old one that fits, or a new one."""
        fitting = [name for name, its in self._variables.types.items() if str(its) == str(of)]
        if fitting and self._dice.random() < 0.4:
            return f"${self._dice.choice(fitting)}"
        name = f"v{len(self._variables.definitions)}"
        declared, default = str(of), ""
        if self._dice.random() < 0.3:
            # With a default that is not null, a nullable variable may stand where null may not.
            declared = declared.removesuffix("!")
            inner = of.of_type if isinstance(of, GraphQLNonNull) else of
            presented = self._inputs.json(GraphQLNonNull(inner))
            default = f" = {literal(presented, inner)}"
        elif has_default and self._dice.random() < 0.3:
            # The position's own default makes a nullable variable valid as well; a null is found out at run time.
            declared = declared.removesuffix("!")
        if default or declared == str(of):
            self._variables.types[name] = of
        self._variables.definitions[name] = f"${name}: {declared}{default}"
        self._give(name, value, broken, default)
        return f"${name}"

    def _give(self, name: str, value: Any, broken: Callable[[], Any], default: str) -> None:
        if self._dice.random() < self._wrong_chance:
            if self._dice.random() < 0.7:
                self._variables.values[name] = broken()
            return
        declared = self._variables.definitions[name].removesuffix(default)
        if not declared.endswith("!") and self._dice.random() < self._null_chance:
            self._variables.values[name] = None
            return
        may_be_left_out = default or not declared.endswith("!")
        if may_be_left_out and self._dice.random() < 0.3:
            return
        self._variables.values[name] = value
