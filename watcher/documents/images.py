"""Converts images that HrFlow cannot read, as scanners and phones make them, to PDF."""

from __future__ import annotations

import contextlib
import hashlib
import struct
import warnings
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.documents.opening import UnreadableError
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.uploads import Altered, Converted, Refused, Wait
from watcher.sniff import formats
from watcher.sniff.content import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from PIL.Image import Image

    from watcher.documents.opening import Spool

#: The most pages of a TIFF file, and pixels of all of them.
_MOST_PAGES: Final = 100
_ALL_PIXELS: Final = 400_000_000
#: The most pixels of a page, and bytes that it takes in memory; twice as many while it is rotated.
#: A3 at 600 dpi has 70 million pixels, A4 in colour takes 140 million bytes.
_MOST_PIXELS: Final = 75_000_000
_MOST_BYTES: Final = 160_000_000
#: Modes with one byte for each pixel; others have four.
_NARROW: Final = ("1", "L", "P")
#: A colour page of more pixels is sent at half its size, which is enough to read it. It is scaled
#: in strips of this many rows, as scaling it as a whole may take several times its memory.
_FINE: Final = 20_000_000
_STRIP: Final = 512
#: Inches of A4, to which pages are fitted.
_WIDTH, _HEIGHT = 8.27, 11.69
#: The most times that a file is read: once for every page is usual, a hostile one never ends.
_READINGS: Final = 3 * _MOST_PAGES
_PDF: Final = formats.PDF.media_type

#: What Pillow calls the formats that are converted; it may not try any other.
_NAMES: Final = {
    formats.TIFF.media_type: "TIFF",
    formats.WEBP.media_type: "WEBP",
    formats.HEIC.media_type: "HEIF",
}

#: Pixels of the shorter side of the smallest page: at 60 dpi, A4 has 496, and letters of 11 points
#: are 9 pixels high, which neither people nor programs read well.
_NARROWEST_PAGE: Final = 500
#: What Pillow calls the formats of images in signatures.
_SMALL: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP")

_UNREADABLE: Final = msg("This image can't be read. Save it as PDF, JPEG or PNG.")
_TOO_LARGE: Final = msg("This image has too many pixels. Save it as PDF, JPEG or PNG.")
_TOO_MANY: Final = msg(
    "This image has more than {most:count} pages. Save it as PDF, or as several files.",
    most=_MOST_PAGES,
)
_NO_LIBRARY: Final = msg(
    "This file is a HEIC photo. Save it as PDF, JPEG or PNG, or install the Python package"
    " pillow-heif."
)

#: What Pillow raises on malformed images (its own errors are of these kinds).
_MALFORMED: Final = (
    OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError,
    EOFError, MemoryError, RuntimeError, struct.error,
)  # fmt: skip


class Pdf(Struct, frozen=True):
    """An image as PDF: open in the spool, at its start, and described by ``body``."""

    handle: BinaryIO
    body: Converted


def find_problem(handle: BinaryIO, media_type: str, spool: Spool) -> Message:
    """Return why an image cannot be converted, as a sentence; NOTHING if it can.

    Raises:
        OSError: the disk fails.
    """
    try:
        with spool.opening, _explained():
            for page in _pages(handle, media_type):
                page.load()
    except UnreadableError as error:
        return error.why
    return NOTHING


def is_small(beginning: BinaryIO) -> bool:
    """Return whether an image has too few pixels for a page, given its first bytes.

    They are not decoded. False if they do not tell: a damaged image is treated as a document.
    """
    from PIL import Image  # noqa: PLC0415 - 30 ms that only images cost

    beginning.seek(0)
    try:
        with _unwarned():
            return min(Image.open(beginning, formats=_SMALL).size) < _NARROWEST_PAGE
    except (*_MALFORMED, Image.DecompressionBombError):
        return False


