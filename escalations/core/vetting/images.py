"""Pictures: read under limits, and written anew without anything but their points."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from escalations.core.vetting.kinds import RefusedFile

POINTS = 50_000_000
"""Points that a picture may have: enough for any phone, little enough for memory (200 MB at four bytes)."""
SIDE = 20_000
THUMBNAIL = (320, 320)
QUALITY = 92
FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}


def clean(path: Path, kind: str, *, into: Path, thumbnail: Path) -> None:
    """Write a picture anew: upright, with its points alone (no place, no camera, no words, nothing behind its end),
    and a small one beside it. Raises RefusedFile."""
    Image.MAX_IMAGE_PIXELS = POINTS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = _read(path, FORMATS[kind])
            _write(picture, FORMATS[kind], into)
            small = picture.copy()
            small.thumbnail(THUMBNAIL)
            small.save(thumbnail, "WEBP", quality=80)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise RefusedFile("huge") from None
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, KeyError):
            raise RefusedFile("damaged") from None


def _read(path: Path, form: str) -> Image.Image:
    with Image.open(path, formats=[form]) as opened:
        width, height = opened.size
        if width * height > POINTS or max(width, height) > SIDE:
            raise RefusedFile("huge")
        # Phones put a depth map or a second exposure behind a JPEG: the first picture is the photo.
        if form != "JPEG" and getattr(opened, "n_frames", 1) > 1:
            raise RefusedFile("moving")
        opened.load()
        upright = _upright(opened)
        picture = upright.convert(_mode(upright))
    picture.info = {}
    return picture


def _upright(opened: Image.Image) -> Image.Image:
    """Turned as the camera was held. What it says of that may be damaged while the picture is whole."""
    try:
        return ImageOps.exif_transpose(opened)
    except Exception:
        return opened


def _mode(picture: Image.Image) -> str:
    if picture.mode in ("L", "RGB", "RGBA"):
        return "RGBA" if "transparency" in picture.info and picture.mode != "RGBA" else picture.mode
    clear = picture.mode in ("LA", "PA", "La", "RGBa") or "transparency" in picture.info
    if clear:
        return "RGBA"
    return "L" if picture.mode in ("1", "I;16", "I", "F") else "RGB"


def _write(picture: Image.Image, form: str, into: Path) -> None:
    if form == "JPEG":
        (picture if picture.mode in ("L", "RGB") else picture.convert("RGB")).save(into, form, quality=QUALITY)
    elif form == "WEBP":
        picture.save(into, form, quality=QUALITY)
    else:
        picture.save(into, form)
