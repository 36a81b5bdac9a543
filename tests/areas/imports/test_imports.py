"""Rates by file: FINANCE uploads it, looks at what each row would come to, and commits exactly that (CL-5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.base import clock
from models.base.event_verbs import EventVerb
from models.base.events import Event
from models.base.ids import decode
from models.base.times import local_day
from models.files.files import File
from models.imports import reading
from models.imports.imports import Import, ImportRow
from models.rates.rates import LATEST_ZONE, Rate
from models.records import retention
from resolvers.imports import imports as resolvers
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.uploads import expected, uploaded

HEADERS = "visit type,service,degree level,license class,state,amount,effective from,effective until"
PREVIEW = """import {
    id state digest encoding separator created changed unchanged leftOut faulty mapping { column header }
    rows(first: 100) { nodes { number outcome cells { column text } faults { column message fix } } }
}"""
STATE = "import { id state created endedAt }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


def day(days: int) -> str:
    """So many days from today, where it ends last."""
    return (local_day(clock.real_now(), LATEST_ZONE) + timedelta(days=days)).isoformat()


def row(state: str, *, amount: str = "130.00", begins: int = 1, ends: int | None = None) -> str:
    """A line of a file: the intake of a state, from so many days on."""
    return f"intake,therapy,masters,LCSW,{state},{amount},{day(begins)},{'' if ends is None else day(ends)}"


async def upload(api: Api, *lines: str) -> str:
    """The id of an upload of these lines below the usual headers."""
    return await uploaded(api, "FINANCE", "IMPORT", "\r\n".join((HEADERS, *lines)).encode(), name="rates.csv")


async def preview_of(api: Api, upload_id: str, **fields: Any) -> Any:
    """The payload of a preview."""
    selection = f"{PREVIEW} ignoredHeaders"
    return await api.do(
        "previewImport", role="FINANCE", selection=selection, kind="RATES", uploadId=upload_id, **fields
    )


async def previewed(api: Api, *lines: str) -> Any:
    """The preview of these lines."""
    answer = await preview_of(api, await upload(api, *lines))
    assert answer["userErrors"] == []
    return answer["import"]


async def committed(api: Api, preview: Any, **changes: Any) -> Any:
    """The payload of a commit."""
    fields = {"importId": preview["id"], "digest": preview["digest"], **changes}
    return await api.do("commitImport", role="FINANCE", selection=STATE, **fields)


def told(answer: Any) -> list[tuple[str, str]]:
    """Code and field of each refusal."""
    return [(error["code"], error["field"][-1]) for error in answer["userErrors"]]


def counts(preview: Any) -> tuple[int, ...]:
    """Rows created, changed, unchanged, left out and faulty."""
    return tuple(preview[name] for name in ("created", "changed", "unchanged", "leftOut", "faulty"))


async def rates_of(state: str) -> list[tuple[int, str, str | None]]:
    """Of a state's rates, the first one first: cents, first day, and the day from which it holds no more."""
    return [
        (rate.amount_cents, str(rate.during.since), None if rate.during.until is None else str(rate.during.until))
        for rate in await Rate.filter(state=state).order_by("effective_from")
    ]


async def test_a_file_is_previewed_then_committed_as_a_whole_and_again_without_effect(api: Api) -> None:
    lines = [row("ME", begins=40, amount="104.00"), row("ME", begins=4, ends=9, amount="101.00"), "", row("NY")]
    preview = await previewed(api, *lines)
    assert (preview["state"], preview["encoding"], preview["separator"]) == ("PREVIEWED", "UTF_8", "COMMA")
    assert counts(preview) == (3, 0, 0, 1, 0)
    assert await rates_of("ME") == []
    answer = await committed(api, preview)
    assert answer["userErrors"] == []
    assert await rates_of("ME") == [(101_00, day(4), day(10)), (104_00, day(40), None)]
    again = await committed(api, preview)
    assert again == answer
    assert len(await rates_of("ME")) == 2
    events = await Event.filter(subject_id=decode("imp", preview["id"])).order_by("id")
    assert [(event.verb, event.actor_role) for event in events] == [
        (EventVerb.IMPORT_PREVIEWED, "FINANCE"),
        (EventVerb.IMPORT_COMMITTED, "FINANCE"),
    ]
    assert events[1].data == {"kind": "RATES", "created": 3, "changed": 0}
    assert counts(await previewed(api, *lines)) == (0, 0, 3, 1, 0)


