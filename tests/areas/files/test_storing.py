"""Files that the program makes: sealed in the store, whole, bound to their row, and for their owner alone (FI-1)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.base.access import Role, Viewer
from models.base.encryption import UnopenableError
from models.base.ids import new_id
from models.base.statements import execute, write
from models.files import files
from models.files import store as stores
from models.files.files import File, FileBlob, FilePurpose, FileState
from models.files.sealing import PIECE_BYTES, TAG_BYTES, new_key, opened, sealed
from settings import Settings
from tests.support.postgres import DATA_OF_RUN
from tests.support.world import AT

BY = Viewer(account_id=new_id(), role=Role.OPS)


async def stored(content: bytes) -> File:
    """A document of these bytes."""
    return await files.store(
        content, purpose=FilePurpose.DOCUMENT, name="plan.pdf", media_type="application/pdf", by=BY, at=AT
    )


async def kept_of(file: File) -> bytes:
    """What the store has of a file."""
    return b"".join([chunk async for chunk in stores.store().get(str(file.blob_id))])


@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 17])
async def test_what_was_stored_is_read_again(length: int) -> None:
    content = bytes(range(256)) * (length // 256) + bytes(length % 256)
    file = await File.get(id=(await stored(content)).id)
    assert await files.content_of(file) == content
    assert (file.bytes, file.sha256) == (length, hashlib.sha256(content).digest())
    assert (file.state, file.used_at, file.expires_at) == (FileState.USED, AT, None)


@pytest.mark.usefixtures("rolled_back")
async def test_the_store_has_nothing_that_can_be_read() -> None:
    file = await stored(b"a word that is found")
    kept = await kept_of(file)
    assert b"word" not in kept
    assert len(kept) == len(b"a word that is found") + TAG_BYTES
    assert [path.name for path in (DATA_OF_RUN / "files").iterdir() if path.name == str(file.blob_id)]


@pytest.mark.usefixtures("rolled_back")
async def test_a_files_bytes_open_for_no_other_file() -> None:
    one, other = await stored(b"one"), await stored(b"other")
    one.blob_id = other.blob_id
    with pytest.raises(UnopenableError):
        await files.content_of(one)


async def test_no_piece_can_be_changed_left_out_moved_or_cut_off() -> None:
    key, file_id, blob_id = new_key(), new_id(), new_id()
    content = bytes(3 * PIECE_BYTES)
    kept = [piece async for piece in sealed(files.portions(content), key, file_id=file_id, blob_id=blob_id)]

    async def read(pieces: list[bytes]) -> bytes:
        async def given() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return b"".join([part async for part in opened(given(), key, file_id=file_id, blob_id=blob_id)])

    assert await read(kept) == content
    first, second, third = kept
    flipped = bytes([first[0] ^ 1]) + first[1:]
    wrong: list[list[bytes]] = [
        [flipped, second, third], [second, first, third], [first, third], [first, second], [first], [], [*kept, third],
        [first, second, third[:-1]],
    ]  # fmt: skip
    for pieces in wrong:
        with pytest.raises(UnopenableError):
            await read(pieces)


@pytest.mark.usefixtures("rolled_back")
async def test_a_file_belongs_to_who_asked_for_it_and_to_nobody_else() -> None:
    file = await stored(b"x")
    assert await File.visible(BY, file.id) is None, "a membership owns it, and this viewer has none"
    for role in Role:
        assert await File.visible(Viewer(account_id=new_id(), role=role, membership_id=new_id()), file.id) is None


@pytest.mark.usefixtures("rolled_back")
async def test_bytes_have_a_row_before_they_are_written_and_no_date_once_a_file_names_them() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("the maker of the content")

    with pytest.raises(RuntimeError, match="the maker"):
        await files.prepare(
            failing(), purpose=FilePurpose.RESULT, name="x.csv", media_type="text/csv", by=BY, at=AT
        )  # fmt: skip
    blob = await FileBlob.all().get()
    assert blob.sweep_at == AT + timedelta(hours=1)
    file = await files.prepare(b"x", purpose=FilePurpose.RESULT, name="x.csv", media_type="text/csv", by=BY, at=AT)
    await write(file, files.stored_event(file, by=BY, at=AT))
    assert (await FileBlob.get(id=file.blob_id)).sweep_at is None


async def test_a_rotation_of_keys_seals_the_key_of_a_file_anew_and_leaves_its_bytes(committed: Settings) -> None:
    from models.base import encryption

    file = await stored(b"kept under two rings")
    before = await kept_of(file)
    ring = {"newer": b"n" * 32, **committed.key_ring}
    try:
        assert await encryption.rotate(ring) >= 1
        again = await File.get(id=file.id)
        assert again.sealed_key is not None
        assert again.sealed_key.startswith("newer:")
        assert await kept_of(again) == before
        assert await files.content_of(again) == b"kept under two rings"
    finally:
        encryption.configure(committed.key_ring)


@pytest.mark.usefixtures("rolled_back")
async def test_a_file_without_its_key_opens_no_more() -> None:
    file = await stored(b"x")
    await files.remove(file, by=None, at=AT)
    with pytest.raises(stores.BytesMissingError):
        files.stream_of(file)
    assert (await File.get(id=file.id)).sealed_key is None
    await execute("SET CONSTRAINTS ALL IMMEDIATE")
