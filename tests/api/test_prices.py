"""Fields that read whole tables for one object cost what they take, and no shipped document is beyond the limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.prices import COUNT_COST, PRICES, prices_of
from schema.root import SCHEMA
from transport import Limits
from transport.documents import Documents
from web.examples import examples

ROOT = Path(__file__).parent.parent.parent
SHIPPED = {path.name: path.read_text() for path in sorted((ROOT / "examples").rglob("*.graphql"))}
SHIPPED |= {example.title: example.query for example in examples()}


def cost_of(text: str) -> int:
    """What the one operation of a document costs, its pages as long as they may be."""
    documents = Documents(SCHEMA._schema, Limits(cost_fields=prices_of(SCHEMA._schema)))
    (operation,) = documents.get(text).operations.values()
    return operation.pricing.price({"first": 100}).cost


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_shipped_document_is_within_the_limit(name: str) -> None:
    assert cost_of(SHIPPED[name]) <= Limits().cost


@pytest.mark.parametrize("field", sorted(PRICES))
def test_each_priced_field_is_one_of_the_schema_and_within_the_limit(field: str) -> None:
    type_name, _, name = field.partition(".")
    assert name in SCHEMA._schema.type_map[type_name].fields  # type: ignore[attr-defined]  # an object type
    assert PRICES[field] < Limits().cost


def test_a_proof_and_a_count_cost_more_than_their_objects() -> None:
    assert cost_of("{ auditProof { agrees } viewer { id } }") == PRICES["Query.auditProof"] + 2
    assert cost_of("{ students { totalCount } }") == COUNT_COST + 1
    assert cost_of("{ students { pageInfo { hasNextPage } } }") == 2
