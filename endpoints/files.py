"""Where files are sent to and read from: each address is one secret, for one file, for minutes (FI-1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import structlog
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from endpoints.doors import Answer, Doors, Rules, Visit
from endpoints.problems import Problem
from integrations.clamav import Scan, Scanner, ScannerError
from integrations.images import UnfitImageError, redrawn
from models.accounts import sessions
from models.base import throttling
from models.base.access import Viewer
from models.base.encryption import UnopenableError
from models.base.errors import Code
from models.base.ids import MalformedIdError, decode
from models.base.scopes import OPEN
from models.base.statements import transaction
from models.files import downloads, files, uploads
from models.files.content import TextCheck, UnfitContentError, media_type_of, media_type_of_text, name_to_save
from models.files.files import File, FilePurpose, Written
from models.files.store import StoreError
from models.records.audit import AuditKind, Entry
from operations.fields import ANYONE
from operations.outages import RETRY_AFTER_SECONDS

log = structlog.get_logger()

UPLOAD = "/files/upload/"
READ = "/files/"
PUBLIC = "/files/public/"
UPLOADS_AT_ONCE = 16
"""In one process: each small file is held in memory until it was looked at."""
DRAWN_AT_ONCE = 1
READ_COST = 20
UPLOADS = Rules(
    name="PUT /files/upload", allow=ANYONE, scope=OPEN, by_address=True, methods=("PUT",),
    body_bytes=max(terms.bytes_max for terms in uploads.TERMS.values()), body_seconds=300,
)  # fmt: skip
READS = Rules(
    name="GET /files", allow=ANYONE, scope=OPEN, by_address=True, from_other_sites=True, cost=1, sending_seconds=300
)
SHOWS = Rules(
    name="GET /files/public", allow=ANYONE, scope=OPEN, by_address=True, from_other_sites=True, cost=2,
    sending_seconds=300,
)  # fmt: skip
PUBLIC_SECONDS = 3_600
SANDBOX = "default-src 'none'; sandbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """One file on its way in: the request, the row that waits for it, and for whom."""

    visit: Visit
    file: File
    by: Viewer

    @property
    def now(self) -> datetime:
        """When the request began."""
        return self.visit.context.now


class FileDoors:
    """The three addresses of files."""

    def __init__(self, doors: Doors, *, scanner: Scanner | None) -> None:
        self.doors = doors
        self.engine = doors.engine
        self.scanner = scanner
        self.drawing = asyncio.Semaphore(DRAWN_AT_ONCE)
        self.uploading = 0

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            self.doors.route(UPLOAD + "{token}", told(self.upload), UPLOADS),
            self.doors.route(PUBLIC + "{file_id}", told(self.public), SHOWS),
            self.doors.route(READ + "{token}", told(self.read), READS),
        ]

    async def upload(self, visit: Visit) -> Response:
        """Take a file in, once for each address."""
        awaited = await uploads.awaited(visit.request.path_params["token"], at=visit.context.now)
        if awaited is None:
            await throttling.admit_link(visit.context.source, at=visit.context.now)
            raise gone()
        if self.uploading >= UPLOADS_AT_ONCE:
            raise unavailable("Too many files are being sent at the moment.", retry_after_seconds=5)
        self.uploading += 1
        try:
            file, by = awaited
            file = await self.received(Sending(visit=visit, file=file, by=by))
        finally:
            self.uploading -= 1
        answer = {"id": file.type_id, "bytes": file.bytes, "mediaType": file.media_type, "sha256": hex_of(file.sha256)}
        return JSONResponse(answer, 201)

    async def received(self, sending: Sending) -> File:
        """Look at the bytes, seal them into the store, and name them in the file's row: of two at once one is named."""
        terms = uploads.TERMS[sending.file.purpose]
        body = not_empty(sending.visit.chunks(bytes_max=terms.bytes_max))
        if terms.accepts is uploads.TEXTS:
            media_type, written = await self.text(sending, body)
        else:
            media_type, written = await self.document(sending, body, terms.accepts)
        async with transaction():
            return await uploads.receive(
                sending.file,
                written,
                media_type=media_type,
                by=sending.by,
                at=sending.now,
                beside=[self.entry_of(sending).row()],
            )

    async def text(self, sending: Sending, body: AsyncIterator[bytes]) -> tuple[str, Written]:
        """A text, which is looked at, scanned and sealed as it comes: it may be large. Raises Problem."""
        async with self.scanning() as scan:
            written = await files.write_bytes(sending.file.id, text_of(body, scan), at=sending.now)
            await self.must_be_clean(sending, scan)
        return media_type_of_text(sending.file.name), written

    async def document(
        self, sending: Sending, body: AsyncIterator[bytes], accepts: Sequence[str]
    ) -> tuple[str, Written]:
        """A document or image, which is small enough to be held until it was looked at as a whole. Raises Problem."""
        content = b"".join([chunk async for chunk in body])
        media_type = kind_of(content, accepts)
        async with self.scanning() as scan:
            if scan is not None:
                await scan.feed(content)
            await self.must_be_clean(sending, scan)
        if sending.file.purpose is FilePurpose.IMAGE:
            content = await self.drawn(content)
        return media_type, await files.write_bytes(sending.file.id, content, at=sending.now)

    def scanning(self) -> AbstractAsyncContextManager[Scan | None]:
        """A scan, where a scanner is set."""
        return nullcontext() if self.scanner is None else self.scanner.scan()

    async def must_be_clean(self, sending: Sending, scan: Scan | None) -> None:
        """Ask for the scanner's verdict, and end the upload if it found something. Raises Problem."""
        found = await scan.verdict() if scan is not None else None
        if found is None:
            return
        log.warning("file.refused", file=sending.file.type_id, found=found)
        async with transaction():
            await uploads.refuse(
                sending.file, found, by=sending.by, at=sending.now, beside=[self.entry_of(sending).row()]
            )
        words = "The scanner found something harmful in this file. Nothing of it was kept."
        raise unfit(words, fix="Send another file, to a new address by createUpload.")

    def entry_of(self, sending: Sending) -> Entry:
        """The entry of the audit trail about an upload."""
        return self.entry(AuditKind.CHANGE, "file upload", sending.file, sending.by, sending.visit)

    async def drawn(self, content: bytes) -> bytes:
        """An image as it is shown to everybody. Raises Problem."""
        async with self.drawing:
            return await asyncio.to_thread(redrawn, content)

    async def read(self, visit: Visit) -> Response:
        """The content of a file, for whom the address was made, as long as they reach it (FI-1, ID-6)."""
        now = visit.context.now
        download = downloads.opened(visit.request.path_params["token"], at=now)
        if download is None:
            await throttling.admit_link(visit.context.source, at=now)
            raise not_there()
        viewer = await sessions.acting(
            download.session_id,
            second_factor_required=self.engine.environment.second_factor_required,
            at=now,
        )
        file = await File.visible(viewer, download.file_id) if viewer is not None else None
        if viewer is None or file is None or file.blob_id is None:
            raise not_there()
        await self.engine.spend(self.engine.budget_of(viewer), READ_COST)
        content = await begun(files.stream_of(file))
        await self.engine.auditor.write(self.entry(AuditKind.READ, "file download", file, viewer, visit))
        headers = {"content-disposition": disposition("attachment", file)}
        return sent(file, *content, headers)

    async def public(self, visit: Visit) -> Response:
        """A published image or resource, for everybody."""
        file = await File.filter(id=decode(File.PREFIX, visit.request.path_params["file_id"])).first()
        if file is None or file.published_at is None or file.published_at > visit.context.now:
            raise not_there()
        headers = {
            "content-disposition": disposition("inline" if file.purpose is FilePurpose.IMAGE else "attachment", file),
            "cache-control": f"public, max-age={PUBLIC_SECONDS}",
            "etag": f'"{hex_of(file.sha256)}"',
            "cross-origin-resource-policy": "cross-origin",
        }
        if visit.request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return sent(file, *await begun(files.stream_of(file)), headers)

    def entry(self, kind: AuditKind, what: str, file: File, by: Viewer, visit: Visit) -> Entry:
        """The entry of the audit trail about one file (ID-6)."""
        return self.engine.auditor.entry_for(
            by,
            kind,
            f"{what} {file.type_id}",
            student_ids=[file.student_id] if file.student_id else [],
            request_id=visit.context.request_id,
            source=visit.context.source,
            at=visit.context.now,
        )


