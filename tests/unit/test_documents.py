"""Opening, identifying and reopening: real files and what lies about in real folders."""

import errno
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from tests.support import samples
from tests.support.bare_python import BARE
from watcher.documents import identify, open_document, reopen, stat_file
from watcher.documents.identification import being_written, judge_sharing
from watcher.documents.opening import RefusedError, explain
from watcher.i18n.message import msg
from watcher.model.entries import Stat
from watcher.model.files import Identified, Unusable
from watcher.model.uploads import Altered
from watcher.system import file_system_of

PDF = Path(samples.PDF).read_bytes()
LINK = "This is a symbolic link, and links are not followed."
BEHIND = "The path of this file contains a symbolic link, and links are not followed."
OUTSIDE = "The file is not in the watched folder."

both_ways = pytest.mark.usefixtures("has_dir_fd")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux who writes")


def everything(_sniffed):
    return True


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "watched"
    (root / "sub").mkdir(parents=True)
    (root / "cv.pdf").write_bytes(PDF)
    (root / "sub" / "cv.pdf").write_bytes(PDF)
    (root / "dir.pdf").mkdir()
    os.symlink(root / "cv.pdf", root / "link.pdf")
    os.symlink("missing", root / "broken link.pdf")
    os.symlink(root / "sub", root / "linked")
    os.mkfifo(root / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s.pdf"))
    return str(root)


REFUSED = [
    ("link.pdf", LINK, False, False, "a link to a file"),
    ("broken link.pdf", LINK, False, False, "a link to nothing"),
    ("linked/cv.pdf", BEHIND, False, False, "a link on the way"),
    ("dir.pdf", "This is a folder.", False, False, "a directory that is called like a file"),
    ("pipe.pdf", "This is a pipe, not a file.", False, False, "would block"),
    ("s.pdf", "This is a socket, not a file.", False, False, "cannot be opened"),
    ("missing.pdf", "The file no longer exists.", True, False, "vanished"),
    ("missing/cv.pdf", "The file no longer exists.", True, False, "vanished with its directory"),
    ("cv.pdf/cv.pdf", "The file no longer exists.", True, False, "a file where a directory was"),
    ("../watched/cv.pdf", OUTSIDE, False, False, "a way out"),
    ("./cv.pdf", OUTSIDE, False, False, "not written plainly"),
    ("", OUTSIDE, False, False, "the folder itself"),
    ("x" * 300, None, False, False, "no file can have this name"),
]


@both_ways
@pytest.mark.parametrize(("name", "words", "gone", "passing", "why"), REFUSED)
def test_what_is_not_opened(root, name, words, gone, passing, why):
    path = f"{root}/{name}"
    found = open_document(root, path)
    assert isinstance(found, Unusable), why
    assert (found.gone, found.passing) == (gone, passing)
    assert str(found.why) == (words or str(found.why))
    assert stat_file(root, path) is None
    assert identify(root, path, accepts=everything) == found


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="this system has no /dev/null")
@both_ways
def test_a_device_is_not_opened():
    found = open_document("/dev", "/dev/null")
    assert found == Unusable(msg("This is a device, not a file."))


def test_a_second_name_of_somebody_elses_file_is_not_opened(root, tmp_path):
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    mine, theirs = tmp_path / "mine.pdf", tmp_path / "theirs.pdf"
    for path, user in ((mine, 0), (theirs, 65534)):
        path.write_bytes(b"x")
        os.chown(path, user, -1)
        os.link(path, os.path.join(root, path.name))
    found = open_document(root, f"{root}/theirs.pdf")
    assert isinstance(found, Unusable)
    assert (str(found.why), found.passing) == (
        "The file belongs to another user (hard link). Add a copy instead.", False,
    )  # fmt: skip
    open_document(root, f"{root}/mine.pdf").handle.close()
    theirs.unlink()  # the last name: it was given away, and leads nowhere
    open_document(root, f"{root}/theirs.pdf").handle.close()


def test_a_path_elsewhere_is_not_opened(root):
    assert open_document(root, f"{root}-2/cv.pdf") == Unusable(msg(OUTSIDE))
    assert open_document(root, "/etc/hostname") == Unusable(msg(OUTSIDE))


