"""Uploads: who may send what, once, within bounds, judged by its bytes; and who may not (FI-1)."""

from __future__ import annotations

import asyncio
import codecs
import io
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from PIL import Image

from endpoints import doors
from integrations import images
from models.accounts.accounts import Membership
from models.base import clock, throttling
from models.base.access import Viewer
from models.base.events import Event
from models.base.ids import decode
from models.base.statements import execute, transaction
from models.files import files, uploads
from models.files import store as stores
from models.files.files import File, FileBlob, FilePurpose, FileState
from models.files.uploads import TERMS
from tests.areas.vocabulary import FINANCE, OFFICE, OPS, PROVIDER, SCHOOL, STUDENT
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.uploads import PDF, UPLOAD, expected, get, image, put, uploaded

MAY_UPLOAD = {
    "LICENSE_EVIDENCE": {PROVIDER, OPS},
    "EVIDENCE": {PROVIDER, OFFICE, OPS},
    "IMPORT": {SCHOOL, OPS, FINANCE},
    "BANK_FILE": {FINANCE},
    "IMAGE": {PROVIDER, OFFICE, SCHOOL, OPS},
    "RESOURCE": {SCHOOL, OPS},
    "ATTACHMENT": {STUDENT, PROVIDER, OFFICE, SCHOOL, OPS, FINANCE},
    "RESULT": set(),
    "DOCUMENT": set(),
}
"""Who may upload for what, written by hand, apart from the program."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_uploads_wait(api: Api) -> AsyncIterator[None]:
    """What one test leaves unused does not count for the next."""
    yield
    await execute("UPDATE files SET expires_at = '-infinity' WHERE state IN ('EXPECTED', 'RECEIVED')")


async def file_of(id: str) -> File:
    """The row of a file."""
    return await File.get(id=decode(File.PREFIX, id))


def told(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal, in its own media type."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("purpose", [purpose.value for purpose in FilePurpose])
async def test_each_role_uploads_what_it_has_a_use_for(api: Api, purpose: str) -> None:
    for role in (STUDENT, PROVIDER, OFFICE, SCHOOL, OPS, FINANCE):
        answer = await api.do("createUpload", role=role.value, selection=UPLOAD, purpose=purpose, name="x")
        codes = [(error["code"], error["rule"], error["field"]) for error in answer["userErrors"]]
        refused = [("NOT_ELIGIBLE", "FI-1", ["input", "purpose"])]
        assert codes == ([] if role in MAY_UPLOAD[purpose] else refused), role


async def test_a_size_that_is_told_is_judged_before_anything_is_sent(api: Api) -> None:
    limit = TERMS[FilePurpose.EVIDENCE].bytes_max
    for size, codes in ((limit, []), (limit + 1, ["OUT_OF_BOUNDS"]), (0, ["OUT_OF_BOUNDS"]), (-1, ["OUT_OF_BOUNDS"])):
        answer = await api.do(
            "createUpload", role="PROVIDER", selection=UPLOAD, purpose="EVIDENCE", name="x.pdf", bytes=size
        )
        assert [error["code"] for error in answer["userErrors"]] == codes, size


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PDF, "application/pdf"), (image("PNG"), "image/png"), (image("JPEG"), "image/jpeg")],
    ids=["PDF", "PNG", "JPEG"],
)
async def test_evidence_is_known_by_its_bytes_and_kept_as_it_is(api: Api, content: bytes, media_type: str) -> None:
    id = await uploaded(api, "PROVIDER", "EVIDENCE", content, name="named-wrongly.exe")
    file = await file_of(id)
    assert (file.media_type, file.state, file.bytes) == (media_type, FileState.RECEIVED, len(content))
    assert await files.content_of(file) == content


@pytest.mark.parametrize(
    "content",
    [b"<html><script>1</script>", b"GIF89a" + bytes(20), b"PK\x03\x04" + bytes(20), b" %PDF-1.7", b"\xff\xd8", b"x"],
)
async def test_other_content_is_refused_whatever_its_name_and_headers_say(api: Api, content: bytes) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE", name="diploma.pdf")
    assert told(await put(api, upload["address"], content, **{"content-type": "application/pdf"})) == (422, "INVALID")
    assert await FileBlob.filter(file_id=decode(File.PREFIX, upload["id"])).count() == 0
    assert (await put(api, upload["address"], PDF)).status_code == 201, "the address may be used again"


async def test_an_address_is_used_once(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    assert (await put(api, upload["address"], PDF)).status_code == 201
    assert told(await put(api, upload["address"], PDF)) == (404, "NOT_FOUND")


async def test_of_many_who_send_to_one_address_at_once_one_is_taken_and_the_others_bytes_go(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    contents = [PDF + str(number).encode() for number in range(12)]
    answers = await asyncio.gather(*(put(api, upload["address"], content) for content in contents))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] == 1
    assert set(statuses) <= {201, 404, 409}
    (taken,) = [content for content, answer in zip(contents, answers, strict=True) if answer.status_code == 201]
    file = await file_of(upload["id"])
    assert await files.content_of(file) == taken
    now = await clock.demo_now()
    while await uploads.sweep(at=now + timedelta(hours=2)):
        pass
    assert [blob.id for blob in await FileBlob.filter(file_id=file.id)] == [file.blob_id]
    assert await files.content_of(file) == taken


async def test_an_address_ends_after_a_quarter_of_an_hour_and_with_the_membership(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    token = upload["address"].rpartition("/")[2]
    file = await file_of(upload["id"])
    assert file.expires_at is not None
    assert file.expires_at - file.created_at == timedelta(minutes=15)
    assert await uploads.awaited(token, at=file.expires_at - timedelta(seconds=1)) is not None
    assert await uploads.awaited(token, at=file.expires_at) is None
    for change in (
        "UPDATE memberships SET ended_at = now() WHERE id = $1",
        "UPDATE accounts SET disabled_at = now() WHERE id = (SELECT account_id FROM memberships WHERE id = $1)",
    ):
        try:
            async with transaction():
                await execute(change, file.membership_id)
                assert await uploads.awaited(token, at=file.created_at) is None
                raise UndoneError
        except UndoneError:
            pass
    assert await uploads.awaited(token, at=file.created_at) is not None


class UndoneError(Exception):
    """Leaves a transaction."""


async def test_the_token_of_an_address_is_kept_as_its_hash_alone(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    token = upload["address"].rpartition("/")[2]
    file = await file_of(upload["id"])
    assert file.token_hash is not None
    assert token.encode() not in file.token_hash
    assert not [event for event in await Event.filter(subject_id=file.id) if token in str(event.data)]


async def test_too_many_bytes_are_refused_by_the_header_and_as_they_come(api: Api) -> None:
    limit = TERMS[FilePurpose.EVIDENCE].bytes_max
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    assert upload["maxBytes"] == limit

    async def endless() -> AsyncIterator[bytes]:
        yield PDF
        while True:
            yield bytes(1_000_000)

    assert told(await put(api, upload["address"], endless())) == (413, "BODY_LIMIT")
    assert told(await put(api, upload["address"], PDF, **{"content-length": str(limit + 1)})) == (413, "BODY_LIMIT")


async def test_what_comes_too_slowly_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "IDLE_SECONDS", 0.05)
    for purpose, role in (("EVIDENCE", "PROVIDER"), ("IMPORT", "SCHOOL")):
        upload = await expected(api, role, purpose)

        async def stalling() -> AsyncIterator[bytes]:
            yield PDF
            await asyncio.Event().wait()

        assert told(await put(api, upload["address"], stalling())) == (408, "DEADLINE")
        assert (await file_of(upload["id"])).state is FileState.EXPECTED


async def test_empty_and_compressed_bodies_and_other_methods_are_refused(api: Api) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    assert told(await put(api, upload["address"], b"")) == (422, "INVALID")
    assert told(await put(api, upload["address"], PDF, **{"content-encoding": "gzip"})) == (415, "BAD_REQUEST")
    answer = await api.http.post(urlsplit(upload["address"]).path, content=PDF)
    assert told(answer) == (405, "BAD_REQUEST")
    assert answer.headers["allow"] == "PUT"
    assert (await put(api, upload["address"], PDF)).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b"name,email\nAna,ana@example.test\n",
        "Zoë;Núñez\r\n".encode(),
        "Zoë;Núñez\r\n".encode("cp1252"),
        codecs.BOM_UTF8 + "Zoë".encode(),
        "Zoë\tNúñez".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Zoë".encode("utf-16-be"),
        b"ISA*00*\x1d\x1e~\x1c",
        b"a",
    ],
)
async def test_a_text_is_taken_in_any_encoding(api: Api, content: bytes) -> None:
    id = await uploaded(api, "SCHOOL", "IMPORT", content, name="roster.csv")
    assert await files.content_of(await file_of(id)) == content
    assert (await file_of(id)).media_type == "text/csv"


@pytest.mark.parametrize(
    "content",
    [
        b"name\0,email",
        b"PK\x03\x04 a sheet",
        image("PNG"),
        b"name" + b"\n" * 300_000 + b"\0",
        codecs.BOM_UTF8 + b"Zo\xeb,",
        codecs.BOM_UTF16_LE + "x".encode("utf-16-le") + b"x",
        codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"),
        codecs.BOM_UTF8 + b"Zo\xc3",
    ],
)
async def test_what_is_no_text_is_refused_and_leaves_nothing(api: Api, content: bytes) -> None:
    upload = await expected(api, "SCHOOL", "IMPORT", name="roster.csv")
    assert told(await put(api, upload["address"], content)) == (422, "INVALID")
    file = await file_of(upload["id"])
    assert file.state is FileState.EXPECTED
    (blob,) = await FileBlob.filter(file_id=file.id)
    with pytest.raises(stores.BytesMissingError):
        _ = [chunk async for chunk in stores.store().get(str(blob.id))]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_an_image_is_drawn_anew_and_tells_nothing_but_itself(api: Api, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a camera of somebody", 6  # turned by a quarter
    sent = image(kind, exif=exif) + b"<script>behind the image</script>"
    id = await uploaded(api, "PROVIDER", "IMAGE", sent, name="me.png")
    kept = await files.content_of(await file_of(id))
    assert b"camera" not in kept
    assert b"script" not in kept
    drawn = Image.open(io.BytesIO(kept))
    assert (drawn.format, drawn.size, len(drawn.getexif())) == (kind, (30, 40), 0)


async def test_a_photo_with_a_second_picture_behind_stays_the_kind_that_it_was_told_to_be(api: Api) -> None:
    out = io.BytesIO()
    second = Image.new("RGB", (40, 30), "blue")
    Image.new("RGB", (40, 30), "red").save(out, "MPO", save_all=True, append_images=[second])
    file = await file_of(await uploaded(api, "PROVIDER", "IMAGE", out.getvalue(), name="me.jpg"))
    drawn = Image.open(io.BytesIO(await files.content_of(file)))
    assert (file.media_type, drawn.format, getattr(drawn, "n_frames", 1)) == ("image/jpeg", "JPEG", 1)


def test_a_grey_of_16_bits_is_the_same_grey_of_eight() -> None:
    out = io.BytesIO()
    Image.new("I;16", (4, 4), 0x8000).save(out, "PNG")
    assert Image.open(io.BytesIO(images.redrawn(out.getvalue()))).getpixel((1, 1)) == (0x80, 0x80, 0x80)


async def test_an_image_of_too_many_pixels_is_never_decoded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PIXELS_MAX", 1_000)
    upload = await expected(api, "PROVIDER", "IMAGE")
    assert told(await put(api, upload["address"], image(size=(40, 30)))) == (422, "INVALID")
    for broken in (image()[:60], b"\x89PNG\r\n\x1a\n", image("JPEG")[:200]):
        assert told(await put(api, upload["address"], broken)) == (422, "INVALID")
    assert (await put(api, upload["address"], image(size=(20, 30)))).status_code == 201


async def test_a_large_image_is_made_smaller() -> None:
    drawn = Image.open(io.BytesIO(images.redrawn(image(size=(4_000, 1_000)))))
    assert drawn.size == (2_048, 512)


async def test_a_membership_has_a_bound_of_uploads_that_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OPEN_MAX", 3)

    async def ask(_: int) -> Any:
        return await api.do("createUpload", role="FINANCE", selection=UPLOAD, purpose="BANK_FILE", name="x.txt")

    answers = await asyncio.gather(*map(ask, range(8)))
    codes = Counter(answer["userErrors"][0]["code"] if answer["userErrors"] else "OK" for answer in answers)
    assert codes == {"OK": 3, "THROTTLED": 5}


async def test_who_tries_addresses_is_throttled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "BY_SOURCE", replace(throttling.BY_SOURCE, name="tries of this test", free=3))
    wrong = "/files/upload/fc_upload_" + "x" * 43
    assert [told(await put(api, wrong, PDF)) for _ in range(4)] == [(404, "NOT_FOUND")] * 3 + [(429, "THROTTLED")]
    assert told(await get(api, "/files/" + "A" * 75)) == (429, "THROTTLED")
    assert await uploaded(api, "PROVIDER", "EVIDENCE"), "who has an address is not held up by who has none"


async def test_a_published_image_is_everybodys_and_any_other_file_nobodys(api: Api) -> None:
    id = await uploaded(api, "PROVIDER", "IMAGE", image(), name="me.png")
    path = f"/files/public/{id}"
    assert told(await get(api, path)) == (404, "NOT_FOUND")
    found = await uploads_viewer(id)
    async with transaction():
        file = await File.locked(decode(File.PREFIX, id))
        await files.use(file, purpose=FilePurpose.IMAGE, by=found, at=await clock.demo_now())
    assert told(await get(api, path)) == (404, "NOT_FOUND")
    async with transaction():
        await files.publish(await File.locked(file.id), by=found, at=await clock.demo_now())
    shown = await get(api, path)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.headers["cache-control"] == "public, max-age=3600"
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "sandbox" in shown.headers["content-security-policy"]
    again = await get(api, path, **{"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    asked = "query ($id: ID!) { node(id: $id) { ... on File { publicAddress } } }"
    seen = (await api.ask(asked, role="PROVIDER", id=id))["node"]["publicAddress"]
    assert urlsplit(seen).path == path
    async with transaction():
        await files.remove(await File.locked(file.id), by=None, at=await clock.demo_now())
    assert told(await get(api, path)) == (404, "NOT_FOUND")
    assert told(await get(api, "/files/public/me.png")) == (404, "NOT_FOUND")


async def uploads_viewer(id: str) -> Viewer:
    """Who uploaded a file, as they act."""
    return (await Membership.get(id=(await file_of(id)).membership_id)).viewer()


async def test_the_names_of_files_are_plain_in_headers(api: Api) -> None:
    id = await uploaded(api, "PROVIDER", "EVIDENCE", name='.."; Zoë\'s\\plan".html')
    asked = "query ($id: ID!) { node(id: $id) { ... on File { name download { address } } } }"
    file = (await api.ask(asked, role="PROVIDER", id=id))["node"]
    assert file["name"] == 'plan".html'
    read = await get(api, file["download"]["address"])
    assert read.headers["content-disposition"] == (
        "attachment; filename=\"plan_.html.pdf\"; filename*=UTF-8''plan%22.html.pdf"
    )
