"""A person reads what they are asked to accept, and keeps what they accepted as a PDF of their own (PR-1)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pypdf
import pytest
import pytest_asyncio

from documents.pdf import Document, rendered
from models.accounts import agreements
from models.accounts.agreements import CURRENT, DIGESTS, TEXTS, Acceptance, Agreement
from models.accounts.agreements import Document as Kind
from models.base.access import Role
from models.base.statements import execute, fetch, write
from models.files.files import File, FileState
from models.records.agreements import signed_agreement
from resolvers.records import agreements as resolvers
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.uploads import get
from tests.support.world import AT

FILE = "file { id name mediaType bytes expiresAt download { address } }"
MINE = "{ viewer { account { id acceptances { id document version acceptedAt } } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def accepted(api: Api, role: str) -> list[dict[str, Any]]:
    """What somebody of this role has accepted."""
    found: list[dict[str, Any]] = (await api.ask(MINE, role=role))["viewer"]["account"]["acceptances"]
    return found


async def asked_for(api: Api, role: str, acceptance_id: str, **more: Any) -> Any:
    """The payload of a request for a copy."""
    return await api.do("signedAgreement", role=role, selection=FILE, acceptanceId=acceptance_id, **more)


async def downloaded(api: Api, role: str, acceptance_id: str) -> bytes:
    """A copy as a person gets it."""
    answer = await asked_for(api, role, acceptance_id)
    assert answer["userErrors"] == []
    read = await get(api, answer["file"]["download"]["address"])
    assert (read.status_code, read.headers["content-type"]) == (200, "application/pdf")
    return read.content


def text_of(content: bytes) -> str:
    """All that a PDF says, on one line."""
    return " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages)


async def test_anybody_reads_the_agreements_with_their_digests_before_they_sign(api: Api) -> None:
    found = (await api.ask("{ agreements { document version text sha256 } }"))["agreements"]
    assert {one["document"] for one in found} == {kind.value for kind in Kind}
    for one in found:
        assert one["text"].startswith("# ")
        assert "template, to be reviewed by counsel" in one["text"]
        assert hashlib.sha256(one["text"].encode()).hexdigest() == one["sha256"]


def test_each_text_that_was_offered_is_kept_and_is_the_one_that_was_accepted() -> None:
    kept = {f"{one.document.value.lower()}-{one.version}.md": digest for one, digest in DIGESTS.items()}
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in TEXTS.iterdir()} == kept
    assert set(CURRENT.values()) <= set(DIGESTS)


def test_a_changed_text_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = CURRENT[Kind.PRIVACY_POLICY]
    monkeypatch.setitem(DIGESTS, agreement, "0" * 64)
    with pytest.raises(RuntimeError, match="a changed text is a new version"):
        agreements.text_of.__wrapped__(agreement)


@pytest.mark.parametrize(
    ("role", "zone"), [("STUDENT", "America/New_York"), ("PROVIDER", "America/New_York"), ("FINANCE", "UTC")]
)
async def test_a_person_downloads_what_they_signed_with_their_name_and_the_time_on_their_clock(
    api: Api, role: str, zone: str
) -> None:
    account = (await api.ask("{ viewer { account { name email } } }", role=role))["viewer"]["account"]
    (first, *_) = await accepted(api, role)
    content = await downloaded(api, role, first["id"])
    text = text_of(content)
    agreement = Agreement(Kind(first["document"]), first["version"])
    for said in (account["name"], account["email"], first["id"], first["version"], DIGESTS[agreement], f"({zone})",
                 "Page 1 of", "Flexible Credits"):  # fmt: skip
        assert said in text
    whole = agreements.text_of(agreement)
    assert whole is not None
    for paragraph in [line.lstrip("#- ") for line in whole.splitlines() if line]:
        assert paragraph.replace(" ", "") in text.replace(" ", "").replace("•", ""), paragraph
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert reader.metadata is not None
    assert reader.metadata.title == first["document"].replace("_", " ").title().replace(" Of ", " of ")


async def test_a_clinician_has_signed_a_business_associate_agreement_and_gets_it(api: Api) -> None:
    baa = next(one for one in await accepted(api, "PROVIDER") if one["document"] == "BUSINESS_ASSOCIATE_AGREEMENT")
    assert "45 CFR parts 160 and 164" in text_of(await downloaded(api, "PROVIDER", baa["id"]))


async def test_nobody_gets_what_another_signed_not_even_ops(api: Api) -> None:
    (first, *_) = await accepted(api, "STUDENT")
    for role in ("PROVIDER", "OFFICE", "SCHOOL", "OPS", "FINANCE"):
        answer = await asked_for(api, role, first["id"])
        assert answer["file"] is None
        assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [
            ("NOT_FOUND", ["input", "acceptanceId"])
        ]


async def test_a_name_in_letters_that_the_fonts_lack_breaks_nothing(api: Api) -> None:
    (first, *_) = await accepted(api, "OFFICE")
    account_id = (await own(first["id"])).account_id
    await execute("UPDATE accounts SET name = '王小明 🙂 #read(1)' WHERE id = $1", account_id)
    text = text_of(await downloaded(api, "OFFICE", first["id"]))
    assert "[U+738B][U+5C0F][U+660E] [U+1F642] #read(1)" in text


async def own(type_id: str) -> Acceptance:
    """An acceptance by its TypeID."""
    return next(row for row in await Acceptance.all() if row.type_id == type_id)


async def test_a_copy_goes_after_an_hour_and_belongs_to_the_student_until_then(api: Api) -> None:
    (first, *_) = await accepted(api, "STUDENT")
    made = (await asked_for(api, "STUDENT", first["id"]))["file"]
    row = next(row for row in await File.all() if row.type_id == made["id"])
    assert row.state is FileState.USED
    assert row.expires_at == row.created_at + timedelta(hours=1)
    assert row.student_id is not None


async def test_a_text_that_is_not_kept_here_is_refused_and_not_made_up(api: Api) -> None:
    (first, *_) = await accepted(api, "SCHOOL")
    account_id = (await own(first["id"])).account_id
    old = Acceptance(account_id=account_id, document=Kind.PRIVACY_POLICY, version="2019-01", accepted_at=AT)
    await write(old)
    answer = await asked_for(api, "SCHOOL", old.type_id)
    assert [(error["code"], error["rule"]) for error in answer["userErrors"]] == [("NOT_OPEN", "PR-1")]


async def test_a_version_that_does_not_exist_cannot_be_accepted() -> None:
    made_up = Agreement(Kind.PRIVACY_POLICY, "9999-01")
    found = agreements.acceptance_refusals([*CURRENT.values(), made_up], Role.PROVIDER)
    assert [(one.code.value, one.rule, one.path) for one in found] == [("INVALID", "PR-1", ("accepts",))]


async def test_the_document_is_made_before_any_transaction_is_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    open_while_made: list[int] = []
    make = rendered

    async def watched(document: Document) -> bytes:
        rows = await fetch("SELECT count(*) AS n FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                           " AND datname = current_database()")  # fmt: skip
        open_while_made.append(rows[0].n)
        return await make(document)

    monkeypatch.setattr(resolvers, "rendered", watched)
    (first, *_) = await accepted(api, "PROVIDER")
    await downloaded(api, "PROVIDER", first["id"])
    assert open_while_made == [0]


async def test_the_same_copy_at_the_same_time_is_the_same_document(api: Api) -> None:
    acceptance = await own((await accepted(api, "PROVIDER"))[0]["id"])
    one, two = [await signed_agreement(acceptance, product="P", at=acceptance.accepted_at) for _ in range(2)]
    assert one == two
