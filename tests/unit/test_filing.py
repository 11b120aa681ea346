"""Filing away: nothing overwritten, nothing lost, finished when done again after a crash."""

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest

from watcher.documents import moving, stat_file
from watcher.documents.filing import file_away, write_error_note
from watcher.documents.opening import RefusedError, open_directory
from watcher.i18n.message import msg
from watcher.model.entries import Stat
from watcher.model.files import Filed, FilingFailed
from watcher.model.settings import AfterRefusal, AfterUpload

DAY = date(2024, 5, 31)
MOVE = AfterUpload.MOVE
CHANGED = "The file changed after it was uploaded, so it was not moved."

every_way = pytest.mark.usefixtures("has_dir_fd", "hard_links")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "w" / "sub").mkdir(parents=True)
    return str(tmp_path / "w")


@pytest.fixture
def elsewhere(tmp_path):
    """A directory on another file system than ``tmp_path``."""
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is no second file system to move files to")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        yield directory


def make(path, content=b"cv"):
    with open(path, "wb") as out:
        out.write(content)
    os.utime(path, ns=(10**18, 10**18 + 7))
    return path


def away(root, path, stat=None, how=MOVE, target="Sent"):
    return file_away(root, path, stat or stat_file(root, path), how, f"{target}/{DAY}")


def tree(root):
    """All files below ``root`` and what they hold."""
    return {
        os.path.relpath(os.path.join(top, name), root): Path(top, name).read_bytes()
        for top, _, names in os.walk(root)
        for name in names
    }


@every_way
@pytest.mark.parametrize("how", [AfterUpload.MOVE, AfterRefusal.MOVE])
def test_a_file_is_moved_into_the_dated_folder(root, how):
    path = make(f"{root}/sub/cv.pdf")
    stat = stat_file(root, path)
    filed = away(root, path, how=how)
    assert filed == Filed(f"{root}/Sent/2024-05-31/cv.pdf")
    assert stat_file(root, filed.path) == stat
    assert tree(root) == {"Sent/2024-05-31/cv.pdf": b"cv"}


@every_way
def test_nothing_is_overwritten(root):
    contents = [b"first", b"second", b"third"]
    for content in contents:
        away(root, make(f"{root}/cv.pdf", content))
    names = ["cv.pdf", "cv (2).pdf", "cv (3).pdf"]
    assert tree(f"{root}/Sent/2024-05-31") == dict(zip(names, contents, strict=True))


def test_keeping_does_nothing(root):
    path = make(f"{root}/cv.pdf")
    for how in (AfterUpload.KEEP, AfterRefusal.KEEP):
        assert away(root, path, how=how) == Filed(path)
    assert tree(root) == {"cv.pdf": b"cv"}


@every_way
def test_across_file_systems_a_file_is_copied_and_then_removed(root, elsewhere):
    path = make(f"{root}/cv.pdf", b"x" * 1_000_000)
    os.chmod(path, 0o600)
    make(f"{elsewhere}/other.pdf")
    target = f"{elsewhere}/new/Sent"
    filed = away(root, path, target=target)
    assert filed == Filed(f"{elsewhere}/new/Sent/2024-05-31/cv.pdf")
    assert tree(root) == {}
    assert tree(f"{elsewhere}/new") == {"Sent/2024-05-31/cv.pdf": b"x" * 1_000_000}
    assert os.stat(filed.path).st_mtime_ns == 10**18 + 7
    assert os.stat(filed.path).st_mode & 0o777 == 0o600
    again = away(root, make(path, b"second"), target=target)
    assert again == Filed(f"{elsewhere}/new/Sent/2024-05-31/cv (2).pdf")


def test_a_copy_that_a_crash_left_behind_does_not_disturb(root, elsewhere):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    os.makedirs(f"{elsewhere}/2024-05-31")
    make(f"{elsewhere}/2024-05-31/.{stat.device:x}-{stat.inode:x}.hrflow-part", b"half")
    away(root, path, target=elsewhere)
    assert tree(elsewhere) == {"2024-05-31/cv.pdf": b"cv"}


ALTERED = [
    (lambda path: Path(path).write_bytes(b"new content"), "rewritten"),
    (lambda path: (os.unlink(path), os.mkdir(path)), "a directory by now"),
    (lambda path: (os.unlink(path), os.symlink("/etc/hostname", path)), "a link by now"),
    (lambda path: (os.unlink(path), os.mkfifo(path)), "a pipe by now"),
]


