"""The schema itself: who may read each field is said, every word of it is explained, and the committed text is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from execution import Batched, Computed, Derived, Direct, Single
from models.base.access import Role
from operations.fields import ANYONE, EVERYBODY
from operations.reads.nodes import NODES
from schema.base.shape import VALUES
from schema.root import SCHEMA, printed
from tests.areas.expectations import AUDIENCES
from tests.support.asking import ask
from tests.support.world import as_staff

SCHEMA_CORE = SCHEMA._schema
ROOTS = [root for root in (SCHEMA_CORE.query_type, SCHEMA_CORE.mutation_type, SCHEMA_CORE.subscription_type) if root]
SHOWN = {type_name for _, type_name in NODES.values()}
PLAIN = VALUES | {"PageInfo", "Money", "UserError"}
"""Types without an id: they have no rows of their own."""


def own_types() -> list[GraphQLNamedType]:
    """The types that this program declares."""
    return [
        kind
        for kind in SCHEMA_CORE.type_map.values()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    ]


def object_types() -> list[GraphQLObjectType]:
    """The object types that hang below a root."""
    return [kind for kind in own_types() if isinstance(kind, GraphQLObjectType) and kind not in ROOTS]


def metadata(field: GraphQLField) -> dict[str, Any]:
    """What the program itself knows of a field."""
    definition = field.extensions["strawberry-definition"]
    found: dict[str, Any] = definition.metadata
    return found


ROOT_FIELDS = [(f"{root.name}.{name}", field) for root in ROOTS for name, field in root.fields.items()]


@pytest.mark.parametrize(("name", "field"), ROOT_FIELDS, ids=[name for name, _ in ROOT_FIELDS])
def test_a_root_field_says_who_may_use_it(name: str, field: GraphQLField) -> None:
    audience = metadata(field).get("audience")
    assert audience, "a root field without an audience is everybody's"
    assert audience == ANYONE or set(audience) <= EVERYBODY


def test_no_field_that_needs_no_sign_in_was_forgotten() -> None:
    free = {name.split(".")[1] for name, field in ROOT_FIELDS if metadata(field)["audience"] == ANYONE}
    assert free == {name for lines in AUDIENCES.values() for name, audience in lines.items() if audience == ANYONE}


def test_a_root_field_may_be_null_so_that_its_error_stays_its_own() -> None:
    roots = [root for root in ROOTS if root is not SCHEMA_CORE.subscription_type]
    strict = [f"{root.name}.{name}" for root in roots for name, field in root.fields.items() if is_strict(field)]
    assert strict == []


def is_strict(field: GraphQLField) -> bool:
    """Whether a field may not be null."""
    return str(field.type).endswith("!")


def is_wrapper(kind: GraphQLObjectType) -> bool:
    """Whether a type only carries others: a connection, an edge or a mutation's payload."""
    return kind.name.endswith(("Connection", "Edge", "Payload"))


def test_each_type_is_reached_through_the_rows_that_exist_for_the_viewer_or_is_a_plain_value() -> None:
    unknown = [kind.name for kind in object_types() if kind.name not in SHOWN | PLAIN and not is_wrapper(kind)]
    assert unknown == [], "a type that neither @shows a model nor is a value"
    assert {kind.name for kind in object_types()} >= SHOWN


def shown_fields() -> Iterator[tuple[str, GraphQLField]]:
    """The fields of types that show rows, and which are not plain columns."""
    for kind in object_types():
        if kind.name in SHOWN:
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field


def test_a_field_below_a_row_is_a_column_or_is_read_for_all_rows_of_its_level_at_once() -> None:
    for name, field in shown_fields():
        plan = metadata(field).get("plan")
        assert plan is None or isinstance(plan, Batched | Computed | Derived | Direct), (
            f"{name} is asked for row by row"
        )
        below = get_named_type(field.type)
        if isinstance(below, GraphQLObjectType) and below.name not in PLAIN:
            assert isinstance(plan, Batched), f"{name} leads to rows that nobody looked for"


