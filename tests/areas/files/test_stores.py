"""Where bytes lie: a folder of this machine, or a server that speaks S3; both keep the same promises (FI-1)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from integrations import storing
from integrations.storing import ObjectStorage, in_folder, in_s3, storage, tell_if_away
from models.files import store as stores
from models.files.files import File
from models.files.store import BytesMissingError, StoreError
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.postgres import DATA_OF_RUN
from tests.support.s3_server import BUCKET, KEYS, S3Server, s3_server
from tests.support.uploads import PDF, get, uploaded


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def s3() -> AsyncIterator[S3Server]:
    """The S3 server of this module."""
    async with s3_server() as server:
        yield server


@pytest.fixture(autouse=True)
def store_of_the_run_again() -> Iterator[None]:
    """Whatever store a test configures, the next one has the run's own."""
    yield
    stores.configure(in_folder(DATA_OF_RUN / "files"))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, s3: S3Server, tmp_path: Path) -> ObjectStorage:
    """One store after the other."""
    if request.param == "folder":
        return in_folder(tmp_path / "deep" / "files")
    return in_s3(bucket=BUCKET, prefix="fc", endpoint=s3.endpoint, region="us-east-1", **KEYS)


async def chunks(*content: bytes) -> AsyncIterator[bytes]:
    """A content as it comes."""
    for chunk in content:
        yield chunk


async def read(store: ObjectStorage, name: str) -> bytes:
    """All that is under a name."""
    return b"".join([chunk async for chunk in store.get(name)])


@pytest.mark.parametrize(
    "pieces", [[b""], [b"x"], [b"ab", b"c"], [bytes(1_000_000)] * 13], ids=["0", "1", "3", "13 MB"]
)
async def test_what_is_put_is_what_is_got(store: ObjectStorage, pieces: list[bytes]) -> None:
    await store.put("name", chunks(*pieces))
    assert await read(store, "name") == b"".join(pieces)
    await store.remove("name")
    with pytest.raises(BytesMissingError):
        await read(store, "name")
    await store.remove("name")


@pytest.mark.parametrize("before", [b"", bytes(12_000_000)], ids=["at once", "after 12 MB"])
async def test_a_content_that_fails_is_not_there_and_its_error_goes_on(store: ObjectStorage, before: bytes) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield before
        raise LookupError("of the content's own")

    with pytest.raises(LookupError, match="own"):
        await store.put("name", failing())
    with pytest.raises(BytesMissingError):
        await read(store, "name")


async def test_a_store_that_works_has_nothing_to_say(store: ObjectStorage) -> None:
    with capture_logs() as lines:
        await tell_if_away(store)
    assert lines == []


async def test_a_store_that_is_away_is_told_soon(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "TRIES_WITHIN", timedelta(seconds=1))
    nobody = in_s3(bucket=BUCKET, prefix="", endpoint="http://127.0.0.1:1", region="us-east-1", **KEYS)
    other = in_s3(bucket="no-such-bucket", prefix="", endpoint=s3.endpoint, region="us-east-1", **KEYS)
    for store in (nobody, other):
        with pytest.raises(StoreError):
            await store.put("name", chunks(b"x"))
        with capture_logs() as lines:
            await tell_if_away(store)
        assert [line["event"] for line in lines] == ["files.store_away"]
        assert KEYS["secret_access_key"] not in str(lines)
    with pytest.raises(StoreError):
        await read(nobody, "name")
    with pytest.raises(StoreError):
        await nobody.remove("name")


async def test_a_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    await in_folder(tmp_path / "files").put("name", chunks(b"x"))
    assert oct(os.stat(tmp_path / "files").st_mode & 0o777) == "0o700"


def test_settings_choose_the_store(tmp_path: Path) -> None:
    assert storage(None, tmp_path)._folder == tmp_path
    address = {"bucket": "b", "prefix": "", "endpoint": "", "region": "eu-west-1", **KEYS}
    assert storage(address, tmp_path)._folder is None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str, s3: S3Server) -> AsyncIterator[Api]:
    """A client of a program that keeps its files in S3."""
    settings: dict[str, Any] = {
        "files_url": f"s3://{BUCKET}/of-program?endpoint={s3.endpoint}",
        "files_access_key_id": KEYS["access_key_id"],
        "files_secret_access_key": KEYS["secret_access_key"],
    }
    async with own_database(postgres, **settings) as own, api_on(own) as client:
        yield client


async def test_a_program_keeps_its_files_in_s3_sealed(api: Api, s3: S3Server) -> None:
    stores.configure(in_s3(bucket=BUCKET, prefix="of-program", endpoint=s3.endpoint, region="us-east-1", **KEYS))
    id = await uploaded(api, "PROVIDER", "EVIDENCE")
    asked = "query ($id: ID!) { node(id: $id) { ... on File { download { address } } } }"
    address = (await api.ask(asked, role="PROVIDER", id=id))["node"]["download"]["address"]
    assert (await get(api, address)).content == PDF
    file = await File.filter(purpose="EVIDENCE").get()
    kept = bytes(obstore.get(s3.at(), f"of-program/{file.blob_id}").bytes())
    assert b"PDF" not in kept
    stores.configure(in_s3(bucket=BUCKET, prefix="", endpoint="http://127.0.0.1:1", region="us-east-1", **KEYS))
    refused = await get(api, address)
    assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")


async def test_nothing_is_kept_where_no_store_was_configured() -> None:
    stores._store.clear()
    with pytest.raises(StoreError):
        stores.store()