@pytest.mark.parametrize("how", [AfterUpload.MOVE, AfterUpload.TRASH])
@pytest.mark.parametrize(("alter", "why"), ALTERED)
def test_what_is_no_longer_the_file_that_was_sent_stays(root, alter, why, how):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    alter(path)
    found = away(root, path, stat, how)
    assert isinstance(found, FilingFailed), why
    assert str(found.why).endswith(CHANGED)
    assert not found.passing
    assert os.listdir(root) in (["cv.pdf", "sub"], ["sub", "cv.pdf"])


def test_a_file_that_is_gone_is_filed(root):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    os.unlink(path)
    assert away(root, path, stat) == Filed("")
    assert away(root, f"{root}/missing/cv.pdf", stat) == Filed("")
    assert away(root, path, stat, AfterUpload.TRASH) == Filed("")
    assert os.listdir(root) == ["sub"]


def test_after_a_crash_the_file_that_was_moved_is_found(root):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    away(root, make(path, b"another"))
    make(path)
    stat = stat_file(root, path)
    first = away(root, path)
    assert away(root, path, stat) == first == Filed(f"{root}/Sent/2024-05-31/cv (2).pdf")


def test_a_crash_between_link_and_unlink_is_finished(root):
    path = make(f"{root}/cv.pdf")
    os.makedirs(f"{root}/Sent/2024-05-31")
    os.link(path, f"{root}/Sent/2024-05-31/cv.pdf")
    assert away(root, path) == Filed(f"{root}/Sent/2024-05-31/cv.pdf")
    assert tree(root) == {"Sent/2024-05-31/cv.pdf": b"cv"}


def swap_before_unlink(monkeypatch, path, swap):
    """Have ``swap`` done between the taking of the new name and the removal of the old one."""
    real = moving._remove

    def swapped(*args):
        swap(path)
        return real(*args)

    monkeypatch.setattr(moving, "_remove", swapped)


def test_what_takes_the_files_place_meanwhile_is_not_removed(root, monkeypatch):
    path = make(f"{root}/cv.pdf")

    def swap(path):
        os.unlink(path)
        make(path, b"a new CV")

    swap_before_unlink(monkeypatch, path, swap)
    assert away(root, path) == Filed(f"{root}/Sent/2024-05-31/cv.pdf")
    assert tree(root) == {"cv.pdf": b"a new CV", "Sent/2024-05-31/cv.pdf": b"cv"}


def test_a_file_that_is_removed_meanwhile_is_not_lost(root, monkeypatch):
    path = make(f"{root}/cv.pdf")
    swap_before_unlink(monkeypatch, path, os.unlink)
    assert away(root, path) == Filed(f"{root}/Sent/2024-05-31/cv.pdf")
    assert tree(root) == {"Sent/2024-05-31/cv.pdf": b"cv"}


@pytest.mark.usefixtures("hard_links")
@pytest.mark.parametrize("across", [False, True])
def test_another_version_that_slips_in_is_left_where_it_is(root, request, across):
    target = request.getfixturevalue("elsewhere") if across else f"{root}/sub"
    make(f"{root}/cv.pdf", b"another version")
    with (
        open_directory(root, []) as source,
        open_directory(target, []) as place,
        pytest.raises(RefusedError, match=CHANGED),
    ):
        moving.move(source, "cv.pdf", place, Stat(2, 1))
    assert (tree(root), tree(target)) == ({"cv.pdf": b"another version"}, {})


NAMES = [
    (b"caf\xe9.pdf", b"caf\xe9 (2).pdf", "not UTF-8"),
    (b"a\nb.pdf", b"a\nb (2).pdf", "a line end"),
    (b"x" * 251 + b".pdf", b"x" * 247 + b" (2).pdf", "as long as can be"),
    ("é".encode() * 125 + b"x.pdf", "é".encode() * 123 + b" (2).pdf", "long, in two bytes each"),
    (b"no extension", b"no extension (2)", "no extension"),
]


@pytest.mark.parametrize(("name", "second", "why"), NAMES)
def test_names_of_all_kinds(root, name, second, why):
    path = os.path.join(root, os.fsdecode(name))
    assert os.fsencode(os.path.basename(away(root, make(path)).path)) == name
    again = away(root, make(path, b"second"))
    assert os.fsencode(os.path.basename(again.path)) == second, why
    assert len(second) <= 255


