"""Images that HrFlow cannot read are sent as PDF; those that nobody can read are refused."""

import hashlib
import io
import struct
import subprocess
import sys
import types

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.documents import look
from tests.support.pictures import picture, saved, tiff, webp
from tests.support.waiting import PATIENCE
from watcher.documents import Spool, identify, images, to_pdf
from watcher.documents.images import find_problem
from watcher.model.files import PDF
from watcher.model.uploads import Altered, Refused, Wait

TIFF, WEBP, HEIC = "image/tiff", "image/webp", "image/heic"


@pytest.fixture
def spool(tmp_path):
    return Spool(str(tmp_path / "spool"))


def pages(content, media_type, spool):
    """The sizes of the PDF's pages in points."""
    handle = io.BytesIO(content)
    assert not find_problem(handle, media_type, spool)
    made = to_pdf(handle, media_type, hashlib.sha256(content).hexdigest(), spool)
    with made.handle:
        written = made.handle.read()
    assert (len(written), hashlib.sha256(written).hexdigest()) == (made.body.size, made.body.sha256)
    assert look(written).media_type == PDF
    assert look(written).whole
    return [
        tuple(map(round, page.mediabox[2:])) for page in pypdf.PdfReader(io.BytesIO(written)).pages
    ]


@pytest.mark.parametrize(
    ("content", "media_type", "count"),
    [
        (tiff("one"), TIFF, 1),
        (tiff("three", pages=3), TIFF, 3),
        (tiff("fax", pages=2, mode="1", compression="group4"), TIFF, 2),
        (tiff("grey", mode="L", compression="tiff_lzw"), TIFF, 1),
        (tiff("deep", mode="I;16"), TIFF, 1),
        (tiff("clear", mode="RGBA"), TIFF, 1),
        (tiff("print", mode="CMYK"), TIFF, 1),
        (saved(picture("few colours").quantize(4), "TIFF"), TIFF, 1),
        (webp("photo"), WEBP, 1),
        (webp("exact", lossless=True), WEBP, 1),
        (saved(picture("film"), "WEBP", save_all=True, append_images=[picture("b"), picture("c")]), WEBP, 1),
    ],
)  # fmt: skip
def test_every_page_is_in_the_pdf_on_paper_of_a_usual_size(spool, content, media_type, count):
    found = pages(content, media_type, spool)
    assert len(found) == count
    assert all(max(page) <= 842 for page in found)


def test_a_page_that_lies_on_its_side_stays_so(spool):
    wide, high = pages(tiff("wide", size=(560, 400)), TIFF, spool)[0]
    assert wide > high


def test_a_photo_is_turned_as_the_camera_says(spool):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(picture("turned", (560, 400)), "WEBP", exif=exif.tobytes())
    wide, high = pages(content, WEBP, spool)[0]
    assert high > wide


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P", "I;16", "LA"])
def test_a_large_page_in_colour_is_sent_at_half_its_size(spool, monkeypatch, mode):
    size = (561, 1203)
    page = picture("large", size, mode) if mode != "P" else picture("large", size).quantize(4)
    content = saved(page, "TIFF")
    (whole,) = pages(content, TIFF, spool)
    monkeypatch.setattr(images, "_FINE", 1000)
    assert pages(content, TIFF, spool)[0] == pytest.approx(whole, abs=2)
    made = to_pdf(io.BytesIO(content), TIFF, hashlib.sha256(content).hexdigest(), spool)
    with made.handle:
        (drawn,) = pypdf.PdfReader(made.handle).pages[0].images
    assert drawn.image.size == (280, 601)
    assert drawn.image.convert("L").getextrema()[1] > 250  # white paper


#: How many bytes more than before a conversion takes at its most.
MEASURE = """
import hashlib, resource, sys
from watcher.documents import Spool, to_pdf

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

with open(sys.argv[1], "rb") as image:
    digest = hashlib.file_digest(image, "sha256").hexdigest()
    before = most()
    made = to_pdf(image, "image/tiff", digest, Spool(sys.argv[2]))
    made.handle.close()
    print(most() - before)
"""


def test_a_large_image_takes_little_more_memory_than_its_pixels(tmp_path):
    (tmp_path / "large.tif").write_bytes(
        tiff("large", mode="RGBA", size=(5000, 5000), compression="tiff_lzw")
    )
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "large.tif"), str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    assert int(done.stdout) < 2.5 * 4 * 5000 * 5000


