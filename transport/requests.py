"""What a client asks, taken out of JSON or a query string; anything malformed is refused before it can do harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from transport.errors import Code, refusal

QUERY_STRING_FIELDS_MAX = 20


@dataclass(slots=True)
class GraphQLRequest:
    """One GraphQL request, shaped as the specification of GraphQL over HTTP has it."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None


def read_json(text: bytes | str) -> Any:
    """The JSON value; refuses invalid UTF-8, lone surrogates, numbers beyond a double and depths beyond a thousand."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise refusal(Code.BAD_REQUEST, "The body is not valid JSON in UTF-8.") from None


def read_request(body: Any) -> GraphQLRequest:
    """The request inside a JSON body or a WebSocket payload."""
    if type(body) is not dict:
        if type(body) is list:
            raise refusal(Code.BAD_REQUEST, "One request at a time: a list of requests is not answered.")
        raise refusal(Code.BAD_REQUEST, "The body must be a JSON object.")
    get = body.get
    query, document_id, name = get("query"), get("documentId"), get("operationName")
    variables, extensions = get("variables"), get("extensions")
    if query is not None and type(query) is not str:
        raise _wrong("query", "a string")
    if document_id is not None and type(document_id) is not str:
        raise _wrong("documentId", "a string")
    if name is not None and type(name) is not str:
        raise _wrong("operationName", "a string")
    if variables is not None and type(variables) is not dict:
        raise _wrong("variables", "an object")
    if extensions is not None and type(extensions) is not dict:
        raise _wrong("extensions", "an object")
    if (query is None) == (document_id is None):
        raise refusal(Code.BAD_REQUEST, "Send either query or documentId.")
    return GraphQLRequest(query, document_id, name, variables)


def read_query_string(query_string: bytes) -> GraphQLRequest:
    """The request inside the query string of a GET; variables and extensions are JSON in it."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_STRING_FIELDS_MAX,
        )
    except ValueError:
        raise refusal(Code.BAD_REQUEST, "The query string is not valid UTF-8 in percent encoding.") from None
    given: dict[str, Any] = dict(pairs)
    if len(given) != len(pairs):
        raise refusal(Code.BAD_REQUEST, "A parameter stands twice in the query string.")
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = read_json(given[name]) if given[name] else None
    if not given.get("operationName"):
        given.pop("operationName", None)
    return read_request(given)


def _wrong(name: str, kind: str) -> Exception:
    return refusal(Code.BAD_REQUEST, f"{name} must be {kind}.")