@every_way
def test_no_link_is_followed_below_the_folder(root, tmp_path):
    path = make(f"{root}/cv.pdf")
    os.symlink(tmp_path, f"{root}/Sent")
    found = away(root, path)
    assert isinstance(found, FilingFailed)
    assert "contains a symbolic link" in str(found.why)
    assert (sorted(os.listdir(tmp_path)), tree(root)["cv.pdf"]) == (["w"], b"cv")


def test_a_target_elsewhere_may_be_behind_a_link(root, tmp_path):
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "target")
    away(root, make(f"{root}/cv.pdf"), target=str(tmp_path / "target"))
    assert tree(tmp_path / "real") == {"2024-05-31/cv.pdf": b"cv"}


@every_way
@pytest.mark.parametrize("target", ["Sent", "absolute"])
def test_a_target_that_is_a_file(root, tmp_path, target):
    path = make(f"{root}/cv.pdf")
    if target == "absolute":
        target = make(str(tmp_path / "absolute"))
    else:
        make(f"{root}/Sent", b"a file")
    found = away(root, path, target=target)
    assert isinstance(found, FilingFailed)
    assert str(found.why).startswith(f"The file could not be moved to {target}")
    assert os.path.exists(path)


def test_a_folder_that_cannot_be_reached_is_not_a_file_that_is_gone(root):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    os.rename(root, f"{root}-unplugged")
    assert away(root, path, stat).passing


def test_the_trash_of_the_system(root, tmp_path):
    path = make(os.path.join(root, os.fsdecode(b"caf\xe9.pdf")))
    run = (
        "import sys, os\n"
        "from watcher.documents.filing import file_away\n"
        "from watcher.documents.opening import stat_file\n"
        "from watcher.model.settings import AfterUpload\n"
        "root, path = sys.argv[1:]\n"
        "print(file_away(root, path, stat_file(root, path), AfterUpload.TRASH, ''))\n"
    )
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", run, root, path], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Filed(path='')\n"
    assert not os.path.exists(path)
    assert os.listdir(root) == ["sub"]
    if sys.platform == "linux":
        assert len(os.listdir(tmp_path / "data" / "Trash" / "files")) == 1
        (info,) = (tmp_path / "data" / "Trash" / "info").iterdir()
        assert f"Path={root}/caf%E9.pdf\n" in info.read_text()  # from where it can be restored


@pytest.fixture
def trash(tmp_path, monkeypatch):
    """A trash that keeps what it is given, by name."""
    made = tmp_path / "trash"
    made.mkdir()
    taken = lambda path: os.rename(path, made / os.path.basename(path))  # noqa: E731 - short
    monkeypatch.setattr("send2trash.send2trash", taken)
    return made


@pytest.mark.parametrize(("swap", "why"), ALTERED)
@pytest.mark.usefixtures("has_dir_fd")
def test_what_is_swapped_in_for_a_file_does_not_go_to_the_trash(
    root, trash, monkeypatch, swap, why
):
    path, real = make(f"{root}/cv.pdf"), os.replace

    def swap_first(*paths, **directories):
        monkeypatch.undo()
        os.rename(path, f"{root}/sub/kept.pdf")
        make(path)
        swap(path)
        monkeypatch.setattr("send2trash.send2trash", lambda path: pytest.fail(f"trashed {path}"))
        real(*paths, **directories)

    monkeypatch.setattr("watcher.documents.moving.os.replace", swap_first)
    found = away(root, path, how=AfterUpload.TRASH)
    assert isinstance(found, FilingFailed), why
    assert str(found.why).endswith(CHANGED)
    assert sorted(os.listdir(root)) == ["cv.pdf", "sub"]
    assert tree(f"{root}/sub") == {"kept.pdf": b"cv"}
    assert os.listdir(trash) == []


def test_a_name_that_is_taken_while_the_wrong_file_is_put_back_is_not_overwritten(
    root, monkeypatch
):
    path, real = make(f"{root}/cv.pdf"), os.replace

    def swap_twice(*paths, **directories):
        monkeypatch.undo()
        os.unlink(path)
        make(path, b"second")
        real(*paths, **directories)
        make(path, b"third")

    monkeypatch.setattr("watcher.documents.moving.os.replace", swap_twice)
    assert isinstance(away(root, path, how=AfterUpload.TRASH), FilingFailed)
    assert tree(root) == {"cv.pdf": b"third", "cv (2).pdf": b"second"}


