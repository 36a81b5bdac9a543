"""Where files are sent to and read from: each address is one secret, for one file, for minutes (FI-1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from urllib.parse import quote

import structlog
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from endpoints.receiving import CLOSE, body_of
from endpoints.refusing import Problem, problem_of, unavailable
from integrations.clamav import Scan, Scanner, ScannerError
from integrations.images import UnfitImageError, redrawn
from models.accounts import sessions
from models.base import throttling
from models.base.access import Viewer
from models.base.encryption import UnopenableError
from models.base.errors import Refusal
from models.base.events import REQUEST_ID
from models.base.ids import MalformedIdError, decode
from models.base.statements import transaction
from models.files import downloads, files, uploads
from models.files.content import TextCheck, UnfitContentError, media_type_of, media_type_of_text, name_to_save
from models.files.files import File, FilePurpose, Written
from models.files.store import StoreError
from models.records.audit import AuditKind, Entry
from operations.engine import OPEN, ProgramEngine
from operations.outages import OUTAGES, RETRY_AFTER_SECONDS, outage_of
from transport.errors import MASKED_MESSAGE, log_unexpected
from transport.receiving import read_headers, request_id_of, source_ip_of

log = structlog.get_logger()

UPLOAD = "/files/upload/"
READ = "/files/"
PUBLIC = "/files/public/"
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
"""So that a wrong one is answered in our own form."""
UPLOADS_AT_ONCE = 16
"""In one process: each small file is held in memory until it was looked at."""
DRAWN_AT_ONCE = 1
READ_COST, PUBLIC_COST = 20, 2
SENDING_SECONDS = 300
PUBLIC_SECONDS = 3_600
SANDBOX = "default-src 'none'; sandbox"


class FileDoors:
    """The three addresses of files."""

    def __init__(self, engine: ProgramEngine, *, scanner: Scanner | None) -> None:
        self.engine = engine
        self.scanner = scanner
        self.drawing = asyncio.Semaphore(DRAWN_AT_ONCE)
        self.uploading = 0

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route(UPLOAD + "{token}", self.answered("PUT", self.upload), methods=EVERY_METHOD),
            Route(PUBLIC + "{file_id}", self.answered("GET", self.public), methods=EVERY_METHOD),
            Route(READ + "{token}", self.answered("GET", self.read), methods=EVERY_METHOD),
        ]

    def answered(
        self, method: str, work: Callable[[Request, datetime], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The answer of one address, whatever becomes of it: never a bare 500."""

        async def answer(request: Request) -> Response:
            request_id = request_id_of(read_headers(request.scope["headers"]))
            request.state.request_id = request_id
            REQUEST_ID.set(request_id)
            try:
                if request.method != method:
                    raise Problem(405, "BAD_REQUEST", f"Use {method}.", headers={"allow": method, **CLOSE})
                response = await work(request, await self.engine.now())
            except ClientDisconnect:
                return Response(status_code=400)  # nobody reads it
            except Exception as error:
                return problem_in(error, request_id).response(request_id)
            response.headers["x-request-id"] = request_id
            return response

        return answer

    async def upload(self, request: Request, now: datetime) -> Response:
        """Take a file in, once for each address."""
        token, source = request.path_params["token"], source_ip_of(request.scope)
        await throttling.admit_link(source, at=now)
        awaited = await uploads.awaited(token, at=now)
        if awaited is None:
            raise GONE
        await throttling.link_was_right(source)
        if self.uploading >= UPLOADS_AT_ONCE:
            raise unavailable("Too many files are being sent at the moment.", retry_after_seconds=5)
        self.uploading += 1
        try:
            file = await self.received(request, *awaited, now)
        finally:
            self.uploading -= 1
        told = {"id": file.type_id, "bytes": file.bytes, "mediaType": file.media_type, "sha256": hex_of(file.sha256)}
        return JSONResponse(told, 201, headers={"cache-control": "no-store"})

    async def received(self, request: Request, file: File, by: Viewer, now: datetime) -> File:
        """Look at the bytes as they come, seal them into the store, and name them in the file's row."""
        terms = uploads.TERMS[file.purpose]
        body = body_of(request, bytes_max=terms.bytes_max)
        async with AsyncExitStack() as stack:
            scan = await stack.enter_async_context(self.scanner.scan()) if self.scanner else None
            if terms.accepts is uploads.TEXTS:
                media_type = media_type_of_text(file.name)
                written = await files.write_bytes(file.id, text_of(body, scan), at=now)
                await self.must_be_clean(scan, request, file, by, now)
            else:
                content = b"".join([chunk async for chunk in body])
                media_type = kind_of(content, terms.accepts)
                if scan is not None:
                    await scan.feed(content)
                await self.must_be_clean(scan, request, file, by, now)
                if file.purpose is FilePurpose.IMAGE:
                    content = await self.drawn(content)
                written = await files.write_bytes(file.id, content, at=now)
        return await self.named(request, file, written, media_type, by, now)

    async def named(
        self, request: Request, file: File, written: Written, media_type: str, by: Viewer, now: datetime
    ) -> File:
        """Commit the upload, its event and its entry of the audit trail: of two at once one."""
        entry = self.entry(AuditKind.CHANGE, "file upload", file, by, request, now)
        async with transaction():
            return await uploads.receive(file, written, media_type=media_type, by=by, at=now, beside=[entry.row()])

    async def must_be_clean(self, scan: Scan | None, request: Request, file: File, by: Viewer, now: datetime) -> None:
        """Ask for the scanner's verdict, and end the upload if it found something. Raises Problem."""
        found = await scan.verdict() if scan is not None else None
        if found is None:
            return
        log.warning("file.refused", file=file.type_id, found=found)
        entry = self.entry(AuditKind.CHANGE, "file upload", file, by, request, now)
        async with transaction():
            await uploads.refuse(file, found, by=by, at=now, beside=[entry.row()])
        raise Problem(
            422,
            "INVALID",
            "The scanner found something harmful in this file. Nothing of it was kept.",
            rule="FI-1",
            fix="Send another file, to a new address by createUpload.",
        )

    async def drawn(self, content: bytes) -> bytes:
        """An image as it is shown to everybody. Raises Problem."""
        async with self.drawing:
            return await asyncio.to_thread(redrawn, content)

    async def read(self, request: Request, now: datetime) -> Response:
        """The content of a file, for whom the address was made, as long as they reach it (FI-1, ID-6)."""
        source = source_ip_of(request.scope)
        await throttling.admit_link(source, at=now)
        download = downloads.opened(request.path_params["token"], at=now)
        if download is None:
            raise NOT_THERE
        await throttling.link_was_right(source)
        viewer = await sessions.acting(
            download.session_id,
            second_factor_required=self.engine.environment.second_factor_required,
            at=now,
        )
        file = await File.visible(viewer, download.file_id) if viewer is not None else None
        if viewer is None or file is None or file.blob_id is None:
            raise NOT_THERE
        await self.engine.spend(self.engine.budget_of(viewer), READ_COST)
        content = await begun(files.stream_of(file))
        await self.engine.auditor.write(self.entry(AuditKind.READ, "file download", file, viewer, request, now))
        headers = {"content-disposition": disposition("attachment", file), "cache-control": "no-store"}
        return sent(file, *content, headers)

    async def public(self, request: Request, now: datetime) -> Response:
        """A published image or resource, for everybody."""
        await self.engine.spend(self.engine.pot(source_ip_of(request.scope), OPEN), PUBLIC_COST)
        file = await File.filter(id=decode(File.PREFIX, request.path_params["file_id"])).first()
        if file is None or file.published_at is None or file.published_at > now:
            raise NOT_THERE
        headers = {
            "content-disposition": disposition("inline" if file.purpose is FilePurpose.IMAGE else "attachment", file),
            "cache-control": f"public, max-age={PUBLIC_SECONDS}",
            "etag": f'"{hex_of(file.sha256)}"',
            "cross-origin-resource-policy": "cross-origin",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return sent(file, *await begun(files.stream_of(file)), headers)

    def entry(self, kind: AuditKind, what: str, file: File, by: Viewer, request: Request, now: datetime) -> Entry:
        """The entry of the audit trail about one file (ID-6)."""
        return self.engine.auditor.entry_for(
            by,
            kind,
            f"{what} {file.type_id}",
            student_ids=[file.student_id] if file.student_id else [],
            request_id=request.state.request_id,
            source=source_ip_of(request.scope),
            at=now,
        )


NOT_THERE = Problem(404, "NOT_FOUND", "There is no such file.", fix="Ask for a new address: each lasts five minutes.")
GONE = Problem(
    404,
    "NOT_FOUND",
    "This address is invalid, was used or has expired.",
    headers=CLOSE,
    rule="FI-1",
    fix="Ask for a new one by createUpload.",
)
AWAY = "The store of files does not answer. Nothing was done."
SCANNER_AWAY = "The scanner does not answer, so nothing was taken. The address may be used again."


def problem_in(error: Exception, request_id: str) -> Problem:
    """What is told of an error."""
    match error:
        case Problem():
            return error
        case Refusal():
            return problem_of(error)
        case UnfitContentError() | UnfitImageError():
            return unfit(str(error))
        case MalformedIdError():
            return NOT_THERE
        case ScannerError():
            log.error("scanner.away", reason=str(error))
            return unavailable(SCANNER_AWAY, retry_after_seconds=RETRY_AFTER_SECONDS)
        case StoreError() | UnopenableError():
            log.error("files.store_away", reason=str(error))
            return unavailable(AWAY, retry_after_seconds=RETRY_AFTER_SECONDS)
        case GraphQLError():
            told = {**(error.extensions or {})}
            code = str(told.pop("code", "BAD_INPUT"))
            return Problem(429 if code == "THROTTLED" else 503, code, error.message, **told)
    if outage_of(error) is not None:
        OUTAGES.note(error)
        words = "The database cannot be reached at the moment. Try again in a moment."
        return unavailable(words, retry_after_seconds=RETRY_AFTER_SECONDS)
    log_unexpected(error, request_id)
    return Problem(500, "INTERNAL", MASKED_MESSAGE)


def unfit(message: str) -> Problem:
    """The content is not what the purpose takes; the address may be used again."""
    return Problem(
        422, "INVALID", message, headers=CLOSE, rule="FI-1", fix="Send another file, to the same address if it lasts."
    )


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
    """The answer with a file's content, piece by piece; for who takes it too slowly it is cut."""

    async def pieces() -> AsyncIterator[bytes]:
        async with asyncio.timeout(SENDING_SECONDS):
            yield first
            async for piece in rest:
                yield piece

    told = {"content-length": str(file.bytes), "content-security-policy": SANDBOX, "x-content-type-options": "nosniff"}
    return StreamingResponse(pieces(), headers=told | headers, media_type=file.media_type)


def disposition(kind: str, file: File) -> str:
    """What a browser does with a file and how it calls it (RFC 6266): a name that ends as its content does."""
    name = name_to_save(file.name, file.media_type or "")
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def hex_of(digest: bytes | None) -> str:
    """A hash as text."""
    return (digest or b"").hex()
