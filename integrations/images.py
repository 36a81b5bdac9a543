"""Images drawn anew: what is shown to everybody is made here, pixel by pixel, and holds nothing but its pixels."""

from __future__ import annotations

import io
import warnings

PIXELS_MAX = 25_000_000
"""What is decoded at all: some 100 MB of memory, for one image at a time."""
SIDE_MAX = 2_048
QUALITY = 88
FORMATS = ("JPEG", "PNG")
DEEP = 256
"""By how much a grey of 16 bits is finer than one of eight."""


class UnfitImageError(Exception):
    """The bytes are no image that can be drawn; the message is safe to show."""


def redrawn(content: bytes) -> bytes:
    """A PNG or JPEG as the same kind of image, turned upright, at most 2,048 pixels wide and high, and nothing else.

    No metadata (places, cameras, comments), no second frame, and no bytes behind the image are left. It takes the
    processor for up to a second: call it in a thread. Raises UnfitImageError.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is below Pillow's
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            kind = "PNG" if image.format == "PNG" else "JPEG"  # phones send JPEGs with a second picture behind: "MPO"
            if image.width * image.height > PIXELS_MAX:
                raise UnfitImageError(f"This image has more than {PIXELS_MAX:,} pixels.")
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # Pillow would cut a grey of 16 bits off at white, not scale it
                upright = upright.convert("I").point(lambda grey: grey * (1 / DEEP)).convert("L")
    except UnfitImageError:
        raise
    except Exception as error:  # Pillow raises many kinds of errors for what is broken
        raise UnfitImageError("This image cannot be drawn: it is broken or cut off.") from error
    plain = upright.convert("RGB" if kind == "JPEG" or not upright.has_transparency_data else "RGBA")
    plain.thumbnail((SIDE_MAX, SIDE_MAX))
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    out = io.BytesIO()
    if kind == "JPEG":
        bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    else:
        bare.save(out, "PNG")
    return out.getvalue()
