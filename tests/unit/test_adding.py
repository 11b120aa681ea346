"""Copies that are added to a folder: under which names, from where, and what is refused."""

import os

import pytest

from watcher.daemon.plans import make_plans
from watcher.documents.adding import LARGEST, Addition
from watcher.model.errors import UnusableError, UsageError
from watcher.model.settings import Account, Config, Folder


@pytest.fixture
def addition(tmp_path):
    """Returns an addition to a folder, by its name there."""
    root = os.path.realpath(tmp_path / "cvs")
    os.mkdir(root)

    def make(name, content=b"content", **settings):
        folder = Folder(path=root, account="main", source_key="0" * 40, **settings)
        account = Account(name="main", email="a@example.org")
        plans = make_plans(Config(accounts=(account,), folders=(folder,)))
        return Addition(plans[root], name, len(content))

    make.root = root
    return make


def add(made, content=b"content"):
    part = made.begin()
    made.append(part, 0, content)
    return os.path.relpath(made.finish(part), made.plan.folder.path)


def test_names_that_are_taken_get_a_number_and_nothing_is_replaced(addition):
    names = [add(addition("a/CV.pdf")) for _ in range(3)]
    assert names == ["a/CV.pdf", "a/CV (2).pdf", "a/CV (3).pdf"]
    assert sorted(os.listdir(f"{addition.root}/a")) == ["CV (2).pdf", "CV (3).pdf", "CV.pdf"]


def test_a_folder_without_its_subfolders_gets_what_was_in_them(addition):
    assert add(addition("Nurses/CV.pdf", recursive=False)) == "CV.pdf"


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../CV.pdf", "a/../../CV.pdf", "a//CV.pdf", ".", "a/.", "CV\0.pdf",
     "a\\CV.pdf", "C:\\CV.pdf", "CV\n.pdf"],
)  # fmt: skip
def test_only_a_plain_relative_path_is_a_name(addition, name):
    with pytest.raises(UsageError):
        addition(name).begin()
    assert os.listdir(addition.root) == []


@pytest.mark.parametrize("part", ["CV.pdf", ".bashrc", "../.CV.hrflow-part", ".a/b.hrflow-part"])
def test_only_a_part_is_written_to(addition, part):
    made = addition("CV.pdf")
    for act in (
        lambda: made.append(part, 0, b"x"), lambda: made.finish(part), lambda: made.cancel(part),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            act()


def test_links_are_not_followed(addition, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secret").write_bytes(b"")
    os.symlink(tmp_path / "elsewhere", f"{addition.root}/link")
    with pytest.raises(UnusableError, match="symbolic link"):
        add(addition("link/CV.pdf"))
    os.symlink(tmp_path / "secret", f"{addition.root}/.CV.pdf.hrflow-part")
    assert addition("CV.pdf").begin() == ".CV.pdf (2).hrflow-part"
    with pytest.raises(UnusableError):
        addition("CV.pdf").append(".CV.pdf.hrflow-part", 0, b"content")
    assert (tmp_path / "secret").read_bytes() == b""


def test_pieces_have_to_fit_together(addition):
    made = addition("CV.pdf", b"content")
    part = made.begin()
    made.append(part, 0, b"con")
    for offset, data in ((0, b"con"), (4, b"tent"), (3, b"tents")):
        with pytest.raises(UsageError):
            made.append(part, offset, data)
    with pytest.raises(UsageError):
        made.finish(part)
    made.append(part, 3, b"tent")
    with open(made.finish(part), "rb") as file:
        assert file.read() == b"content"


def test_what_an_interruption_left_is_used_up_but_not_what_another_one_writes(addition):
    made = addition("CV.pdf")
    abandoned, busy = made.begin(), made.begin()
    os.utime(f"{addition.root}/{abandoned}", (0, 0))
    made.append(busy, 0, b"con")
    assert add(addition("CV.pdf")) == "CV.pdf"
    assert os.listdir(addition.root) == ["CV.pdf", busy] or os.listdir(addition.root) == [
        busy,
        "CV.pdf",
    ]
    made.cancel(busy)
    assert os.listdir(addition.root) == ["CV.pdf"]


@pytest.mark.parametrize(
    ("name", "size", "why"),
    [("CV.pdf", LARGEST + 1, "larger than"), ("~$CV.docx", 9, "pattern"),
     ("drafts/CV.pdf", 9, "pattern"), (".git/CV.pdf", 9, "pattern")],
)  # fmt: skip
def test_what_would_not_be_uploaded_is_not_copied(addition, name, size, why):
    made = addition(name, ignore=("drafts/**",))
    assert addition("CV.pdf").left_out() is None
    assert why in str(Addition(made.plan, name, size).left_out())


def test_a_folder_that_is_gone_is_told(addition):
    os.rmdir(addition.root)
    with pytest.raises(UnusableError, match="No file can be written"):
        addition("CV.pdf").begin()