async def test_every_fault_is_told_by_row_and_column_and_nothing_is_kept(api: Api) -> None:
    await api.do(
        "announceRates", role="FINANCE", selection="rates { id }",
        rates=[{"visitType": "INTAKE", "service": "THERAPY", "degreeLevel": "MASTERS", "state": "CA",
                "licenseClass": "CLINICAL_SOCIAL_WORKER", "amount": "99.00", "effectiveFrom": day(20)}],
    )  # fmt: skip
    preview = await previewed(
        api,
        row("CA", begins=-1, amount="0.00"),
        row("CA", begins=20),
        row("CA", begins=8, ends=20),
        row("CT"),
        row("CT", amount="131.00"),
        row("IA", begins=5, ends=4),
        row("IL", begins=1, ends=3),
        row("IL", begins=3),
        row("IL", begins=9, amount="many"),
        "intake,therapy",
        row("CA", begins=20, amount="99.00"),
        row("IN"),
    )
    found = {
        line["number"]: (line["outcome"], [fault["column"] for fault in line["faults"]])
        for line in preview["rows"]["nodes"]
    }
    assert found == {
        2: ("FAULTY", ["amount", "effectiveFrom"]),
        3: ("FAULTY", ["effectiveFrom", None]),
        4: ("FAULTY", ["effectiveUntil"]),
        5: ("FAULTY", [None]),
        6: ("FAULTY", [None]),
        7: ("FAULTY", ["effectiveUntil"]),
        8: ("FAULTY", ["effectiveUntil"]),
        9: ("CREATED", []),
        10: ("FAULTY", ["amount"]),
        11: ("FAULTY", [None]),
        12: ("FAULTY", [None]),
        13: ("CREATED", []),
    }
    assert all(fault["message"] and fault["fix"] for line in preview["rows"]["nodes"] for fault in line["faults"])
    assert counts(preview) == (2, 0, 0, 0, 10)
    assert told(await committed(api, preview)) == [("NOT_ELIGIBLE", "importId")]
    assert await rates_of("IN") == []


async def test_the_rows_of_one_outcome_are_listed_page_by_page(api: Api) -> None:
    preview = await previewed(api, row("NC"), "x", row("NH"), "y", "z")
    asked = """query Rows($id: ID!, $after: String) { node(id: $id) { ... on Import {
        rows(first: 2, after: $after, outcome: FAULTY) { nodes { number } pageInfo { endCursor } totalCount }
    } } }"""
    first = (await api.ask(asked, role="FINANCE", id=preview["id"]))["node"]["rows"]
    rest = (await api.ask(asked, role="FINANCE", id=preview["id"], after=first["pageInfo"]["endCursor"]))["node"][
        "rows"
    ]
    assert [line["number"] for line in (*first["nodes"], *rest["nodes"])] == [3, 5, 6]
    assert first["totalCount"] == 3


async def test_a_preview_is_stale_once_what_it_was_compared_with_has_changed(api: Api) -> None:
    preview, other = await previewed(api, row("TX")), await previewed(api, row("VT"))
    assert told(await committed(api, other)) == []
    assert told(await committed(api, preview)) == [("CONFLICT", "importId")]
    assert await rates_of("TX") == []
    upload_id = await upload(api, row("TX"))
    first = (await preview_of(api, upload_id))["import"]
    second = (await preview_of(api, upload_id))["import"]
    assert first["digest"] == second["digest"]
    assert told(await committed(api, second)) == []
    assert told(await committed(api, first)) == [("CONFLICT", "importId")]
    assert len(await rates_of("TX")) == 1


