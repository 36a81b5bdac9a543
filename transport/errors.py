"""The codes of the edge, how an error is told to a client, and how an unexpected one is kept from it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import structlog
from graphql import GraphQLError

MASKED_MESSAGE = "Something went wrong on our side."
LOCATED_ERRORS_MAX = 20  # finding line and column reads the whole document, once an error
FRAMES_MAX = 30
CAUSES_MAX = 5

log = structlog.get_logger("transport")


class Code(StrEnum):
    """Every `extensions.code` the transport itself can answer."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_INPUT = "BAD_INPUT"
    PARSE_FAILED = "PARSE_FAILED"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BODY_LIMIT = "BODY_LIMIT"
    TOKEN_LIMIT = "TOKEN_LIMIT"  # noqa: S105  (a count of lexical tokens, no secret)
    DEPTH_LIMIT = "DEPTH_LIMIT"
    ALIAS_LIMIT = "ALIAS_LIMIT"
    ROOT_FIELD_LIMIT = "ROOT_FIELD_LIMIT"
    FIELD_LIMIT = "FIELD_LIMIT"
    OPERATION_LIMIT = "OPERATION_LIMIT"
    DIRECTIVE_LIMIT = "DIRECTIVE_LIMIT"
    INPUT_LIST_LIMIT = "INPUT_LIST_LIMIT"
    PAGE_LIMIT = "PAGE_LIMIT"
    NODE_LIMIT = "NODE_LIMIT"
    COST_LIMIT = "COST_LIMIT"
    SUBSCRIPTION_LIMIT = "SUBSCRIPTION_LIMIT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    THROTTLED = "THROTTLED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    DEADLINE = "DEADLINE"
    REFETCH = "REFETCH"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"
    INTERNAL = "INTERNAL"


def refusal(code: Code, message: str, **extensions: Any) -> GraphQLError:
    """An error the transport answers on purpose."""
    return GraphQLError(message, extensions={"code": code.value, **extensions})


def masked(request_id: str) -> dict[str, Any]:
    """What a client sees in place of an unexpected failure."""
    return {"message": MASKED_MESSAGE, "extensions": {"code": Code.INTERNAL.value, "requestId": request_id}}


def code_of(error: GraphQLError) -> str | None:
    """The error's code, if it carries one."""
    code = (error.extensions or {}).get("code")
    return str(code) if code is not None else None


def unexpected_cause(error: GraphQLError) -> BaseException | None:
    """The exception behind an error if it was not raised to be read by clients."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def told(error: GraphQLError, request_id: str, located: bool = True) -> dict[str, Any]:
    """One error as a client may see it: as it is if it was meant for them, masked otherwise."""
    cause = unexpected_cause(error)
    if cause is None:
        answer: dict[str, Any] = {"message": error.message}
        # The library's own errors have no code: all of them say that an argument or a variable does not fit.
        extensions = {"code": Code.BAD_INPUT.value, **(error.extensions or {})}
    else:
        log_unexpected(cause, request_id)
        answer = masked(request_id)
        extensions = None
    if located and error.locations:
        answer["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        answer["path"] = error.path
    if extensions:
        answer["extensions"] = extensions
    return answer


def all_told(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Every error of one answer."""
    return [told(error, request_id, index < LOCATED_ERRORS_MAX) for index, error in enumerate(errors)]


def log_unexpected(error: BaseException, request_id: str) -> None:
    """Log where and what kind, never the exception's text: it may quote a row or a variable."""
    log.error(
        "graphql.unexpected",
        request_id=request_id,
        error=type(error).__qualname__,
        frames=_frames(error),
        causes=_causes(error),
    )


def _frames(error: BaseException) -> list[str]:
    frames = [
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-FRAMES_MAX:]


def _causes(error: BaseException) -> list[str]:
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < CAUSES_MAX:
        causes.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    return causes