@pytest.mark.parametrize("trashed", [False, True], ids=["moved aside", "trashed"])
def test_trashing_is_finished_after_a_crash(root, trash, trashed):
    path = make(f"{root}/cv.pdf")
    stat = stat_file(root, path)
    aside = f"{root}/.{stat.device:x}-{stat.inode:x}.hrflow-trash"
    os.mkdir(aside)
    os.rename(path, trash / "cv.pdf" if trashed else f"{aside}/cv.pdf")
    assert away(root, path, stat, AfterUpload.TRASH) == Filed("")
    assert os.listdir(trash) == ["cv.pdf"]
    assert os.listdir(root) == ["sub"]


def test_where_the_trash_takes_names_a_file_is_looked_at_right_before(root, trash, monkeypatch):
    monkeypatch.setattr("watcher.documents.moving._IS_FREEDESKTOP", False)  # as on Windows
    path = make(f"{root}/cv.pdf")
    assert away(root, path, how=AfterUpload.TRASH) == Filed("")
    assert os.listdir(trash) == ["cv.pdf"]


def test_a_trash_that_cannot_be_used(root, tmp_path):
    path = make(f"{root}/cv.pdf")
    run = (
        "import sys, send2trash\n"
        "from send2trash.exceptions import TrashPermissionError\n"
        "def refuse(path): raise TrashPermissionError(path)\n"
        "send2trash.send2trash = refuse\n"
        "from watcher.documents.filing import file_away\n"
        "from watcher.documents.opening import stat_file\n"
        "from watcher.model.settings import AfterUpload\n"
        "root, path = sys.argv[1:]\n"
        "print(file_away(root, path, stat_file(root, path), AfterUpload.TRASH, '').why)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, root, path], capture_output=True, text=True, check=True
    )
    assert "could not be moved to the trash (Permission denied)" in done.stdout
    assert os.path.exists(path)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("This file is a program.", "This file is a program."),
        ("HrFlow rejected this file (400): Bad.", "HrFlow rejected this file (400): Bad."),
        (
            "HrFlow says this file is too large (413). Save a smaller version of it.",
            "HrFlow says this file is too large (413). Save a smaller version of it.",
        ),
    ],
)
def test_the_note_is_one_sentence(root, why, said):
    note = write_error_note(make(f"{root}/cv.pdf"), msg(why))
    text = Path(note.path).read_text(encoding="utf-8")
    assert text == f"cv.pdf was not uploaded to HrFlow. {said}\n"


def test_the_note_beside_a_refused_file(root):
    path = make(f"{root}/cv.pdf")
    note = write_error_note(path, msg("This file is a program."))
    assert note == Filed(f"{path}.error.txt")
    text = Path(note.path).read_text(encoding="utf-8")
    assert text == "cv.pdf was not uploaded to HrFlow. This file is a program.\n"
    assert write_error_note(path, msg("This file is a program.")) == note
    other = write_error_note(path, msg("breaks off"))
    assert other == Filed(f"{root}/cv.pdf (2).error.txt")
    assert Path(note.path).read_text(encoding="utf-8") == text


def test_a_note_is_not_written_through_a_link(root, tmp_path):
    path = make(f"{root}/cv.pdf")
    os.symlink(tmp_path / "victim", f"{path}.error.txt")
    assert write_error_note(path, msg("is a program")) == Filed(f"{root}/cv.pdf (2).error.txt")
    assert not os.path.exists(tmp_path / "victim")


@pytest.mark.parametrize("name", [b"caf\xe9.pdf", b"x" * 251 + b".pdf"])
def test_notes_for_names_of_all_kinds(root, name):
    note = write_error_note(make(os.path.join(root, os.fsdecode(name))), msg("is a program"))
    assert note.path.endswith(".error.txt")
    assert len(os.fsencode(os.path.basename(note.path))) <= 255
    assert Path(note.path).read_text(encoding="utf-8")


def test_a_note_that_cannot_be_written(tmp_path):
    found = write_error_note(str(tmp_path / "missing" / "cv.pdf"), msg("is a program"))
    assert isinstance(found, FilingFailed)