@pytest.mark.parametrize("digest", ["0" * 64, "nothing", "abc"])
async def test_only_the_digest_of_the_preview_commits_it(api: Api, digest: str) -> None:
    preview = await previewed(api, row("KY"))
    assert told(await committed(api, preview, digest=digest)) == [("CONFLICT", "digest")]
    assert await rates_of("KY") == []


async def test_a_discarded_preview_is_never_committed_and_its_rows_go(api: Api) -> None:
    preview = await previewed(api, row("PA"))
    answer = await api.do("discardImport", role="FINANCE", selection=STATE, importId=preview["id"])
    assert (answer["import"]["state"], answer["userErrors"]) == ("DISCARDED", [])
    again = await api.do("discardImport", role="FINANCE", selection=STATE, importId=preview["id"])
    assert again == answer
    assert told(await committed(api, preview)) == [("NOT_OPEN", "importId")]
    await retention.remove_old_of(ImportRow, at=clock.real_now() + timedelta(seconds=1))
    assert await ImportRow.filter(import_id=decode("imp", preview["id"])).count() == 0
    await retention.remove_old_of(Import, at=clock.real_now() + timedelta(days=2))
    assert await Import.filter(id=decode("imp", preview["id"])).count() == 0


async def test_of_many_commits_of_one_preview_one_keeps_its_rows(api: Api) -> None:
    preview = await previewed(api, row("NJ"), row("NJ", begins=50))
    answers = await asyncio.gather(*(committed(api, preview) for _ in range(6)))
    assert [answer["userErrors"] for answer in answers] == [[]] * 6
    assert {answer["import"]["endedAt"] for answer in answers} == {answers[0]["import"]["endedAt"]}
    assert len(await rates_of("NJ")) == 2
    assert await Event.filter(subject_id=decode("imp", preview["id"]), verb=EventVerb.IMPORT_COMMITTED).count() == 1


async def test_of_two_previews_of_crossing_rows_that_are_committed_at_once_one_is_kept(api: Api) -> None:
    previews = [
        await previewed(api, row("RI", begins=n, amount=f"{n}.00"), row("RI", begins=30 - n)) for n in (3, 4, 5)
    ]
    answers = await asyncio.gather(*(committed(api, preview) for preview in previews))
    assert sorted(told(answer) for answer in answers) == [[], [("CONFLICT", "importId")], [("CONFLICT", "importId")]]
    assert len(await rates_of("RI")) == 2


async def test_a_mapping_is_given_once_and_remembered_for_files_like_it(api: Api) -> None:
    lines = ["Art;Leistung;Grad;Lizenz;Preis;Ab", f"intake;therapy;associate;ASSOCIATE;80.00;{day(3)}"]
    content = "\n".join(lines).encode("cp1252")
    upload_id = await uploaded(api, "FINANCE", "IMPORT", content, name="rates.csv")
    answer = await preview_of(api, upload_id)
    assert {(error["code"], error["field"][-1]) for error in answer["userErrors"]} == {("INVALID", "mapping")}
    assert len(answer["userErrors"]) == 6
    names = ("visitType", "service", "degreeLevel", "licenseClass", "amount", "effectiveFrom")
    mapping = [{"column": name, "header": header} for name, header in zip(names, lines[0].split(";"), strict=True)]
    preview = (await preview_of(api, upload_id, mapping=mapping))["import"]
    assert (preview["separator"], counts(preview)) == ("SEMICOLON", (1, 0, 0, 0, 0))
    assert told(await committed(api, preview)) == []
    later = await uploaded(api, "FINANCE", "IMPORT", content.replace(b"80.00", b"81.00"), name="rates.csv")
    again = (await preview_of(api, later))["import"]
    assert {(pair["column"], pair["header"]) for pair in again["mapping"]} == {
        (pair["column"], pair["header"]) for pair in mapping
    }
    assert told(await preview_of(api, later, mapping=[mapping[0], mapping[0]])) == [("INVALID", "mapping")]


