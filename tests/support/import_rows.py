"""A preview of an import, as the program leaves it, without a file being read."""

from __future__ import annotations

from typing import Any

from models.base.access import Viewer
from models.base.ids import new_id
from models.base.statements import transaction, write
from models.files.files import FilePurpose
from models.imports.imports import PREVIEW_LASTS, Import, ImportRow, ImportState, RowOutcome
from models.imports.kinds import ImportKind
from models.imports.reading import Encoding, Separator
from tests.support.file_rows import used_file
from tests.support.world import AT


async def preview_of(by: Viewer, **changes: Any) -> tuple[Import, ImportRow]:
    """A preview of one row, of somebody's file."""
    file, import_id = await used_file(by, FilePurpose.IMPORT), new_id()
    row = ImportRow(
        import_id=import_id, number=2, outcome=RowOutcome.CREATED, cells={"amount": "95.00"}, parsed={"amount": 9_500},
        faults=[],
    )  # fmt: skip
    made = Import(
        id=import_id,
        kind=ImportKind.RATES,
        role=by.role,
        account_id=by.account_id,
        school_id=by.school_id,
        file_id=file.id,
        encoding=Encoding.UTF_8,
        separator=Separator.COMMA,
        mapping={"amount": "Amount"},
        digest=bytes(32),
        created=1,
        changed=0,
        unchanged=0,
        left_out=0,
        faulty=changes.pop("faulty", 0),
        previewed_at=AT,
        rows_until=AT + PREVIEW_LASTS,
        **{"state": ImportState.PREVIEWED, **changes},
    )
    async with transaction():
        await write(row)
        await write(made)
    return made, row
