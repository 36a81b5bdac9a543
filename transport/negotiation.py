"""Which media type a client sends and which one it wants back."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

RESPONSE = "application/graphql-response+json"
LEGACY = "application/json"
EVENTS = "text/event-stream"


class Media(Enum):
    """The forms an answer can have; the value is its content-type."""

    RESPONSE = b"application/graphql-response+json; charset=utf-8"
    LEGACY = b"application/json; charset=utf-8"
    EVENTS = b"text/event-stream; charset=utf-8"


# What a wildcard means stays application/json: clients from before the new media type send wildcards.
OFFERED = {LEGACY: Media.LEGACY, RESPONSE: Media.RESPONSE, EVENTS: Media.EVENTS}
WILDCARDS = {"*/*": Media.LEGACY, "application/*": Media.LEGACY, "text/*": Media.EVENTS}
PREFERENCE = [Media.RESPONSE, Media.LEGACY, Media.EVENTS]  # between types a client likes equally


@lru_cache(maxsize=256)
def wanted_media(accept: str | None) -> Media | None:
    """The best form for this Accept header, or None if none of ours is acceptable."""
    if accept is None or not accept.strip():
        return Media.LEGACY
    best: tuple[float, int, int] | None = None
    chosen: Media | None = None
    refused = {name for name, quality in _entries(accept) if quality == 0}
    for name, quality in _entries(accept):
        media = OFFERED.get(name) or WILDCARDS.get(name)
        if media is None or quality <= 0 or (name in WILDCARDS and _name(media) in refused):
            continue
        rank = (quality, name in OFFERED, -PREFERENCE.index(media))
        if best is None or rank > best:
            best, chosen = rank, media
    return chosen


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Whether a body of this content-type is JSON in UTF-8; the simple types a form can send never are."""
    if content_type is None:
        return False
    name, *parameters = [part.strip() for part in content_type.split(";")]
    if name.lower() != LEGACY:
        return False
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            return False
    return True


def _entries(accept: str) -> list[tuple[str, float]]:
    entries = []
    for part in accept.split(","):
        name, *parameters = [piece.strip() for piece in part.split(";")]
        quality = 1.0
        usable = True
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            key, value = key.strip().lower(), value.strip().strip('"').lower()
            if key == "q":
                quality = _quality(value)
            elif key == "charset":
                usable = value in {"utf-8", "utf8"}
        if usable:
            entries.append((name.lower(), quality))
    return entries


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _name(media: Media) -> str:
    return next(name for name, offered in OFFERED.items() if offered is media)
