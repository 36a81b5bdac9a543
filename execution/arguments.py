"""Arguments of a field: coerced once if they are constant, and handed over as strawberry would.

graphql-core reads the arguments of a field when it starts it, between the fields before and behind; strawberry converts
what was read only when the field is resolved. So where reading may fail, it stands apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    Visitor,
    is_non_null_type,
    is_scalar_type,
    is_specified_scalar_type,
    type_from_ast,
    visit,
)
from graphql.execution.values import VariableValues, coerce_argument, get_argument_values
from strawberry.types.field import StrawberryField

from execution.converting import Convert, Converters
from execution.fields import STRAWBERRY_DEFINITION, Prepare

NO_VARIABLES = VariableValues({}, {})
IMMUTABLE = (str, int, float, bool, type(None), Enum, UUID, Decimal, datetime, date, time, timedelta)

# From the variables to the keyword arguments of the resolver.
Arguments = Callable[[VariableValues], dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Refusable:
    """Arguments that graphql-core may refuse already when it starts the field."""

    read: Arguments
    # From what was read to the keyword arguments of the resolver.
    convert: Prepare


def arguments_of(
    schema: GraphQLSchema,
    definition: GraphQLField,
    node: FieldNode,
    prepare: Prepare | None = None,
    nullable: Collection[str] = (),
) -> Arguments | Refusable | None:
    """The keyword arguments of the resolver, as a function of the variables; None if there are none.

    `nullable` names the variables that may be null or missing. What `prepare` makes of constant arguments is kept, for
    all requests.
    """
    if not definition.args:
        return None if prepare is None else _constant({}, prepare, kept=True)
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    variables = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
    convert = _renaming(schema, definition)
    rename: Prepare = convert if prepare is None else lambda coerced: prepare(convert(coerced))
    whole = Refusable(lambda values: get_argument_values(definition, node, values), rename)
    if any(_mentions_variable(value) for name, value in given.items() if name not in variables):
        return whole
    try:
        constants = _constants(definition, node, variables)
    except Exception:  # The error belongs to the field, each time it is asked for.
        return whole
    if not variables:
        return _constant(constants, rename, kept=prepare is not None)
    refusable = {name for name, variable in variables.items() if variable in nullable}
    if any(_refuses_null(node, name, definition.args[name]) for name in refusable & definition.args.keys()):
        return Refusable(_with_variables(definition, node, constants, variables, lambda coerced: coerced), rename)
    return _with_variables(definition, node, constants, variables, rename)


def nullable_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> frozenset[str]:
    """The variables of an operation that may be null or missing: a scalar of our own may make null of any value."""
    return frozenset(
        defined.variable.name.value
        for defined in operation.variable_definitions or ()
        if not isinstance(defined.type, NonNullTypeNode) or _is_own_scalar(type_from_ast(schema, defined.type.type))
    )


def _is_own_scalar(of: Any) -> bool:
    return is_scalar_type(of) and not is_specified_scalar_type(of)


def _refuses_null(node: FieldNode, name: str, argument: GraphQLArgument) -> bool:
    """Whether an argument that is a variable can be refused where that is null or missing."""
    if is_non_null_type(argument.type):
        return True
    given = next(one for one in node.arguments or () if one.name.value == name)
    try:  # A default may be refused as well.
        coerce_argument({}, node, name, argument, given, NO_VARIABLES, None)
    except Exception:
        return True
    return False


def _constants(definition: GraphQLField, node: FieldNode, variables: dict[str, str]) -> dict[str, Any]:
    coerced: dict[str, Any] = {}
    nodes = {argument.name.value: argument for argument in node.arguments or ()}
    for name, argument in definition.args.items():
        if name not in variables:
            coerce_argument(coerced, node, name, argument, nodes.get(name), NO_VARIABLES, None)
    return coerced


def _constant(constants: dict[str, Any], rename: Prepare, *, kept: bool) -> Arguments:
    try:
        converted = rename(constants)
    except Exception:  # As above: it is raised again where it can be located.
        return lambda values: rename(constants)
    if kept or all(isinstance(value, IMMUTABLE) for value in converted.values()):
        return lambda values: converted
    # Inputs and lists may be changed by who receives them: each request gets its own.
    return lambda values: rename(constants)


def _with_variables(
    definition: GraphQLField, node: FieldNode, constants: dict[str, Any], variables: dict[str, str], rename: Prepare
) -> Arguments:
    """Constants as they are and variables by name, in the order of the definition."""
    order: list[tuple[str, str | None]] = []
    for name, argument in definition.args.items():
        out = _out_name(name, argument)
        if name in variables:
            order.append((out, variables[name]))
        elif out in constants:
            order.append((out, None))

    def values_of(values: VariableValues) -> dict[str, Any]:
        coerced: dict[str, Any] = {}
        given = values.coerced
        for out, variable in order:
            value = constants[out] if variable is None else given.get(variable)
            if value is None and variable is not None:
                # Missing or null: defaults and errors are graphql-core's business.
                return rename(get_argument_values(definition, node, values))
            coerced[out] = value
        return rename(coerced)

    return values_of


def _out_name(name: str, argument: GraphQLArgument) -> str:
    return argument.out_name or name


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _mentions_variable(value: ValueNode) -> bool:
    visitor = _Variables()
    visit(value, visitor)
    return visitor.found


def _renaming(schema: GraphQLSchema, definition: GraphQLField) -> Prepare:
    """From GraphQL names and values to python names and strawberry's values."""
    field = definition.extensions.get(STRAWBERRY_DEFINITION)
    whole = getattr(schema, "_strawberry_schema", None)
    if not isinstance(field, StrawberryField) or whole is None:
        return lambda coerced: coerced
    config = whole.config
    converters = Converters(whole.schema_converter.scalar_registry, config)
    named: list[tuple[str, str, Convert | None]] = []
    for argument in field.arguments:
        name = config.name_converter.from_argument(argument)
        named.append((name, argument.python_name, converters.of(argument.type, (name,))))

    def rename(coerced: dict[str, Any]) -> dict[str, Any]:
        converted = {}
        for name, python_name, convert in named:
            if name in coerced:
                value = coerced[name]
                converted[python_name] = value if convert is None else convert(value)
        return converted

    return rename
