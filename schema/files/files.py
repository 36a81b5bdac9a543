"""Files as clients see them (FI-1)."""

from datetime import datetime

import strawberry

from models.files import files as models
from models.files import uploads
from models.files.files import FilePurpose, FileState
from operations.mutations import mutation
from operations.queries import relation
from resolvers.files import files as resolvers
from schema.base.shape import Node, payload, shown, shows, value


@value
class FileDownload:
    """Address by which one file is read, by one membership."""

    address: str = shown("Address for HTTP GET. It holds for your session alone, as long as you may see the file.")
    expires_at: datetime = shown("When it ends: five minutes after it was given.")


@shows(models.File)
class File(Node):
    """A file that was uploaded or made by the program. Each reading is in the audit trail."""

    purpose: FilePurpose = shown("Purpose.")
    state: FileState = shown("Current state.")
    name: str = shown("Name; empty once the file was removed.")
    media_type: str | None = shown("Media type, told by the content; null until it was uploaded.")
    bytes: int | None = shown("Size in bytes; null until it was uploaded.")
    created_at: datetime = shown("When it was made, or its upload address was given.")
    received_at: datetime | None = shown("When it was uploaded.")
    expires_at: datetime | None = shown("When it is removed by itself; null if it is kept.")
    download: FileDownload | None = relation(
        resolvers.DOWNLOAD, "Address to read it by; null if there is nothing in it, and for machines."
    )
    public_address: str | None = relation(
        resolvers.PUBLIC_ADDRESS, "Address by which everybody may read it; null unless it is published."
    )


@value
class Upload:
    """A file that is expected."""

    id: strawberry.ID = shown("Id of the file, for the mutation that uses it.")
    address: str = shown("Address for one HTTP PUT with the file as its body. It is shown only once.")
    expires_at: datetime = shown("When the address ends.")
    max_bytes: int = shown("Largest size in bytes.")
    accepts: list[str] = shown("Media types that are accepted, told by the content.")


class Mutation:
    """What files add to Mutation."""

    create_upload = mutation(
        resolvers.create,
        check=resolvers.check_upload,
        answers=payload("CreateUpload", {"upload": (Upload, "The new upload; null if refused.")}),
        allow=uploads.UPLOADERS,
        idempotent=False,
    )