@both_ways
@pytest.mark.parametrize("name", ["cv.pdf", "sub/cv.pdf"])
def test_a_file_is_opened_at_its_start(root, name):
    path = f"{root}/{name}"
    opened = open_document(root, path)
    with opened.handle as handle:
        assert handle.read() == PDF
    real = os.stat(path)
    assert opened.stat == Stat(len(PDF), real.st_mtime_ns, real.st_dev, real.st_ino)
    assert stat_file(root, path) == opened.stat


@both_ways
def test_the_watched_folder_itself_may_be_a_link(root, tmp_path):
    os.symlink(root, tmp_path / "entry")
    entry = str(tmp_path / "entry")
    with open_document(entry, f"{entry}/sub/cv.pdf").handle as handle:
        assert handle.read(5) == b"%PDF-"


@pytest.mark.parametrize("name", [b"caf\xe9.pdf", b"a\nb.pdf", "é".encode() * 125 + b".pdf"])
def test_names_of_all_kinds(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    with open(path, "wb") as out:
        out.write(PDF)
    found = identify(str(tmp_path), os.fsdecode(path), accepts=everything)
    assert os.fsencode(found.document.path) == path
    assert found.document.file_name.encode()


WORDS = [
    (RefusedError("was replaced", passing=True), "was replaced", True, "our own word"),
    (
        PermissionError(errno.EACCES, "no"),
        "The file can't be read: this user has no permission.",
        True,
        "may be granted",
    ),
    (
        OSError(errno.EIO, "I/O error"),
        "The file could not be read (I/O error).",
        True,
        "a share that is gone",
    ),
    (
        OSError(errno.EMFILE, "Too many"),
        "The file could not be read (Too many).",
        True,
        "too many open files",
    ),
    (
        OSError(errno.ENAMETOOLONG, "Long"),
        "The file could not be read (Long).",
        False,
        "never different",
    ),
]


@pytest.mark.parametrize(("error", "words", "passing", "why"), WORDS)
def test_errors_in_words(error, words, passing, why):
    found = explain(error)
    assert (str(found.why), found.passing) == (words, passing), why


def test_a_sharing_violation_passes():
    error = PermissionError(errno.EACCES, "in use")
    error.winerror = 32
    assert explain(error) == Unusable(msg("The file is open in another program."), passing=True)


@both_ways
def test_identify_opens_looks_hashes_and_rewinds(root):
    path = f"{root}/sub/cv.pdf"
    found = identify(root, path, accepts=everything, keep_open=True)
    with found.handle as handle:
        assert handle.read() == PDF
    document = found.document
    assert document.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (document.folder, document.path, document.file_name) == (root, path, "cv.pdf")
    assert document.sniffed.media_type == "application/pdf"
    assert document.stat == stat_file(root, path)


@pytest.mark.parametrize(
    ("accepts", "max_size", "hashed", "why"),
    [
        (everything, 0, True, "no limit"),
        (everything, len(PDF), True, "just within the limit"),
        (everything, len(PDF) - 1, False, "too large: it is refused anyway"),
        (lambda sniffed: sniffed.media_type == "image/png", 0, False, "not accepted: likewise"),
    ],
)
def test_what_is_refused_anyway_is_not_hashed(root, accepts, max_size, hashed, why):
    found = identify(root, f"{root}/cv.pdf", accepts=accepts, max_size=max_size)
    assert (bool(found.document.sha256), found.handle) == (hashed, None), why


@pytest.mark.parametrize(("mode", "data"), [("ab", b"more"), ("r+b", b"%PDF-1.7"), ("wb", b"")])
def test_a_file_that_changes_while_it_is_read_is_tried_again(root, mode, data):
    path = f"{root}/cv.pdf"

    def alter(_sniffed):
        with open(path, mode) as out:
            out.write(data)
        os.utime(path, ns=(1, 1))
        return True

    found = identify(root, path, accepts=alter, keep_open=True)
    assert found == Unusable(msg("The file changed while it was being read."), passing=True)


def test_a_large_file_takes_no_memory(tmp_path):
    path = tmp_path / "large.txt"
    with open(path, "wb") as out:
        out.write(b"CV\n")
        out.truncate(200_000_000)
    tracemalloc.start()
    found = identify(str(tmp_path), str(path), accepts=everything)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.document.sha256) == 64
    assert peak < 3_000_000


def test_reopen_gives_the_same_version(root):
    path = f"{root}/cv.pdf"
    with reopen(root, path, stat_file(root, path)) as handle:
        assert handle.read() == PDF


