"""What nobody uses goes, and what is over: the row, then the bytes, whoever dies at whatever step (FI-1)."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

import worker
from database import url_of
from models.base.events import Event
from models.base.ids import new_id
from models.base.statements import execute, transaction
from models.files import files, uploads
from models.files import store as stores
from models.files.files import File, FileBlob, FilePurpose, FileState
from models.records.retention import remove_old_of
from settings import Settings
from tests.support.databases import own_database
from tests.support.file_rows import expected_file, received_file
from tests.support.file_steps import STEPS
from tests.support.postgres import DATA_OF_RUN
from tests.support.processes import ROOT, WAIT_SECONDS
from tests.support.two_sides import SOMEBODY
from tests.support.world import AT

DAY = timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres) as own:
        yield own


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_left(settings: Settings) -> AsyncIterator[None]:
    """Each test begins without files."""
    yield
    async with transaction():
        await execute("SET LOCAL session_replication_role = replica")
        await execute("DELETE FROM files")
        await execute("DELETE FROM file_blobs")


async def stored(content: bytes = b"kept", **more: object) -> File:
    """A file that the program made."""
    return await files.store(
        content, purpose=FilePurpose.RESULT, name="x.csv", media_type="text/csv", by=SOMEBODY, at=AT, **more  # type: ignore[arg-type]
    )  # fmt: skip


def in_store(blob_id: object) -> bool:
    """Whether the store has anything under this name."""
    return (DATA_OF_RUN / "files" / str(blob_id)).exists()


async def test_an_address_that_nobody_used_ends_and_its_row_goes_a_day_later() -> None:
    file = await expected_file(SOMEBODY)
    assert file.expires_at is not None
    await uploads.expire(at=file.expires_at - timedelta(seconds=1))
    assert (await File.get(id=file.id)).state is FileState.EXPECTED
    await worker.remove_files(file.expires_at)
    gone = await File.get(id=file.id)
    assert (gone.state, gone.name) == (FileState.REMOVED, "")
    assert gone.token_hash is None
    await remove_old_of(File, at=file.expires_at + DAY - timedelta(seconds=1))
    assert await File.filter(id=file.id).exists()
    await remove_old_of(File, at=file.expires_at + DAY)
    assert not await File.filter(id=file.id).exists()


async def test_an_upload_that_nobody_uses_goes_with_its_bytes() -> None:
    written = await files.write_bytes(file_id := new_id(), b"never used", at=AT)
    file = await received_file(
        SOMEBODY, id=file_id, blob_id=written.blob_id, sealed_key=written.sealed_key, expires_at=AT + DAY
    )
    await worker.remove_files(AT + DAY - timedelta(seconds=1))
    assert await files.content_of(await File.get(id=file.id)) == b"never used"
    await worker.remove_files(AT + DAY)
    assert not in_store(written.blob_id)
    assert await FileBlob.filter(id=written.blob_id).count() == 0
    assert [event.verb for event in await Event.filter(subject_id=file.id)] == ["file.removed"]


async def test_a_result_is_kept_until_it_expires_and_then_stays_as_a_row_without_a_name() -> None:
    file, lasting = await stored(expires_at=AT + 7 * DAY), await stored()
    await worker.remove_files(AT + 7 * DAY - timedelta(seconds=1))
    assert await files.content_of(await File.get(id=file.id)) == b"kept"
    await worker.remove_files(AT + 7 * DAY)
    assert not in_store(file.blob_id)
    await remove_old_of(File, at=AT + 90 * DAY)
    gone = await File.get(id=file.id)
    assert (gone.state, gone.name, gone.bytes, gone.blob_id) == (FileState.REMOVED, "", 4, None)
    await worker.remove_files(AT + 3_000 * DAY)
    assert await files.content_of(await File.get(id=lasting.id)) == b"kept"


async def test_bytes_that_are_being_written_are_left_for_an_hour() -> None:
    written = await files.write_bytes(new_id(), b"on its way", at=AT)
    await worker.remove_files(AT + timedelta(minutes=59))
    assert in_store(written.blob_id)
    await worker.remove_files(AT + timedelta(hours=1))
    assert not in_store(written.blob_id)


async def test_a_file_that_names_its_bytes_just_before_they_are_swept_keeps_them() -> None:
    written = await files.write_bytes(file_id := new_id(), b"named at the last moment", at=AT)
    naming, swept = asyncio.Event(), asyncio.Event()

    async def name_them() -> None:
        async with transaction():
            await received_file(SOMEBODY, id=file_id, blob_id=written.blob_id, sealed_key=written.sealed_key)
            naming.set()
            await asyncio.wait([asyncio.create_task(swept.wait())], timeout=0.3)

    async def sweep() -> None:
        await naming.wait()
        await uploads.sweep(at=AT + DAY)  # it waits for the row, and then may not mark it
        swept.set()

    await asyncio.gather(name_them(), sweep())
    assert await files.content_of(await File.get(id=file_id)) == b"named at the last moment"


async def test_bytes_that_are_being_swept_can_be_named_by_no_file() -> None:
    written = await files.write_bytes(file_id := new_id(), b"too late", at=AT)
    await execute("UPDATE file_blobs SET live = false WHERE id = $1", written.blob_id)
    with pytest.raises(Exception, match="files_blob_is_live"):
        await received_file(SOMEBODY, id=file_id, blob_id=written.blob_id, sealed_key=written.sealed_key)


async def test_several_sweep_at_once_and_nothing_is_removed_twice_or_left() -> None:
    kept = [await stored() for _ in range(5)]
    over = [await stored(expires_at=AT + DAY) for _ in range(20)]
    await asyncio.gather(*(uploads.expire(at=AT + DAY) for _ in range(4)))
    await asyncio.gather(*(uploads.sweep(at=AT + DAY) for _ in range(4)))
    assert [in_store(file.blob_id) for file in over] == [False] * 20
    assert await FileBlob.all().count() == 5
    for file in kept:
        assert await files.content_of(file) == b"kept"
    for file in over:
        assert await Event.filter(subject_id=file.id, verb="file.removed").count() == 1


async def test_one_whose_row_cannot_be_changed_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await stored(expires_at=AT - timedelta(days=1)), await stored(expires_at=AT)

    async def remove(file: File, *, by: None, at: datetime) -> None:
        if file.id == first.id:
            raise RuntimeError("a rule of a later area")
        await real(file, by=by, at=at)

    real = files.remove
    monkeypatch.setattr(uploads, "remove", remove)
    monkeypatch.setattr(uploads, "AT_ONCE_MAX", 1)
    assert not await uploads.expire(at=AT), "the same one is not tried again and again"
    monkeypatch.setattr(uploads, "AT_ONCE_MAX", 100)
    await uploads.expire(at=AT)
    states = [(await File.get(id=one.id)).state for one in (first, second)]
    assert states == [FileState.USED, FileState.REMOVED]


async def test_one_that_the_store_will_not_remove_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await stored(expires_at=AT), await stored(expires_at=AT)
    store = stores.store()

    async def remove(name: str) -> None:
        if name == str(first.blob_id):
            raise stores.StoreError("stuck")
        await real(name)

    real = store.remove
    monkeypatch.setattr(store, "remove", remove)
    await uploads.expire(at=AT)
    with pytest.raises(stores.StoreError):
        await uploads.sweep(at=AT)
    assert (in_store(first.blob_id), in_store(second.blob_id)) == (True, False)
    monkeypatch.undo()
    await uploads.sweep(at=AT)
    assert not in_store(first.blob_id)


async def ends(settings: Settings, steps: Sequence[str]) -> list[int]:
    """Let a process for each step store a file and remove it, and be killed there; how each ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.file_steps", url_of(settings), str(DATA_OF_RUN / "files"), *steps,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), WAIT_SECONDS)
    return [int(code) for code in said.split()]


async def killed(settings: Settings, steps: Sequence[str]) -> None:
    """Kill a process at each of these steps, and look at what is left, before and after the worker comes by."""
    assert await ends(settings, steps) == [-signal.SIGKILL] * len(steps)
    for file in await File.filter(state="USED"):
        assert await files.content_of(file) == b"made by a process" * 100_000
    while await worker.remove_files(AT + 2 * DAY):
        pass
    named = {str(file.blob_id) for file in await File.filter(state="USED")}
    assert {str(blob.id) for blob in await FileBlob.all()} == named
    begun = set((DATA_OF_RUN / "steps.log").read_text().split())
    assert len(begun) >= len(steps)
    assert {path.name for path in (DATA_OF_RUN / "files").iterdir() if path.name.partition("#")[0] in begun} == named


async def test_whoever_is_killed_leaves_no_file_without_bytes_and_no_bytes_for_ever(settings: Settings) -> None:
    await killed(settings, ["within the bytes", "before the row", "after the removal", "after the mark"])


@pytest.mark.soak
async def test_the_same_at_every_step_again_and_again(settings: Settings) -> None:
    for _ in range(5):
        await killed(settings, STEPS)
