"""Vocabularies as data: OPS keep them, everybody reads them, codes stay, nothing new has a retired one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from models.base.event_verbs import EventVerb
from models.base.events import Event
from models.vocabularies.terms import Term
from tests.support.api import Api, api_on
from tests.support.databases import own_database

NUMBERS = count(1)
TERM = "term { id code label spanish: label(language: ES) position retiredAt }"
VOCABULARY = """
query ($filter: TermFilter!, $first: Int = 100) {
  vocabularies(filter: $filter, first: $first) {
    nodes { id kind code label spanish: label(language: ES) position retiredAt } totalCount
  }
}
"""
PROVIDER = {
    "name": "Lena Fischer", "title": "LMHC", "degreeLevel": "MASTERS", "services": ["THERAPY"],
    "timeZone": "America/New_York",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def listed(api: Api, role: str = "STUDENT", **conditions: Any) -> list[dict[str, Any]]:
    """The terms of a vocabulary."""
    found: list[dict[str, Any]] = (await api.ask(VOCABULARY, role=role, filter=conditions))["vocabularies"]["nodes"]
    return found


async def added(api: Api, kind: str = "SPECIALTY", **fields: Any) -> Any:
    """The payload of a new term, with a code and labels of its own unless they are given."""
    number = next(NUMBERS)
    sent = {"kind": kind, "code": f"NEW_{number}", "labelEn": f"New {number}", "labelEs": f"Nueva {number}", **fields}
    return await api.do("addTerm", role="OPS", selection=TERM, **sent)


async def joined(api: Api, **fields: Any) -> Any:
    """The payload of a new provider."""
    return await api.do(
        "joinProvider", role="OPS", selection="provider { id specialties languages }",
        **{**PROVIDER, "email": f"lena{next(NUMBERS)}@example.test", **fields},
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "least"), [("SPECIALTY", 50), ("LANGUAGE", 40), ("PRESENTING_CONCERN", 25)])
async def test_a_new_server_has_vocabularies_in_two_languages(api: Api, kind: str, least: int) -> None:
    terms = await listed(api, kind=kind)
    assert len(terms) >= least
    positions = [term["position"] for term in terms]
    assert positions == sorted(positions)
    same = {term["code"] for term in terms if term["label"].casefold() == term["spanish"].casefold()}
    # words that both languages write alike; any other was left untranslated
    assert same <= {"LGBTQ", "TRAUMA", "prs", "hi", "hmn", "ig", "lo", "ta", "te", "ur", "yo"}


async def test_the_presenting_concerns_of_before_keep_their_codes(api: Api) -> None:
    before = {
        "ACADEMIC", "ADJUSTMENT", "ANXIETY", "ATTENTION", "DEPRESSION", "EATING", "FAMILY", "GRIEF", "IDENTITY",
        "MEDICATION", "RELATIONSHIPS", "SLEEP", "STRESS", "SUBSTANCE_USE", "TRAUMA", "OTHER",
    }  # fmt: skip
    terms = await listed(api, role="PROVIDER", kind="PRESENTING_CONCERN")
    assert before <= {term["code"] for term in terms}
    assert terms[-1]["code"] == "OTHER"


@pytest.mark.parametrize("search", ["duelo", "PERDIDA", "grief and"])
async def test_a_term_is_found_by_a_part_of_its_label_in_either_language(api: Api, search: str) -> None:
    assert [term["code"] for term in await listed(api, kind="SPECIALTY", search=search)] == ["GRIEF"]


async def test_nobody_reads_them_without_signing_in(api: Api) -> None:
    errors = await api.fail(VOCABULARY, filter={"kind": "LANGUAGE"})
    assert [error["extensions"]["code"] for error in errors] == ["UNAUTHENTICATED"]


async def test_a_new_term_stands_last_and_can_be_chosen_at_once(api: Api) -> None:
    term = (await added(api, code="CANNABIS", labelEn="Cannabis", labelEs="Cannabis"))["term"]
    assert (await listed(api, kind="SPECIALTY"))[-1]["id"] == term["id"]
    assert (await joined(api, specialties=["CANNABIS", "ANXIETY", "CANNABIS"]))["provider"]["specialties"] == [
        "CANNABIS",
        "ANXIETY",
    ]


async def test_everything_that_is_taken_is_told_at_once(api: Api) -> None:
    answer = await added(api, code="GRIEF", labelEn="grief and loss", labelEs="Duelo y perdida")
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [
        ("CONFLICT", ["input", "code"]),
        ("CONFLICT", ["input", "labelEn"]),
        ("CONFLICT", ["input", "labelEs"]),
    ]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("SPECIALTY", "grief"), ("SPECIALTY", "_A"), ("SPECIALTY", "A__B"), ("LANGUAGE", "ES"), ("LANGUAGE", "spanish")],
)
async def test_a_code_has_the_form_of_its_vocabulary(api: Api, kind: str, code: str) -> None:
    answer = await added(api, kind, code=code)
    assert [(error["code"], error["field"], error["rule"]) for error in answer["userErrors"]] == [
        ("INVALID", ["input", "code"], "PR-12")
    ]


@pytest.mark.parametrize("code", ["zh-Hant", "pt-BR", "es-419", "ast"])
async def test_a_language_is_a_tag_of_bcp_47(api: Api, code: str) -> None:
    assert (await added(api, "LANGUAGE", code=code))["term"]["code"] == code


async def test_labels_and_position_change_and_the_code_stays(api: Api) -> None:
    term = (await added(api))["term"]
    changed = await api.do("changeTerm", role="OPS", selection=TERM, termId=term["id"], labelEs="Otra", position=5)
    assert changed["term"] == {**term, "spanish": "Otra", "position": 5}
    assert (await listed(api, kind="SPECIALTY"))[0]["id"] == term["id"]


async def test_a_change_of_nothing_is_refused_and_is_no_event(api: Api) -> None:
    term = (await added(api))["term"]
    refused = await api.do("changeTerm", role="OPS", selection=TERM, termId=term["id"])
    assert [error["code"] for error in refused["userErrors"]] == ["INVALID"]
    row = await Term.get(code=term["code"])
    assert not await Event.filter(subject_id=row.id, verb=EventVerb.TERM_CHANGED).exists()


async def test_a_label_that_another_term_has_is_refused(api: Api) -> None:
    term = (await added(api))["term"]
    refused = await api.do("changeTerm", role="OPS", selection=TERM, termId=term["id"], labelEn="Anxiety")
    assert refused["term"] is None
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("CONFLICT", ["input", "labelEn"])]


async def test_a_retired_term_stays_in_profiles_and_is_refused_for_new_ones(api: Api) -> None:
    term = (await added(api))["term"]
    code = term["code"]
    provider = (await joined(api, specialties=[code], languages=["es"]))["provider"]
    retired = (await api.do("retireTerm", role="OPS", selection=TERM, termId=term["id"]))["term"]
    assert retired["retiredAt"]
    assert code not in {term["code"] for term in await listed(api, kind="SPECIALTY")}
    with_retired = await listed(api, kind="SPECIALTY", withRetired=True)
    assert [term["label"] for term in with_retired if term["code"] == code] == [term["label"]]
    found = await api.ask(
        "query ($id: ID!) { provider(id: $id) { specialties languages } }", role="OPS", id=provider["id"]
    )
    assert found["provider"] == {"specialties": [code], "languages": ["es"]}
    refused = await joined(api, specialties=["ANXIETY", code], languages=["es", "xx"])
    assert [(error["code"], error["field"], error["rule"]) for error in refused["userErrors"]] == [
        ("INVALID", ["input", "specialties", "1"], "PR-12"),
        ("INVALID", ["input", "languages", "1"], "PR-12"),
    ]
    restored = (await api.do("restoreTerm", role="OPS", selection=TERM, termId=term["id"]))["term"]
    assert restored["retiredAt"] is None
    assert (await joined(api, specialties=[code]))["provider"]


async def test_only_a_term_in_use_is_retired_and_only_a_retired_one_restored(api: Api) -> None:
    term = (await added(api))["term"]
    for verb, refused in (("restoreTerm", True), ("retireTerm", False), ("retireTerm", True), ("restoreTerm", False)):
        answer = await api.do(verb, role="OPS", selection=TERM, termId=term["id"])
        assert [error["code"] for error in answer["userErrors"]] == (["NOT_OPEN"] if refused else [])


async def test_a_term_is_not_restored_beside_another_of_its_label(api: Api) -> None:
    old = (await added(api, labelEn="Climate"))["term"]
    await api.do("retireTerm", role="OPS", selection=TERM, termId=old["id"])
    await added(api, labelEn="climate")
    refused = await api.do("restoreTerm", role="OPS", selection=TERM, termId=old["id"])
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("CONFLICT", ["input", "termId"])]
    assert "changeTerm" in refused["userErrors"][0]["fix"]
    renamed = await api.do("changeTerm", role="OPS", selection=TERM, termId=old["id"], labelEn="Climate of before")
    assert renamed["userErrors"] == []
    restored = await api.do("restoreTerm", role="OPS", selection=TERM, termId=old["id"])
    assert restored["userErrors"] == []


@pytest.mark.parametrize("label", ["\u200b", "\u00ad\ufeff", "\u3164"])
async def test_a_label_that_nobody_can_see_is_refused_as_an_empty_one_is(api: Api, label: str) -> None:
    refused = await added(api, labelEn=label)
    assert [(error["code"], error["message"], error["field"]) for error in refused["userErrors"]] == [
        ("INVALID", "This text is empty.", ["input", "labelEn"])
    ]


async def test_everything_that_speaks_against_a_change_is_told_at_once(api: Api) -> None:
    term = (await added(api))["term"]
    answer = await api.do(
        "changeTerm", role="OPS", selection=TERM, termId=term["id"], labelEn="anxiety", labelEs="Ansiedad", position=-1
    )
    assert [error["field"][-1] for error in answer["userErrors"]] == ["position", "labelEn", "labelEs"]
    kept = await api.do("changeTerm", role="OPS", selection=TERM, termId=term["id"], labelEn=term["label"], position=7)
    assert kept["userErrors"] == []


async def test_the_directory_finds_by_code_label_and_language(api: Api) -> None:
    text = "query ($filter: ProviderFilter!) { providers(filter: $filter) { nodes { name specialties } } }"

    async def names(**conditions: str) -> set[str]:
        found = await api.ask(text, role="STUDENT", filter={"state": "MA", **conditions})
        return {node["name"] for node in found["providers"]["nodes"]}

    assert await names(specialty="GRIEF") == await names(specialty="loss") == await names(specialty="duelo")
    assert await names(specialty="GRIEF") == {"Noor Haddad"}
    assert await names(specialty="no such thing") == await names(language="vi") == set()
    assert await names(language="ar") == await names(language="ar", specialty="ansiedad") == {"Noor Haddad"}


async def test_each_change_is_an_event(api: Api) -> None:
    term = (await added(api))["term"]
    await api.do("changeTerm", role="OPS", selection=TERM, termId=term["id"], labelEn=f"Changed {term['code']}")
    await api.do("retireTerm", role="OPS", selection=TERM, termId=term["id"])
    await api.do("restoreTerm", role="OPS", selection=TERM, termId=term["id"])
    row = await Term.get(code=term["code"])
    verbs = [event.verb for event in await Event.filter(subject_id=row.id).order_by("id")]
    assert verbs == [EventVerb.TERM_ADDED, EventVerb.TERM_CHANGED, EventVerb.TERM_RETIRED, EventVerb.TERM_RESTORED]
    assert row.added_by is not None


async def test_of_ten_that_add_one_code_at_once_one_does(api: Api) -> None:
    answers = await asyncio.gather(
        *(added(api, code="AT_ONCE", labelEn="At once", labelEs="A la vez") for _ in range(10))
    )
    assert [answer["term"] is not None for answer in answers].count(True) == 1
    refused = {error["code"] for answer in answers for error in answer["userErrors"]}
    assert refused == {"CONFLICT"}


async def test_of_ten_that_retire_one_term_at_once_one_does(api: Api) -> None:
    term = (await added(api))["term"]
    answers = await asyncio.gather(
        *(api.do("retireTerm", role="OPS", selection=TERM, termId=term["id"]) for _ in range(10))
    )
    assert [answer["term"] is not None for answer in answers].count(True) == 1
    assert (
        await Event.filter(subject_id=(await Term.get(code=term["code"])).id, verb=EventVerb.TERM_RETIRED).count() == 1
    )
