"""How requests about imports are answered."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any
from uuid import UUID

import strawberry

from execution import Batched, Selection
from models.base.errors import Code, Refusal, not_found, refuse_if_any
from models.files.files import File, FilePurpose, FileState, content_of
from models.imports import imports
from models.imports.imports import Import, ImportRow, RowOutcome, Staged
from models.imports.kinds import KINDS, ImportKind
from models.imports.reading import read_sheet, size_refusals, unreadable
from models.imports.staging import ignored, mapped, read_rows
from operations.arguments import Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import pages
from operations.reads.rows import find, find_locked

LATEST_FIRST = Order("previewed_at", descending=True)
BY_NUMBER = Order("number")
OfImport = Annotated[UUID, Import, "Id of the import."]
OfUpload = Annotated[UUID, File, "Id of the upload, made by `createUpload` for IMPORT and sent."]


class ColumnHeader:
    """Which header a column has in the file; an input type of the schema."""

    column: str = strawberry.field(description="Name of the column, as `importColumns` has it.")
    header: str = strawberry.field(description="Header in the first line of the file.")


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The imports you may see, newest first."""
    return await page_of(context, Import, selection, page, order=LATEST_FIRST)


async def columns(
    context: Context, selection: Selection, *, kind: Annotated[ImportKind, "What the rows are."]
) -> list[Any]:
    """The columns of a kind of import: a file may have them in any order, and others beside them."""
    return list(KINDS[kind].columns)


async def read_upload(
    context: Context,
    *,
    kind: ImportKind,
    upload_id: UUID,
    mapping: list[ColumnHeader] | None,
) -> Staged:
    """Read the rows of an upload, outside of the transaction: the store is asked, and a thread does the reading."""
    file = await find(context, File, upload_id, path="uploadId")
    if file.purpose is not FilePurpose.IMPORT or file.state not in (FileState.RECEIVED, FileState.USED):
        raise unreadable("This is no file of rows that was sent.", "Send one to an address by createUpload for IMPORT.")
    assert file.bytes is not None, "a file that was received has a length"
    refuse_if_any(size_refusals(file.bytes))
    content = await content_of(file)
    remembered = await imports.remembered_mapping(kind, context.viewer)
    given = None if mapping is None else given_mapping(mapping)
    return await asyncio.to_thread(staged, content, kind, given, remembered)


def given_mapping(mapping: list[ColumnHeader]) -> dict[str, str]:
    """The client's mapping. Raises a refusal where one column stands in it twice."""
    given = {one.column: one.header for one in mapping}
    if len(given) < len(mapping):
        raise Refusal(
            Code.INVALID, "A column stands in the mapping twice.", path=["mapping"], fix="Name each column once."
        )
    return given


def staged(content: bytes, kind: ImportKind, given: dict[str, str] | None, remembered: dict[str, str]) -> Staged:
    """What a file's content comes to. Raises Refused."""
    sheet = read_sheet(content)
    mapping = mapped(KINDS[kind], sheet.headers, given, remembered)
    return Staged(
        kind=KINDS[kind],
        encoding=sheet.encoding,
        separator=sheet.separator,
        mapping=mapping,
        ignored=ignored(sheet, mapping),
        rows=read_rows(sheet, KINDS[kind], mapping),
    )


async def preview(
    context: Context,
    staged: Staged,
    *,
    kind: Annotated[ImportKind, "What the rows are."],
    upload_id: OfUpload,
    mapping: Annotated[
        list[ColumnHeader] | None,
        "Which header each column has; default as in the last import of such a file, else by their names.",
    ] = None,
) -> dict[str, Any]:
    """Read a file of rows and compare it with what is there; nothing of it is kept yet.

    The answer shows what each row comes to, and every fault by row and column. At most 20,000 rows and 10 MB.
    """
    file = await find_locked(context, File, upload_id, path="uploadId")
    made = await imports.preview(staged, file, by=context.viewer, at=context.now)
    return {"import": made, "ignored_headers": staged.ignored}


async def check_preview(context: Context, *, upload_id: UUID | None) -> list[Refusal]:
    """What speaks against an upload, whatever the mapping says."""
    known = upload_id is None or await File.visible(context.viewer, upload_id) is not None
    return [] if known else [not_found("upload", path=["uploadId"])]


async def check_commit(context: Context, *, import_id: UUID | None) -> list[Refusal]:
    """What speaks against an import, whatever the digest is."""
    known = import_id is None or await Import.visible(context.viewer, import_id) is not None
    return [] if known else [not_found("import", path=["importId"])]


async def commit(
    context: Context,
    *,
    import_id: OfImport,
    digest: Annotated[str, Text(64, one_line=True, needed=True), "Digest of the preview that you looked at."],
) -> Import:
    """Keep the rows of an import exactly as its preview showed them: all of them, or none.

    It is refused if a row has a fault, or if what the rows were compared with has changed since. Sent again, it changes
    nothing further.
    """
    found = await find_locked(context, Import, import_id, path="importId")
    return await imports.commit(found, bytes_of(digest), by=context.viewer, at=context.now)


def bytes_of(digest: str) -> bytes:
    """A digest as it is kept; none that is no digest is the one of a preview."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""


async def discard(context: Context, *, import_id: OfImport) -> Import:
    """Give up a preview; its rows are removed."""
    found = await find_locked(context, Import, import_id, path="importId")
    return await imports.discard(found, by=context.viewer, at=context.now)


async def rows(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    page: PageRequest,
    outcome: Annotated[RowOutcome | None, "Only the rows that come to this."] = None,
) -> list[Any]:
    """The rows of imports, as they stand in the file."""
    where = "($2::text IS NULL OR import_rows.outcome = $2)"
    return list(
        await pages(
            context, ImportRow, selection, page, parents, by="import_id", order=BY_NUMBER, where=where, values=[outcome]
        )
    )


ROWS = Batched(rows, needs=("id",))


def mapping_of(mapping: str | dict[str, str]) -> list[dict[str, str]]:
    """A mapping as a list."""
    return [{"column": column, "header": header} for column, header in as_json(mapping).items()]


def cells_of(cells: str | dict[str, str]) -> list[dict[str, str]]:
    """A row's cells as a list."""
    return [{"column": column, "text": text} for column, text in as_json(cells).items()]


def faults_of(faults: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row's faults."""
    return list(as_json(faults))


def as_json(value: Any) -> Any:
    """A column of JSON, as the driver or as a model gives it."""
    return json.loads(value) if isinstance(value, str) else value