AWAY = "The store of files does not answer. Nothing was done."
SCANNER_AWAY = "The scanner does not answer, so nothing was taken. The address may be used again."


def told(work: Answer) -> Answer:
    """The same work; what files alone fail at is told in the form of all doors."""

    async def answer(visit: Visit) -> Response:
        try:
            return await work(visit)
        except (UnfitContentError, UnfitImageError) as error:
            raise unfit(str(error)) from None
        except MalformedIdError:
            raise not_there() from None
        except ScannerError as error:
            log.error("scanner.away", reason=str(error))
            raise unavailable(SCANNER_AWAY) from None
        except (StoreError, UnopenableError) as error:
            log.error("files.store_away", reason=str(error))
            raise unavailable(AWAY) from None

    return answer


def not_there() -> Problem:
    """No file, or not for them any more."""
    fix = "Ask for a new address: each lasts five minutes."
    return Problem(code=Code.NOT_FOUND.value, message="There is no such file.", fix=fix)


def gone() -> Problem:
    """An address that nothing is sent to."""
    words = "This address is invalid, was used or has expired."
    return closing(
        Problem(code=Code.NOT_FOUND.value, message=words, rule="FI-1", fix="Ask for a new one by createUpload.")
    )


def unavailable(words: str, *, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Something that is needed does not answer; the same request may be sent again."""
    return Problem(code="UNAVAILABLE", message=words, retryAfter=retry_after_seconds, fix="Send it again in a moment.")


def unfit(words: str, *, fix: str = "Send another file, to the same address if it lasts.") -> Problem:
    """The content is not what the purpose takes; the address may be used again."""
    return closing(Problem(code=Code.INVALID.value, message=words, status=422, rule="FI-1", fix=fix))


def closing(problem: Problem) -> Problem:
    """The same, and what is still being sent is not read."""
    problem.headers["connection"] = "close"
    return problem


async def not_empty(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A body that has something in it. Raises Problem."""
    empty = True
    async for chunk in body:
        empty = False
        yield chunk
    if empty:
        raise unfit("This file is empty.", fix="Send a file that has something in it.")


def kind_of(content: bytes, accepts: Sequence[str]) -> str:
    """The media type that the content has. Raises Problem for one that is not accepted."""
    found = media_type_of(content)
    if found is None or found not in accepts:
        raise unfit(f"This file is none of {', '.join(accepts)}, whatever its name says.")
    return found


async def text_of(body: AsyncIterator[bytes], scan: Scan | None) -> AsyncIterator[bytes]:
    """A text as it comes, looked at and scanned on its way. Raises UnfitContentError."""
    check = TextCheck()
    async for chunk in body:
        check.feed(chunk)
        if scan is not None:
            await scan.feed(chunk)
        yield chunk
    check.finish()


async def begun(content: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first piece of a content, so that what cannot be read is told before an answer has begun; and the others."""
    return await anext(content), content


def sent(file: File, first: bytes, rest: AsyncIterator[bytes], headers: dict[str, str]) -> Response:
    """The answer with a file's content, piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        yield first
        async for piece in rest:
            yield piece

    fixed = {"content-length": str(file.bytes), "content-security-policy": SANDBOX, "x-content-type-options": "nosniff"}
    return StreamingResponse(pieces(), headers=fixed | headers, media_type=file.media_type)


def disposition(kind: str, file: File) -> str:
    """What a browser does with a file and how it calls it (RFC 6266): a name that ends as its content does."""
    name = name_to_save(file.name, file.media_type or "")
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def hex_of(digest: bytes | None) -> str:
    """A hash as text."""
    return (digest or b"").hex()