def refusal(content, media_type, spool):
    handle = io.BytesIO(content)
    sent = to_pdf(handle, media_type, hashlib.sha256(content).hexdigest(), spool)
    assert isinstance(sent, Refused)
    problem = find_problem(handle, media_type, spool)
    assert problem == sent.why
    return str(problem)


def test_images_out_of_bounds_are_refused(spool):
    assert "more than 100 pages" in refusal(tiff("x", pages=101, size=(8, 8)), TIFF, spool)
    large = bytearray(tiff("x", mode="1", size=(8, 8)))
    with Image.open(io.BytesIO(large)) as image:
        assert image.tag_v2[256] == 8
    for tag in (256, 257):  # its width and height, as its header says
        at = large.find(struct.pack("<H", tag), 8)
        large[at : at + 12] = struct.pack("<HHLL", tag, 4, 1, 60_000)
    assert "too many pixels" in refusal(bytes(large), TIFF, spool)
    webp_size = bytearray(webp("x", lossless=True))
    at = webp_size.find(b"VP8L") + 9
    webp_size[at : at + 4] = struct.pack("<L", 0x3FFF | 0x3FFF << 14)
    assert refusal(bytes(webp_size), WEBP, spool)


def test_an_image_that_was_cut_off_is_refused(spool):
    content = tiff("x", compression="tiff_lzw")
    assert "can't be read" in refusal(content[:300], TIFF, spool)
    assert "can't be read" in refusal(webp("x")[:200], WEBP, spool)


def test_another_image_than_the_one_identified_is_not_sent(spool):
    handle = io.BytesIO(tiff("x"))
    assert isinstance(to_pdf(handle, TIFF, hashlib.sha256(b"another").hexdigest(), spool), Altered)


def test_a_full_disk_is_waited_for(tmp_path):
    content = tiff("x")
    (tmp_path / "file").write_text("a spool cannot be here")
    spool = Spool(str(tmp_path / "file" / "spool"))
    made = to_pdf(io.BytesIO(content), TIFF, hashlib.sha256(content).hexdigest(), spool)
    assert isinstance(made, Wait)


def test_a_photo_of_a_phone_needs_its_library(spool, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pillow-heif" in refusal(b"\0\0\0\x18ftypheic", HEIC, spool)
    monkeypatch.setitem(
        sys.modules, "pillow_heif", types.SimpleNamespace(register_heif_opener=lambda: None)
    )
    assert "can't be read" in refusal(b"\0\0\0\x18ftypheic", HEIC, spool)


@pytest.mark.parametrize("turned", [1, 6])
def test_a_photo_of_a_phone_is_converted_with_its_library(spool, turned):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = turned
    content = saved(picture("photo", (561, 401)), "HEIF", exif=exif.tobytes())
    assert look(content).media_type == HEIC
    (page,) = pages(content, HEIC, spool)
    assert (page[0] > page[1]) == (turned == 1)
    assert "can't be read" in refusal(content[: len(content) // 2], HEIC, spool)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_image_raises_no_exception(spool, data):
    content, media_type = data.draw(
        st.sampled_from([(tiff("x", pages=2), TIFF), (webp("x"), WEBP)])
    )
    whole = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(8, min(400, len(whole) - 1)))] = data.draw(st.integers(0, 255))
    handle, digest = io.BytesIO(whole), hashlib.sha256(whole).hexdigest()
    find_problem(handle, media_type, spool)
    made = to_pdf(handle, media_type, digest, spool)
    if not isinstance(made, Refused):
        made.handle.close()


def test_what_is_identified_is_the_image_and_not_the_pdf(tmp_path, spool):
    content = tiff("x", compression="group4", mode="1", pages=3)
    (tmp_path / "scan.tif").write_bytes(content)
    found = identify(
        str(tmp_path), str(tmp_path / "scan.tif"), accepts=lambda _: True,
        converts=lambda sniffed: sniffed.media_type == TIFF, spool=spool, keep_open=True,
    )  # fmt: skip
    document = found.document
    with found.handle:
        assert found.handle.read() == content  # though a library has read it in between
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert (document.sniffed.media_type, document.sent_type) == (TIFF, PDF)
    assert document.file_name == "scan.pdf"