CHANGES = [
    (lambda path: os.utime(path, ns=(5, 5)), "The file changed while it was being checked.", False),
    (
        lambda path: Path(path).write_bytes(b"x"),
        "The file changed while it was being checked.",
        False,
    ),
    (
        lambda path: os.replace(f"{path}.new", path),
        "The file changed while it was being checked.",
        False,
    ),
    (os.unlink, "The file no longer exists.", True),
]


@pytest.mark.parametrize(("change", "words", "gone"), CHANGES)
def test_reopen_says_what_became_of_it(root, change, words, gone):
    path = f"{root}/cv.pdf"
    stat = stat_file(root, path)
    Path(f"{path}.new").write_bytes(PDF)
    os.utime(f"{path}.new", ns=(stat.mtime_ns, stat.mtime_ns))
    change(path)
    assert reopen(root, path, stat) == Altered(msg(words), gone=gone)


def test_reopen_follows_no_link_that_took_the_place(root):
    path = f"{root}/cv.pdf"
    stat = stat_file(root, path)
    os.rename(path, f"{root}/moved.pdf")
    os.symlink(f"{root}/moved.pdf", path)
    assert reopen(root, path, stat) == Altered(msg(LINK))


@linux_only
def test_a_writer_in_another_process_is_noticed(root):
    path = f"{root}/cv.pdf"
    hold = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [*BARE, hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        with open(path, "rb") as handle:
            assert being_written(handle, path) is True
        found = identify(root, path, accepts=everything)
        assert isinstance(found, Identified)
        assert found.being_written is True
    with open(path, "rb") as handle:
        assert being_written(handle, path) is False


@linux_only
def test_readers_are_not_writers_and_the_question_leaves_nothing(root):
    path = f"{root}/cv.pdf"
    with open(path, "rb"), open(path, "rb") as handle:
        assert being_written(handle, path) is False
        with open(path, "r+b"):  # would wait for a lease that was left
            assert being_written(handle, path) is True


@linux_only
def test_what_cannot_hold_a_lease_is_not_said_to_be_written():
    out, into = os.pipe()
    with open(out, "rb") as handle, open(into, "wb"):
        assert being_written(handle, "a pipe") is None


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:52 / /mnt/share rw,relatime shared:7 master:1 - cifs //server/share rw
41 22 0:53 / /mnt/nfs rw - nfs4 server:/cvs rw
42 22 0:54 / /mnt/drive rw - fuse.rclone drive: rw
"""


@pytest.mark.parametrize(
    ("mount", "kind"),
    [(22, "ext4"), (40, "cifs"), (41, "nfs4"), (42, "fuse.rclone"), (9, "")],
)
def test_the_file_system_of_an_open_file_is_known(tmp_path, mount, kind):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    (tmp_path / "fdinfo").mkdir()
    (tmp_path / "fdinfo" / "7").write_text(f"pos:\t0\nflags:\t0100000\nmnt_id:\t{mount}\n")
    assert file_system_of(7, str(tmp_path)) == kind


def test_without_a_list_of_mounts_nothing_is_claimed(tmp_path):
    assert file_system_of(7, str(tmp_path / "missing")) == ""


@linux_only
@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="there is no file system in memory")
def test_of_a_file_in_memory_it_is_known_too_who_writes_it():
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as writer, open(writer.name, "rb") as handle:
        assert being_written(handle, writer.name) is True
        writer.file.close()
        assert being_written(handle, writer.name) is False


@linux_only
@pytest.mark.parametrize("kind", ["fuse.bindfs", "virtiofs", "drvfs", "nfs4", ""])
def test_where_others_may_write_unseen_a_lease_says_nothing(root, kind, monkeypatch):
    path = f"{root}/cv.pdf"
    monkeypatch.setattr("watcher.documents.identification.os.major", lambda _device: 0)
    monkeypatch.setattr("watcher.documents.identification.file_system_of", lambda _fd: kind)
    with open(path, "rb") as handle:
        assert being_written(handle, path) is None
        with open(path, "r+b"):
            assert being_written(handle, path) is None


@pytest.mark.parametrize(
    ("code", "written", "why"),
    [(0, False, "opened"), (32, True, "sharing violation"), (5, None, "access denied")],
)
def test_what_windows_answers(code, written, why):
    asked = []
    assert judge_sharing("C:\\cv.pdf", lambda path: asked.append(path) or code) is written, why
    assert asked == ["C:\\cv.pdf"]