async def test_a_last_day_is_kept_though_the_last_file_had_no_column_for_it_and_what_is_ignored_is_told(
    api: Api,
) -> None:
    plain = "visit type,service,degree level,license class,state,amount,effective from"
    begun = f"intake,therapy,masters,LMFT,MO,90.00,{day(2)}"
    first = await uploaded(api, "FINANCE", "IMPORT", f"{plain}\n{begun}".encode(), name="rates.csv")
    assert told(await committed(api, (await preview_of(api, first))["import"])) == []
    more = f"{plain},effective until,remark\nintake,therapy,masters,LMFT,MO,95.00,{day(5)},{day(9)},x"
    second = await uploaded(api, "FINANCE", "IMPORT", more.encode(), name="rates.csv")
    answer = await preview_of(api, second)
    assert answer["ignoredHeaders"] == ["remark"]
    assert told(await committed(api, answer["import"])) == []
    assert await rates_of("MO") == [(90_00, day(2), day(5)), (95_00, day(5), day(10))]


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BYTES_MAX", 100)

    async def no_fetching(file: File) -> bytes:
        raise AssertionError(file)

    monkeypatch.setattr(resolvers, "content_of", no_fetching)
    assert told(await preview_of(api, await upload(api, row("MN")))) == [("INVALID", "uploadId")]


async def test_only_a_file_of_rows_that_was_sent_is_read(api: Api) -> None:
    unsent = await expected(api, "FINANCE", "IMPORT", name="rates.csv")
    assert told(await preview_of(api, unsent["id"])) == [("INVALID", "uploadId")]
    theirs = await uploaded(api, "OPS", "IMPORT", HEADERS.encode(), name="rates.csv")
    assert told(await preview_of(api, theirs)) == [("NOT_FOUND", "uploadId")]
    bank = await uploaded(api, "FINANCE", "BANK_FILE", HEADERS.encode(), name="bank.txt")
    assert told(await preview_of(api, bank)) == [("INVALID", "uploadId")]
    empty = await uploaded(api, "FINANCE", "IMPORT", f"{HEADERS},{HEADERS}\n".encode(), name="rates.csv")
    answer = await preview_of(api, empty)
    assert set(told(answer)) == {("INVALID", "uploadId")}
    assert len(answer["userErrors"]) == 9


async def test_what_is_exported_can_be_imported_again_and_changes_nothing(api: Api) -> None:
    await committed(api, await previewed(api, row("MA", begins=2, ends=4), row("MA", begins=12)))
    text = (await api.ask("{ ratesCsv }", role="FINANCE"))["ratesCsv"]
    assert text.startswith('\ufeff"visitType","service"')
    upload_id = await uploaded(api, "FINANCE", "IMPORT", text.encode(), name="rates.csv")
    preview = (await preview_of(api, upload_id))["import"]
    assert counts(preview) == (0, 0, await Rate.all().count(), 0, 0)
    assert told(await committed(api, preview)) == []


async def test_the_columns_of_a_kind_and_the_imports_are_listed(api: Api) -> None:
    columns = (await api.ask("{ importColumns(kind: RATES) { name called needed about } }", role="FINANCE"))[
        "importColumns"
    ]
    assert [column["name"] for column in columns if not column["needed"]] == ["state", "effectiveUntil"]
    preview = await previewed(api, row("LA"))
    listed = (await api.ask("{ imports(first: 1) { nodes { id state } } }", role="FINANCE"))["imports"]["nodes"]
    assert listed == [{"id": preview["id"], "state": "PREVIEWED"}]
