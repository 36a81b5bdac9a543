"""GraphQL execution that knows nothing of the domain: kinds of fields, a compiled path, and graphql-core behind it."""

from execution.core_path import INFO, as_resolver, core_execute, signed
from execution.deferral import Deferred
from execution.fields import Batched, Computed, Derived, Direct, Kind, Selection, Single, kind_of
from execution.plans import Plans

__all__ = [
    "INFO",
    "Batched",
    "Computed",
    "Deferred",
    "Derived",
    "Direct",
    "Kind",
    "Plans",
    "Selection",
    "Single",
    "as_resolver",
    "core_execute",
    "kind_of",
    "signed",
]
