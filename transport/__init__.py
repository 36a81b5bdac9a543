"""GraphQL over HTTP, server-sent events and WebSocket, with its limits; knows nothing of what the API is about."""

from transport.app import GraphQLApp
from transport.engine import CostStatus, Engine, Incoming, Report
from transport.errors import Code, refusal
from transport.limits import Limits
from transport.security import (
    ANSWER_HEADERS,
    PAGE_POLICY,
    CrossOrigin,
    Origins,
    SecurityHeaders,
    content_security_policy,
)
from transport.trusted import build_manifest, document_id, load_manifest, read_folder, write_manifest

__all__ = [
    "ANSWER_HEADERS",
    "PAGE_POLICY",
    "Code",
    "CostStatus",
    "CrossOrigin",
    "Engine",
    "GraphQLApp",
    "Incoming",
    "Limits",
    "Origins",
    "Report",
    "SecurityHeaders",
    "build_manifest",
    "content_security_policy",
    "document_id",
    "load_manifest",
    "read_folder",
    "refusal",
    "write_manifest",
]
