"""What is found in zip archives, and which are refused before anything is unpacked."""

import errno
import os
import struct
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.documents import zipped
from tests.support.mails import pdf
from watcher.documents import Spool, identify, reopen
from watcher.model.files import Unusable
from watcher.sniff import formats


def look(root, name="cvs.zip", **options):
    return identify(
        str(root),
        os.path.join(root, name),
        accepts=lambda sniffed: sniffed.media_type == "application/pdf",
        opens=lambda sniffed: sniffed.media_type == formats.ZIP.media_type,
        spool=Spool(os.path.join(root, ".spool")),
        **options,
    )


def save(root, content):
    (root / "cvs.zip").write_bytes(content)


def problem(root, content):
    save(root, content)
    return str(look(root).document.problem)


def test_a_document_in_an_archive_is_read_hashed_and_sent_from_the_spool(tmp_path):
    content = pdf("cv", size=300_000)
    save(tmp_path, zipped(("CVs/Léa.pdf", content), ("CVs/other/Léa.pdf", b"x"), ("empty/", b"")))
    assert [part.name for part in look(tmp_path).document.parts] == [
        "Léa.pdf", "Léa (2).pdf",
    ]  # fmt: skip
    found = look(tmp_path, "cvs.zip/Léa.pdf", keep_open=True)
    with found.handle:
        assert found.handle.read() == content
    document, spool = found.document, Spool(str(tmp_path / "s"))
    with reopen(str(tmp_path), document.path, document.stat, spool) as again:
        assert again.read() == content


class FullSpool(Spool):
    """On a disk that is full."""

    def create(self):
        return open("/dev/full", "r+b", buffering=0)


def test_a_full_disk_is_not_the_fault_of_an_archive(tmp_path):
    save(tmp_path, zipped(("CV.pdf", pdf("cv"))))
    found = identify(
        str(tmp_path),
        str(tmp_path / "cvs.zip" / "CV.pdf"),
        accepts=lambda _: True,
        opens=lambda _: True,
        spool=FullSpool(""),
    )
    assert isinstance(found, Unusable), found
    assert found.passing
    assert found.why.args == {"error": os.strerror(errno.ENOSPC)}


def test_side_files_and_links_are_left_out(tmp_path):
    link = zipfile.ZipInfo("link.pdf")
    link.external_attr = 0o120777 << 16
    save(
        tmp_path, zipped(("CV.pdf", pdf("cv")), ("__MACOSX/._CV.pdf", b"x"), (link, "/etc/passwd"))
    )
    parts = look(tmp_path).document.parts
    assert {part.name: str(part.left_out) for part in parts} == {
        "CV.pdf": "", "._CV.pdf": "a system file", "link.pdf": "a link",
    }  # fmt: skip


def test_a_document_of_several_files_is_one_in_an_archive_too(tmp_path):
    names = (
        "cv/page.html", "cv/page_files/logo.png", "cv/page_files/app.js", "cv/Léa.rtfd/TXT.rtf",
        "cv/Léa.rtfd/photo.png", "other_files/CV.pdf",
    )  # fmt: skip
    for separator in "/\\":  # some programs for Windows write the other one
        save(tmp_path, zipped(*((name.replace("/", separator), b"x") for name in names)))
        parts = look(tmp_path).document.parts
        assert {part.name: str(part.left_out) for part in parts} == {
            "page.html": "", "logo.png": "part of page.html", "app.js": "part of page.html",
            "Léa.rtfd": "", "photo.png": "part of Léa.rtfd", "CV.pdf": "",
        }  # fmt: skip


def test_folders_are_no_files_whatever_program_wrote_them(tmp_path):
    content = zipped(("CVs/", b""), ("CVs/CV.pdf", pdf("cv"))).replace(b"CVs/", b"CVs\\")
    save(tmp_path, content)
    assert [part.name for part in look(tmp_path).document.parts] == ["CV.pdf"]


def test_a_name_of_which_only_the_extension_is_left_is_no_hidden_one(tmp_path):
    # 能 ends with a backslash in Shift-JIS; others drop what is not ASCII.
    shift_jis = zipped(("??.pdf", pdf("1")), (".pdf", pdf("2")), (".DS_Store", b"x"))
    save(tmp_path, shift_jis.replace(b"??", "能".encode("shift-jis")))
    names = [part.name for part in look(tmp_path).document.parts]
    assert names == ["attachment 1.pdf", "attachment 2.pdf", ".DS_Store"]


