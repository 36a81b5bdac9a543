"""A search finds a text whatever its case, accents and apostrophes, and among appointments it is for OPS.

To anybody else it would tell the address of a provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from models.base.access import Role, Viewer
from models.base.ids import new_id
from models.base.statements import execute, fetch_one
from settings import Settings
from tests.support.asking import answer, ask, codes_of
from tests.support.databases import undone
from tests.support.world import Pair, as_provider, as_staff, as_student, pair_of, requested

SEARCH = "query ($search: String!) { appointments(filter: { search: $search }) { totalCount } }"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student who has asked a provider for a session, in a transaction that leaves nothing behind."""
    async with undone():
        pair = await pair_of()
        await requested(pair.student, pair.openings[0])
        yield pair


def viewer_of(role: Role, pair: Pair) -> Viewer:
    """Somebody of this role to whom the appointment is visible."""
    if role is Role.STUDENT:
        return as_student(pair.student)
    return as_provider(pair.provider) if role is Role.PROVIDER else as_staff(role, school=pair.school)


async def test_ops_find_an_appointment_by_either_side(pair: Pair) -> None:
    for text in (pair.provider.email, pair.student.name, pair.student.email, pair.provider.name):
        assert await ask(SEARCH, as_staff(Role.OPS), search=text) == {"appointments": {"totalCount": 1}}


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PROVIDER, Role.SCHOOL, Role.PARTNER])
async def test_nobody_else_finds_out_by_searching_what_an_address_begins_with(pair: Pair, role: Role) -> None:
    told = [
        await answer(SEARCH, viewer_of(role, pair), search=text) for text in (pair.provider.email[:9], str(new_id()))
    ]
    assert [(result.data, codes_of(result)) for result in told] == [({"appointments": None}, ["FORBIDDEN"])] * 2


FOUND_AS = [
    ("zoe", "Zoë Kravitz"),
    ("ZOË", "Zoe Kravitz"),
    ("zoe", "Zoe\u0308 Kravitz"),  # composed of two characters, as rows from before may be
    ("pena", "Ana Peña"),
    ("PEÑA", "Ana Pena"),
    ("o'brien", "Sinéad O’Brien"),
    ("o’brien", "Sinéad O'Brien"),
    ("obrien", "Sinéad O‘Brien"),
    (" odalys ", "Odalys Ruiz"),
    ("strasse", "Anna Straße"),
    ("łukasz", "Lukasz Nowak"),
    ("иван", "Иван Петров"),
    ("100%", "100% Wellness"),
    ("a_b", "a_b"),
    ("back\\slash", "back\\slash"),
]
NOT_FOUND_AS = [("a%z", "Zoë"), ("z_e", "Zoë"), ("%", "Zoë"), ("_", "Zoë"), ("\\", "Zoë"), ("zoë x", "Zoë")]
STUDENTS = "query ($search: String!) { students(filter: { search: $search }) { totalCount } }"
DIRECTORY = 'query ($search: String!) { providers(filter: { state: "MA", specialty: $search }) { nodes { id } } }'
CAMPUS = "query ($search: String!) { campuses(filter: { search: $search }) { name } }"


@pytest.mark.parametrize(("search", "name"), FOUND_AS)
async def test_a_search_finds_whatever_case_accents_and_apostrophes_are_written(
    pair: Pair, search: str, name: str
) -> None:
    ops = as_staff(Role.OPS)
    await execute("UPDATE students SET name = $1 WHERE id = $2", name, pair.student.id)
    assert await ask(STUDENTS, ops, search=search) == {"students": {"totalCount": 1}}
    assert await ask(SEARCH, ops, search=search) == {"appointments": {"totalCount": 1}}
    await execute("UPDATE students SET name = 'Kim' WHERE id = $1", pair.student.id)
    assert await ask(SEARCH, ops, search=search) == {"appointments": {"totalCount": 0}}
    await execute("UPDATE providers SET name = $1, specialties = ARRAY['GRIEF'] WHERE id = $2", name, pair.provider.id)
    await execute("UPDATE terms SET label_es = $1 WHERE code = 'GRIEF' AND kind = 'SPECIALTY'", name)
    assert await ask(SEARCH, ops, search=search) == {"appointments": {"totalCount": 1}}
    found = (await ask(DIRECTORY, ops, search=search))["providers"]["nodes"]
    assert {"id": pair.provider.type_id} in found


@pytest.mark.parametrize(("search", "name"), NOT_FOUND_AS)
async def test_a_search_takes_its_own_signs_literally(pair: Pair, search: str, name: str) -> None:
    await execute("UPDATE students SET name = $1 WHERE id = $2", name, pair.student.id)
    assert await ask(STUDENTS, as_staff(Role.OPS), search=search) == {"students": {"totalCount": 0}}


async def test_a_search_among_campuses_folds_alike(pair: Pair) -> None:
    await execute("UPDATE schools SET name = 'Université d’Été' WHERE id = $1", pair.school.id)
    await execute(
        "INSERT INTO campus_issuers (id, school_id, issuer, client_id, sealed_client_secret, return_to, created_at)"
        " VALUES (gen_random_uuid(), $1, 'https://id.example.test', 'us', '', ARRAY['app.test:/in'], now())",
        pair.school.id,
    )
    found = await ask(CAMPUS, None, search="universite d'ete")
    assert found == {"campuses": [{"name": "Université d’Été"}]}


async def test_the_search_path_is_not_needed_by_what_the_indexes_are_built_with(pair: Pair) -> None:
    await execute("SET LOCAL search_path = ''")
    row = await fetch_one("SELECT public.folded('Zoë O’Brien') AS one, public.folded_list(ARRAY['É', 'B']) AS many")
    assert (row.one, row.many) == ("zoe obrien", "e\nb")
