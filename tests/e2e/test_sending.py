"""``send``: copies of files, and of whole folders, arrive as if they had been dropped there."""

import os

import pytest

from tests.support.samples import make_pdf


@pytest.fixture
def outside(desk):
    outside = desk.root / "outside"
    (outside / "Nurses").mkdir(parents=True)
    make_pdf(outside / "own.pdf", "own", size=2_500_000)
    make_pdf(outside / "Nurses" / "ines.pdf", "ines")
    (outside / "Nurses" / "~$ines.docx").write_bytes(b"x")
    os.symlink(outside / "own.pdf", outside / "Nurses" / "link.pdf")
    return outside


def test_files_and_folders_are_copied_and_uploaded_by_the_running_program(
    desk, outside, eventually
):
    os.chmod(outside / "own.pdf", 0o400)
    running = desk.start("run")
    running.wait_for("Watching")
    done = desk.run("send", str(outside / "own.pdf"), str(outside / "Nurses"))
    assert done.returncode == 5  # not all of them were
    assert f"2 files added to {desk.folder}." in done.stdout
    assert "~$ines.docx matches the ignored pattern" in done.stdout
    assert "not running" not in done.stdout
    eventually(lambda: len(desk.arrived()) == 2)
    copy = desk.folder / "own.pdf"
    assert copy.read_bytes() == (outside / "own.pdf").read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    assert sorted(os.listdir(desk.folder / "Nurses")) == ["ines.pdf"]
    running.end()


def test_a_script_is_told_what_was_added_and_what_not(desk, outside):
    (done,) = desk.read_json("send", str(outside / "own.pdf"))
    assert done == {
        "folder": str(desk.folder), "added": [str(desk.folder / "own.pdf")], "not_added": [],
    }  # fmt: skip
    inside, missing = str(desk.folder / "own.pdf"), str(outside / "none.pdf")
    (done,) = desk.read_json("send", inside, missing, str(outside / "own.pdf"), code=5)
    assert [each["file"] for each in done["not_added"]] == [inside, missing]
    assert done["added"] == [str(desk.folder / "own (2).pdf")]


def test_a_folder_without_files_is_said(desk, outside):
    (outside / "links").mkdir()
    os.symlink(outside / "own.pdf", outside / "links" / "own.pdf")
    done = desk.call("send", str(outside / "links"))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


@pytest.mark.parametrize("named", ["Lyon", "path"])
def test_one_of_several_folders_is_named(desk, outside, named):
    other = desk.root / "Lyon"
    other.mkdir()
    desk.configure(f'[[folders]]\npath = "{other}"\nsource_key = "{"0" * 40}"\n')
    file = str(outside / "Nurses" / "ines.pdf")
    unnamed = desk.call("send", file)
    assert (unnamed.returncode, str(other) in unnamed.stderr) == (2, True)
    assert desk.call("send", file, "--folder", "Paris").returncode == 2
    done = desk.call("send", file, "--folder", str(other) if named == "path" else named)
    assert (done.returncode, os.listdir(other)) == (0, ["ines.pdf"])
    assert "not running" in done.stdout
    assert os.listdir(desk.folder) == []