def with_flag(content, flag):
    """An archive whose entries say so in the directory and in front of them."""
    data = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= flag
            at = data.find(mark, at + 4)
    return bytes(data)


OUT_OF_BOUNDS = {
    "many files": (
        lambda: zipped(*((f"{n}.pdf", b"x") for n in range(501))),
        "more than 500 files",
    ),
    "a large directory": (
        lambda: zipped(*((f"{n}{'x' * 200}.pdf", b"") for n in range(7000))),
        "more than 500 files",
    ),
    "a bomb": (lambda: zipped(("a.pdf", bytes(30_000_000))), "once extracted"),
    "above": (lambda: zipped(("../CV.pdf", b"x")), "paths that point outside it"),
    "absolute": (lambda: zipped(("/etc/CV.pdf", b"x")), "paths that point outside it"),
    "drive": (lambda: zipped(("C:\\CV.pdf", b"x")), "paths that point outside it"),
    "locked": (lambda: with_flag(zipped(("CV.pdf", b"x")), 1), "has a password"),
    "lzma": (
        lambda: zipped(("CV.pdf", b"x"), compression=zipfile.ZIP_LZMA),
        "compressed in an unusual way",
    ),
}


@pytest.mark.parametrize(("make", "said"), OUT_OF_BOUNDS.values(), ids=OUT_OF_BOUNDS)
def test_what_is_out_of_bounds_is_refused_in_plain_words(tmp_path, make, said):
    assert said in problem(tmp_path, make())


def declared(size, count=1):
    """An archive whose directory says that its entries have such sizes."""
    data = bytearray(zipped(*((f"{n}.pdf", b"x" * 100) for n in range(count))))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<L", data, at + 24, size)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def test_a_bomb_costs_little(tmp_path):
    inner = zipped(("bomb", bytes(5_000_000)))
    bombs = [
        zipped(*((f"{n}.zip", inner) for n in range(400))),  # within one another
        declared(4_000_000_000),
        declared(90_000_000, 500),
        zipped(*((f"{n}.pdf", bytes(1_000_000)) for n in range(300))),
    ]
    for content in bombs:
        save(tmp_path, content)
        tracemalloc.start()
        began = time.process_time()
        document = look(tmp_path).document
        seconds, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert document.problem or all(part.size < 100_000 for part in document.parts)
        assert most < 50_000_000
        assert seconds < 60  # it is some hundredths; nothing was unpacked
    assert not os.path.exists(tmp_path / ".spool")


def test_an_entry_that_is_larger_than_said_is_not_unpacked_further(tmp_path):
    data = bytearray(zipped(("CV.pdf", bytes(20_000_000)), ("b.pdf", os.urandom(300_000))))
    struct.pack_into("<L", data, data.find(b"PK\x01\x02") + 24, 1000)
    save(tmp_path, bytes(data))
    found = look(tmp_path, "cvs.zip/CV.pdf")
    assert found.document.stat.size <= 1000
    assert found.document.problem  # its checksum is another


def test_a_damaged_entry_is_refused_and_the_others_are_read(tmp_path):
    data = bytearray(zipped(("a.pdf", os.urandom(2000)), ("b.pdf", pdf("b"))))
    data[200] ^= 255
    save(tmp_path, bytes(data))
    assert "damaged" in str(look(tmp_path, "cvs.zip/a.pdf").document.problem)
    assert look(tmp_path, "cvs.zip/b.pdf").document.sha256


def test_an_archive_without_files_holds_none(tmp_path):
    save(tmp_path, zipped())
    assert look(tmp_path).document.parts == ()


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_raises_no_exception(tmp_path, data):
    whole = bytearray(zipped(("CV.pdf", pdf("cv")), ("b/c.pdf", pdf("c"))))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    save(tmp_path, bytes(whole))
    found = look(tmp_path)
    for each in found.document.parts or ():
        assert not isinstance(look(tmp_path, f"cvs.zip/{each.name}"), Unusable)


def test_names_in_utf_8_are_read_as_such_though_the_archive_does_not_say_so(tmp_path):
    raw = "Léa.pdf".encode()
    data = zipped(("x" * len(raw), b"x")).replace(b"x" * len(raw), raw)
    save(tmp_path, data)
    assert [part.name for part in look(tmp_path).document.parts] == ["Léa.pdf"]
