"""The way of one operation, whatever carried it: find the document, hold it to the limits, charge, execute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError

from transport.documents import Document, Documents, Operation
from transport.engine import CostStatus, Engine, Report
from transport.errors import Code, all_told, code_of, log_unexpected, refusal, unexpected_cause
from transport.limits import INTROSPECTION_FIELDS, Limits, check_variables
from transport.requests import GraphQLRequest

ENCODING = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS  # a stray row fails instead of showing all it holds

LOGGED_NAME_MAX = 64
"""So much of an operation's name is told: the grammar makes it plain, but the client chooses its length."""


@dataclass(slots=True)
class ReadyOperation:
    """An operation that may run."""

    document: Document
    operation: Operation
    variables: dict[str, Any] | None
    cost: CostStatus | None = None


class Operations:
    """Prepares and runs operations for one engine."""

    def __init__(self, engine: Engine, limits: Limits, trusted: Mapping[str, str] | None = None) -> None:
        self.engine = engine
        self.limits = limits
        self.documents = Documents(engine.schema, limits, trusted)

    def find(self, context: Any, request: GraphQLRequest) -> ReadyOperation:
        """The operation that is asked for, held to all that can be known before it is charged."""
        document = self._document(context, request)
        operation = document.pick(request.operation_name)
        if operation.introspects and not self.engine.allows_introspection(context):
            raise refusal(Code.FORBIDDEN, "The schema cannot be asked for here.")
        if request.variables:
            check_variables(request.variables, self.limits)
        return ReadyOperation(document, operation, request.variables)

    async def charge(self, context: Any, ready: ReadyOperation, report: Report | None = None) -> None:
        """Price the operation and take the price from its viewer."""
        price = ready.operation.pricing.price(ready.variables)
        if report is not None:
            name = ready.operation.name
            report.operation = name[:LOGGED_NAME_MAX] if name else None
            report.operation_kind = ready.operation.kind.value
            report.cost = price.cost
        ready.cost = await self.engine.charge(context, price.cost, ready.operation.fields)

    async def run(self, context: Any, ready: ReadyOperation) -> ExecutionResult:
        """Execute a query or mutation."""
        return await self.engine.execute(context, ready.document.node, ready.operation.name, ready.variables)

    def _document(self, context: Any, request: GraphQLRequest) -> Document:
        if request.document_id is not None:
            return self.documents.trusted(request.document_id)
        text = request.query or ""
        may_introspect = self.engine.allows_introspection(context)
        is_allowed = self.engine.allows_free_documents(context) or self.documents.is_trusted(text)
        # No work is done for what cannot be about the schema.
        if not is_allowed and not (may_introspect and any(name in text for name in INTROSPECTION_FIELDS)):
            raise only_trusted()
        if not self.documents.knows(text):
            self.engine.admit_reading(context)
        document = self.documents.get(text, suggestions=may_introspect)
        if not is_allowed and not document.asks_only_for_schema:
            raise only_trusted()
        return document


def only_trusted() -> GraphQLError:
    """The document is none of those that this viewer may send."""
    return refusal(Code.FORBIDDEN, "Only trusted documents are answered here: send a documentId.")


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed at all (a variable that does not fit, say), so that there is no data to speak of."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def result_body(result: ExecutionResult, cost: CostStatus | None, request_id: str) -> dict[str, Any]:
    """The answer of an execution as JSON, with its errors masked and its cost told."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = all_told(result.errors, request_id)
        if not is_request_error(result):
            body["data"] = result.data
    else:
        body["data"] = result.data
    extensions = dict(result.extensions) if result.extensions else {}
    if cost is not None:
        extensions["cost"] = cost.as_extension()
    if extensions:
        body["extensions"] = extensions
    return body


def with_codes(result: ExecutionResult, request_id: str) -> ExecutionResult:
    """Give errors that stopped a request before execution a code; a value that made a scalar stumble is bad input."""
    if not is_request_error(result):
        return result
    return ExecutionResult(None, [_as_bad_input(error, request_id) for error in result.errors or ()])


def _as_bad_input(error: GraphQLError, request_id: str) -> GraphQLError:
    cause = unexpected_cause(error)
    if cause is not None:
        if not isinstance(cause, (ValueError, TypeError, ArithmeticError)):
            log_unexpected(cause, request_id)  # no usual way to refuse a value: the scalar wants mending
        return refusal(Code.BAD_INPUT, "A variable's value is not valid for its type.")
    if code_of(error) is None:
        error.extensions = {**(error.extensions or {}), "code": Code.BAD_INPUT.value}
    return error


def encode(body: Any) -> bytes:
    """JSON bytes; datetimes in UTC with Z."""
    return orjson.dumps(body, option=ENCODING)
