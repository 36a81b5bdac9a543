"""The compiled plans of one schema, and graphql-core for what cannot be compiled."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    assert_valid_schema,
)
from graphql.execution.values import VariableValues, get_variable_values

from execution.arguments import NO_VARIABLES
from execution.core_path import core_execute
from execution.generation import generate
from execution.levels import run_plan
from execution.plan import Plan, UnsupportedOperationError
from execution.planning import Planner, chosen_operation, fragments_of, switches_of

# A plan takes some 20 to 100 KB.
OPERATIONS_MAX = 500
VARIANTS_MAX = 16
COERCION_ERRORS_MAX = 50


@dataclass(slots=True, eq=False)
class PreparedOperation:
    """One operation of one document, and its plan for each setting of its switches."""

    # Kept so that the identity by which the operation is found stays its own.
    document: DocumentNode
    operation: OperationDefinitionNode | None = None
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    switches: tuple[str, ...] = ()
    variants: dict[tuple[Any, ...], Plan | None] = field(default_factory=dict)


class Plans:
    """Executes validated documents: compiled once, or by graphql-core where the compiled path does not know better.

    `row_classes` are the classes of light rows whose columns are read as items. The scalars named in `native_scalars`
    leave UTC times, dates and UUIDs as they are, for a JSON writer that knows them. With `compiled=False` graphql-core
    does everything.
    """

    def __init__(
        self,
        schema: strawberry.Schema | GraphQLSchema,
        *,
        row_classes: tuple[type, ...] = (),
        native_scalars: Collection[str] = (),
        compiled: bool = True,
    ) -> None:
        handlers = getattr(schema, "exception_handlers", ())
        self.schema: GraphQLSchema = schema if isinstance(schema, GraphQLSchema) else schema._schema
        assert_valid_schema(self.schema)
        self._row_classes = row_classes
        self._native_scalars = frozenset(native_scalars)
        self._compiled = compiled and not handlers
        self._kept: dict[tuple[int, str | None], PreparedOperation] = {}
        self._prepared: OrderedDict[tuple[int, str | None], PreparedOperation] = OrderedDict()

    async def execute(
        self,
        document: DocumentNode,
        *,
        operation_name: str | None = None,
        variables: dict[str, Any] | None = None,
        context: Any = None,
        root_value: Any = None,
    ) -> ExecutionResult:
        """Execute a query or mutation of a document that was validated against the schema."""
        prepared = self._prepare(document, operation_name) if self._compiled else None
        if prepared is not None and prepared.operation is not None:
            values = self._coerced(prepared.operation, variables)
            if isinstance(values, list):
                return ExecutionResult(None, values)
            plan = self._plan(prepared, values.coerced)
            if plan is not None:
                return await run_plan(plan, context, root_value, values)
        return await core_execute(
            self.schema,
            document,
            operation_name=operation_name,
            variables=variables,
            context=context,
            root_value=root_value,
        )

    def plan_of(
        self, document: DocumentNode, *, operation_name: str | None = None, variables: dict[str, Any] | None = None
    ) -> Plan | None:
        """The plan by which an operation is executed; None if graphql-core executes it."""
        prepared = self._prepare(document, operation_name) if self._compiled else None
        if prepared is None or prepared.operation is None:
            return None
        values = self._coerced(prepared.operation, variables)
        return None if isinstance(values, list) else self._plan(prepared, values.coerced)

    def keep(self, document: DocumentNode, operation_name: str | None) -> None:
        """Make the plans of an operation now, for every setting of its switches, and keep them for good."""
        if not self._compiled:
            return
        prepared = self._kept[id(document), operation_name] = self._new(document, operation_name)
        if 2 ** len(prepared.switches) <= VARIANTS_MAX:
            for setting in product((False, True), repeat=len(prepared.switches)):
                self._plan(prepared, dict(zip(prepared.switches, setting, strict=True)))

    def _coerced(
        self, operation: OperationDefinitionNode, variables: dict[str, Any] | None
    ) -> VariableValues | list[GraphQLError]:
        """The variables of a request, or why they are refused."""
        if not operation.variable_definitions:
            return NO_VARIABLES
        return get_variable_values(self.schema, operation.variable_definitions, variables or {}, COERCION_ERRORS_MAX)

    def _prepare(self, document: DocumentNode, operation_name: str | None) -> PreparedOperation:
        key = (id(document), operation_name)
        prepared = self._kept.get(key)
        if prepared is not None:
            return prepared
        prepared = self._prepared.get(key)
        if prepared is not None:
            self._prepared.move_to_end(key)
            return prepared
        prepared = self._prepared[key] = self._new(document, operation_name)
        if len(self._prepared) > OPERATIONS_MAX:
            self._prepared.popitem(last=False)
        return prepared

    def _new(self, document: DocumentNode, operation_name: str | None) -> PreparedOperation:
        prepared = PreparedOperation(document)
        try:
            operation, fragments = chosen_operation(document, operation_name), fragments_of(document)
            prepared.switches = switches_of(operation, fragments)
            prepared.operation, prepared.fragments = operation, fragments
        except UnsupportedOperationError:
            pass
        return prepared

    def _plan(self, prepared: PreparedOperation, coerced: dict[str, Any]) -> Plan | None:
        if prepared.operation is None:
            return None
        setting = tuple(coerced.get(name, Undefined) for name in prepared.switches)
        if setting in prepared.variants:
            return prepared.variants[setting]
        plan = None
        # Each setting is a program of its own; who asks for very many gets graphql-core.
        if len(prepared.variants) < VARIANTS_MAX and all(type(value) is bool for value in setting):
            plan = self._compile(prepared, dict(zip(prepared.switches, setting, strict=True)))
            prepared.variants[setting] = plan
        return plan

    def _compile(self, prepared: PreparedOperation, switched: dict[str, Any]) -> Plan | None:
        operation = prepared.operation
        if operation is None:
            return None
        try:
            plan = Planner(self.schema, operation, prepared.fragments, switched, self._native_scalars).plan()
            generate(plan, self._row_classes)
        except (UnsupportedOperationError, RecursionError):
            return None
        return plan