def to_pdf(
    handle: BinaryIO, media_type: str, sha256: str, spool: Spool
) -> Pdf | Altered | Refused | Wait:
    """Return the image as PDF. Altered if it is not the one with this fingerprint."""
    with contextlib.ExitStack() as undo:
        try:
            if _digest(handle) != sha256:
                return Altered(msg("The file changed during the upload."))
            pdf = undo.enter_context(spool.create())
            with spool.opening, _explained():
                for page in _pages(handle, media_type):
                    _append(page, pdf)
            size, digest = pdf.seek(0, 2), _digest(pdf)
            pdf.seek(0)
        except UnreadableError as error:
            return Refused(error.why)
        except OSError as error:
            return Wait(msg("The file could not be converted ({error}).", error=error.strerror))
        undo.pop_all()
        return Pdf(pdf, Converted(size, digest, _PDF))


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Raise UnreadableError for what the library raises on malformed images."""
    try:
        with _unwarned():
            yield
    except _MALFORMED as error:
        if isinstance(error, OSError) and error.errno:  # of the system: the disk is full, or fails
            raise
        raise UnreadableError(_UNREADABLE) from None


@contextlib.contextmanager
def _unwarned() -> Iterator[None]:
    """Ignore the library's warnings about what is odd in a file; one thread at a time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _pages(handle: BinaryIO, media_type: str) -> Iterator[Image]:
    """Yield the pages of an image, one at a time and not decoded; UnreadableError if refused."""
    from PIL import Image  # noqa: PLC0415 - 30 ms that only images cost

    name = _NAMES[media_type]
    if name == "HEIF":
        try:
            from pillow_heif import register_heif_opener  # noqa: PLC0415 - may be missing
        except ImportError:
            raise UnreadableError(_NO_LIBRARY) from None
        register_heif_opener()
    size = handle.seek(0, 2)
    handle.seek(0)
    # Not the handle itself: the TIFF library would move its descriptor without its knowledge.
    readable = Bounded(handle, _READINGS * size, size)
    try:
        image = Image.open(readable, formats=[name])  # type: ignore[arg-type]  # it only reads
    except Image.DecompressionBombError:
        raise UnreadableError(_TOO_LARGE) from None
    pixels = 0
    for number in range(_MOST_PAGES + 1):
        try:
            image.seek(number)
        except EOFError:
            return
        if number == _MOST_PAGES:
            raise UnreadableError(_TOO_MANY)
        own = image.width * image.height
        pixels += own
        needed = own if image.mode in _NARROW else 4 * own
        if own > _MOST_PIXELS or needed > _MOST_BYTES or pixels > _ALL_PIXELS:
            raise UnreadableError(_TOO_LARGE)
        yield image
        if name != "TIFF":  # of the others, they are frames or thumbnails
            return


def _digest(handle: BinaryIO) -> str:
    """Return the SHA-256 of a whole file."""
    handle.seek(0)
    return hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type] # it reads


def _append(page: Image, pdf: BinaryIO) -> None:
    """Append a page to a PDF, which is read and written in place."""
    from PIL import ImageOps  # noqa: PLC0415 - as above

    is_fine = page.width * page.height > _FINE and page.mode not in ("1", "L")
    plain = _halved(page) if is_fine else _flattened(page)
    ImageOps.exif_transpose(plain, in_place=True)
    narrow, wide = sorted(plain.size)
    resolution = max(narrow / _WIDTH, wide / _HEIGHT, 1.0)
    plain.save(pdf, "PDF", append=bool(pdf.tell()), resolution=resolution)
    pdf.seek(0, 2)


def _halved(image: Image) -> Image:
    """Return a colour image at half its size, without transparency."""
    from PIL import Image as images  # noqa: N813, PLC0415 - as above

    width, height = image.width // 2, image.height // 2
    half = images.new("RGB", (width, height))
    half.info = dict(image.info)  # its orientation
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        strip = image.crop((0, 2 * top, 2 * width, 2 * bottom))
        half.paste(_flattened(strip).convert("RGB").reduce(2), (0, top))
    return half


def _flattened(image: Image) -> Image:
    """Return an image in a mode that PDF has: black and white, grey or colour, not transparent."""
    from PIL import Image as images  # noqa: N813, PLC0415 - as above

    if image.mode in ("1", "L", "RGB"):
        return image
    if image.mode.startswith("I;16"):  # which convert() alone would clip instead of scaling
        return image.point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = images.new("RGBA", layer.size, "white")
        paper.alpha_composite(layer)
        return paper.convert("RGB")
    return image.convert("RGB")