def test_every_root_field_runs_by_a_plan() -> None:
    for name, field in ROOT_FIELDS:
        if not name.startswith("Subscription."):
            assert isinstance(metadata(field).get("plan"), Single | Batched), name


def test_a_field_that_is_not_for_all_roles_says_for_whom() -> None:
    narrowed = {name: metadata(field)["audience"] for name, field in shown_fields() if metadata(field).get("audience")}
    assert set(narrowed["Claim.presentingConcern"]) == {Role.PROVIDER, Role.OPS}
    assert Role.STUDENT not in narrowed["Claim.amount"]
    assert not {Role.STUDENT, Role.SCHOOL, Role.PARTNER} & set(narrowed["Appointment.expectedReimbursement"])


MUTATIONS = SCHEMA_CORE.mutation_type.fields if SCHEMA_CORE.mutation_type else {}
OF_MUTATIONS = {get_named_type(field.type).name for field in MUTATIONS.values()} | {
    get_named_type(field.args["input"].type).name for field in MUTATIONS.values() if field.args
}
"""The payloads and inputs of mutations, each of one mutation alone."""


def words() -> Iterator[tuple[str, str | None]]:
    """What the schema must explain: all but a mutation's input and payload, which its own description explains."""
    for kind in own_types():
        if kind.name not in OF_MUTATIONS:
            yield kind.name, kind.description
        if isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{kind.name}.{value_name}", value.description
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, input_field in kind.fields.items():
                yield f"{kind.name}.{field_name}", input_field.description
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{kind.name}.{field_name}", field.description
                for argument_name, argument in field.args.items() if kind is not SCHEMA_CORE.mutation_type else ():
                    yield f"{kind.name}.{field_name}({argument_name})", argument.description


def test_everything_with_a_name_is_explained() -> None:
    silent = [name for name, description in words() if not (description or "").strip()]
    assert silent == []
    assert len(list(words())) > 300


def test_an_explanation_is_a_sentence() -> None:
    short = [name for name, said in words() if said and not said.rstrip().endswith((".", "`", ")", ":"))]
    assert short == []


def test_scalars_with_a_standard_name_it() -> None:
    scalars = {kind.name: kind for kind in own_types() if isinstance(kind, GraphQLScalarType)}
    named = {name for name, kind in scalars.items() if kind.specified_by_url}
    assert named >= {"DateTime", "Date", "TimeZone", "EmailAddress", "PhoneNumber", "URL"}


def test_every_mutation_takes_one_input_and_answers_with_user_errors() -> None:
    assert SCHEMA_CORE.mutation_type is not None
    for name, field in SCHEMA_CORE.mutation_type.fields.items():
        assert list(field.args) in (["input"], []), name
        answer = get_named_type(field.type)
        assert isinstance(answer, GraphQLObjectType), name
        assert str(answer.fields["userErrors"].type) == "[UserError!]!", name
        others = [other for other, below in answer.fields.items() if other != "userErrors" and is_strict(below)]
        assert others == [], f"{name} could not answer a refusal"


def test_every_list_that_can_grow_is_a_connection_with_bounds() -> None:
    for kind in [*object_types(), *ROOTS]:
        for name, field in kind.fields.items():
            if get_named_type(field.type).name.endswith("Connection"):
                assert {"first", "after", "last", "before"} <= set(field.args), f"{kind.name}.{name}"


def test_the_committed_schema_is_the_one_that_the_program_shows() -> None:
    committed = Path(__file__).parents[2].joinpath("schema.graphql").read_text()
    assert committed.strip() == printed().strip(), "run `make schema`"


async def test_the_schema_introduces_itself_to_introspection_and_in_print() -> None:
    told = (await ask("{ __schema { description } }", as_staff(Role.OPS)))["__schema"]["description"]
    assert "signIn" in told
    assert build_schema(printed()).description == told
