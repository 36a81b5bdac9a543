"""Files as clients send and read them: an address by GraphQL, the bytes by HTTP."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import httpx2
from PIL import Image

from tests.support.api import Api

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
UPLOAD = "upload { id address expiresAt maxBytes accepts }"


async def expected(api: Api, role: str, purpose: str, *, name: str = "license.pdf", **fields: Any) -> Any:
    """A new upload: its id and its address."""
    answer = await api.do("createUpload", role=role, selection=UPLOAD, purpose=purpose, name=name, **fields)
    assert answer["userErrors"] == [], answer
    return answer["upload"]


async def put(api: Api, address: str, content: Any, **headers: str) -> httpx2.Response:
    """Send bytes to an address, as any HTTP client does."""
    return await api.http.put(urlsplit(address).path, content=content, headers=headers)


async def uploaded(api: Api, role: str, purpose: str, content: Any = PDF, *, name: str = "license.pdf") -> str:
    """The id of an upload that was sent."""
    upload = await expected(api, role, purpose, name=name)
    answer = await put(api, upload["address"], content)
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] == upload["id"]
    return str(upload["id"])


async def get(api: Api, address: str, **headers: str) -> httpx2.Response:
    """What is read at an address, without any token."""
    return await api.http.get(urlsplit(address).path, headers=headers)


def image(kind: str = "PNG", size: tuple[int, int] = (40, 30), **saved: Any) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, kind, **saved)
    return out.getvalue()
