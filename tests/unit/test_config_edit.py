"""Edits of a configuration: they say what was asked, touch nothing else, and are never half."""

import os
import stat
import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import load
from watcher.config.editor import read_or_new, replace_text
from watcher.config.edits import (
    DropFolder,
    PutAccount,
    PutFolder,
    apply,
)
from watcher.config.load import put_together
from watcher.config.mistakes import Mistakes
from watcher.config.paths import PathContext
from watcher.config.setup_plan import read_configured
from watcher.config.toml import comments, parse
from watcher.model.errors import ConfigError
from watcher.model.settings import AfterUpload, Item

KEY = "e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09"
FULL = """\
# What the office agreed on, 2026

# Ours
[account]
email = "a@example.com"  # Ann's
proxy = "none"

[defaults]
tags = { office = "Paris" }

# Lyon's CVs
[[folders]]
path = '/srv/lyon'   # on the share
source_key = "k1"
# after_upload = "trash", said Bob

# what comes by mail
[[folders.rules]]
match = "mail/**"
ignore = true

# Nantes' CVs
[[folders]]
path = "/srv/nantes"
source_key = "k2"  # source "Old name"
[folders.tags]
city = "Nantes"  # not the region

# the end
"""


def put(at=None, name="", **values):
    return PutFolder(at, values, name)


def items(**values):
    return tuple(Item(name=name, value=value) for name, value in values.items())


def changed_lines(old, new):
    """(lines that went, lines that came)."""
    before, after = old.splitlines(), new.splitlines()
    return [x for x in before if x not in after], [x for x in after if x not in before]


@pytest.mark.parametrize(
    ("edit", "went", "came"),
    [
        # a value is replaced where it stands, and keeps the comment behind it
        (PutAccount("default", {"email": "b@example.com"}), ['email = "a@example.com"  # Ann\'s'], ['email = "b@example.com"  # Ann\'s']),
        # a new key stands behind the table's last one, not behind the next table's comment
        (PutAccount("default", {"api_url": "https://x.example"}), [], ['api_url = "https://x.example"']),
        (put(0, after_upload="move"), [], ['after_upload = "move"']),
        # the source's remark goes with its key, so that it never tells the name of another one
        (put(1, "New", source_key="k3"), ['source_key = "k2"  # source "Old name"'], ['source_key = "k3"  # source "New"']),
        (put(1, source_key="k3"), ['source_key = "k2"  # source "Old name"'], ['source_key = "k3"']),
        # tags in a table of their own are changed one by one
        (put(1, tags=items(city="Angers", n=1)), ['city = "Nantes"  # not the region'], ['city = "Angers"  # not the region', "n = 1"]),
        (put(0, tags=items(a=True)), [], ["tags = { a = true }"]),
        # a removed folder takes along the comments right above it and inside it
        (DropFolder(0), ["# Lyon's CVs", "path = '/srv/lyon'   # on the share", 'source_key = "k1"', '# after_upload = "trash", said Bob', "# what comes by mail", "[[folders.rules]]", 'match = "mail/**"', "ignore = true"], []),
        (DropFolder(1), ["# Nantes' CVs", 'path = "/srv/nantes"', 'source_key = "k2"  # source "Old name"', "[folders.tags]", 'city = "Nantes"  # not the region'], []),
        # a second account
        (PutAccount("lyon", {"email": "l@example.com"}), [], ["# One HrFlow workspace.", "[accounts.lyon]", 'email = "l@example.com"']),
    ],
)  # fmt: skip
def test_nothing_but_the_edit_changes(edit, went, came):
    assert changed_lines(FULL, apply(FULL, [edit])) == (went, came)


def test_a_new_key_stands_right_below_its_table(tmp_path):
    lines = apply(FULL, [put(0, after_upload="move")]).splitlines()
    at = lines.index('after_upload = "move"')
    assert lines[at - 1] == 'source_key = "k1"'


def test_an_edit_that_says_what_is_there_changes_no_character():
    assert apply(FULL, [PutAccount("default", {"email": "a@example.com"})]) == FULL
    assert apply(FULL, [put(1, tags=items(city="Nantes"))]) == FULL
    assert apply(f"{FULL}\n\n", [put(1, tags=items(city="Nantes"))]) == f"{FULL}\n\n"


@pytest.mark.parametrize(
    ("text", "edits", "said"),
    [
        # every way in which TOML lets the same be written
        ('account = { email = "a" }', [PutAccount("default", {"email": "b", "proxy": "none"})], {"account": {"email": "b", "proxy": "none"}}),
        ('account.email = "a" # c', [PutAccount("default", {"email": "b"})], {"account": {"email": "b"}}),
        ('[accounts]\nparis.email = "a"', [PutAccount("paris", {"email": "b"})], {"accounts": {"paris": {"email": "b"}}}),
        ('[accounts.default]\nemail = "a"', [PutAccount("default", {"email": "b"})], {"accounts": {"default": {"email": "b"}}}),
        ('[ account ] # x\n"email"=\'a\'', [PutAccount("default", {"email": "b"})], {"account": {"email": "b"}}),
        ("", [PutAccount("a b", {"email": "b"})], {"accounts": {"a b": {"email": "b"}}}),
        ('folders = [{ path = "/a" }]', [put(0, tags=items(a=1))], {"folders": [{"path": "/a", "tags": {"a": 1}}]}),
        ('[[folders]]\npath = "/a"\ntags = [{ name = "x", value = 1 }]', [put(0, tags=items(y=2))], {"folders": [{"path": "/a", "tags": {"y": 2}}]}),
        ('[[folders]]\npath = "/a"\ntags.x = 1\ntags.z = 3', [put(0, tags=items(y=2, z=3))], {"folders": [{"path": "/a", "tags": {"y": 2, "z": 3}}]}),
        ('[[folders]]\npath = "/a"\n[[folders.tags]]\nname = "x"\nvalue = 1', [put(0, tags=items(y=2))], {"folders": [{"path": "/a", "tags": {"y": 2}}]}),
        # types that Python takes for equal
        ("[[folders]]\nrecursive = 1", [put(0, recursive=True)], {"folders": [{"recursive": True}]}),
        # no line end at the end; headers and keys that only look like some
        ('[[folders]]\npath = """\n[account]\nemail = "x"\n# no comment\n"""', [put(0, account="a"), put(path="/b")], {"folders": [{"path": '[account]\nemail = "x"\n# no comment\n', "account": "a"}, {"path": "/b"}]}),
        ("[[folders]]", [put(0, path="/a")], {"folders": [{"path": "/a"}]}),
        # backslashes and quotes
        ("", [put(path="C:\\CVs\\neu"), put(path="C:\\it's \"x\"")], {"folders": [{"path": "C:\\CVs\\neu"}, {"path": "C:\\it's \"x\""}]}),
        # characters that are not seen
        ("", [put(path="\0\t\n\x1f\x7f\x85\u2028 é\U0001f600")], {"folders": [{"path": "\0\t\n\x1f\x7f\x85\u2028 é\U0001f600"}]}),
    ],
)  # fmt: skip
def test_every_way_of_writing_can_be_edited(text, edits, said):
    edited = apply(text, edits)
    raw = tomllib.loads(edited)
    assert raw == said
    assert repr(sorted(map(repr, raw.items()))) == repr(sorted(map(repr, said.items())))
    assert set(comments(text)) <= set(comments(edited))


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        # a comment would be lost with the list it stands in
        ('[[folders]]\npath = "/a"\ntags = [\n  # why\n  { name = "x", value = 1 },\n]', put(0, tags=items(y=2))),
        ('account = "x"', PutAccount("default", {"email": "a"})),
        ("folders = 5", put(path="/a")),
        ('folders = [{ path = "/a" }]', put(path="/b")),
        ('folders = [{ path = "/a" }]', DropFolder(0)),
        ('[[folders]]\npath = "/a"', put(7, path="/b")),
        ('[[folders]]\npath = "/a"', DropFolder(7)),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_with_care_is_refused(text, edit):
    with pytest.raises(ConfigError) as caught:
        apply(text, [edit])
    assert "by hand" in str(caught.value.hint)


APART = """\
[[folders]]
path = "/a"

# Ann's
[account]
email = "a"
[[folders.rules]]
match = "x"
# what comes by mail
[[folders]]
path = "/b"

[folders.tags]
n = 1
"""


@pytest.mark.parametrize(
    ("edit", "went", "came"),
    [
        (put(0, recursive=False), [], ["recursive = false"]),
        (put(1, path="/c", tags=items(n=2)), ['path = "/b"', "n = 1"], ['path = "/c"', "n = 2"]),
        (
            put(path="/c"),
            [],
            ['# A watched folder; "~" and $VARIABLES may be used.', 'path = "/c"'],
        ),
        (DropFolder(0), ['path = "/a"', "[[folders.rules]]", 'match = "x"'], []),
        # a comment that may be about the key above it stays
        (DropFolder(1), ['path = "/b"', "[folders.tags]", "n = 1"], []),
    ],
)
def test_folders_may_stand_apart(edit, went, came):
    edited = apply(APART, [edit])
    assert changed_lines(APART, edited) == (went, came)
    folders = tomllib.loads(edited)["folders"]
    assert len(folders) == 2 + isinstance(edit, PutFolder) * (edit.at is None) - isinstance(edit, DropFolder)  # fmt: skip


def test_line_ends_stay_as_they_are():
    edited = apply(FULL.replace("\n", "\r\n"), [put(0, after_upload="move"), put(path="/x")])
    assert edited.count("\n") == edited.count("\r\n")
    assert edited.replace("\r\n", "\n") == apply(
        FULL, [put(0, after_upload="move"), put(path="/x")]
    )


def test_a_new_configuration_is_valid_and_explains_itself(tmp_path):
    path = tmp_path / "config.toml"
    text = apply(
        "",
        [
            PutAccount("default", {"email": "a@example.com"}),
            put(name="Engi\nneering", path="/srv/cvs", source_key=KEY, tags=items(a="b", zip="01"), after_upload="move"),
        ],
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    (folder,) = load(str(path), environ={}, home="/home/jo").config.folders
    assert (folder.path, folder.source_key) == ("/srv/cvs", KEY)
    assert folder.tags == items(a="b", zip="01")
    assert folder.after_upload is AfterUpload.MOVE
    assert len(comments(text)) >= 6


def test_adding_and_taking_out_again_leaves_what_was_there():
    added = apply(FULL, [put(path="/x", source_key="k", tags=items(a=1))])
    assert apply(added, [DropFolder(2)]) == FULL


def test_a_new_folder_stands_behind_the_last_one_and_can_be_edited_again():
    text = FULL.replace("# the end", "# From here on\n[webhook]\nenabled = false")
    edited = apply(text, [put(path="/x", source_key="k"), put(2, after_upload="move")])
    lines = edited.splitlines()
    order = [
        "[folders.tags]",
        'path = "/x"',
        'after_upload = "move"',
        "# From here on",
        "[webhook]",
    ]
    assert sorted(order, key=lines.index) == order
    assert apply(edited, [DropFolder(2)]) == text


# -- properties

NAMES = st.sampled_from(["a", "b-c", "d e", "é", 'q"', "x.y", "1"])
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
)
NOTES = st.sampled_from(["", "# n\n", "\n# o\n", "\n\n", "# p\n\n# q = 1\n", "   # r\n"])
ENDS = st.sampled_from(["", " # end", "\t# [x]"])


@st.composite
def configurations(draw):
    """A valid text with comments everywhere, and tables in any order."""

    def keys(*pairs):
        return "".join(
            f"{draw(NOTES)}{key} = {value}{draw(ENDS)}\n" for key, value in pairs if draw(st.booleans()) or key == "path"
        )  # fmt: skip

    def folder(number):
        tags = draw(
            st.sampled_from(
                ["", "tags = { a = 1, b = 'x' }\n", "[folders.tags]\na = 1 # one\n", "tags.a = 2\n"]
            )
        )
        rules = draw(st.sampled_from(["", "[[folders.rules]]\nmatch = 'x' # y\nignore = true\n"]))
        own = keys(
            ("path", f'"/srv/{number}"'),
            ("source_key", '"k" # source "S"'),
            ("recursive", "false"),
            ("x", "[1, # in\n 2]"),
        )
        return f"[[folders]]{draw(ENDS)}\n{own}{draw(NOTES)}{tags}{draw(NOTES)}{rules}"

    account = draw(
        st.sampled_from(["[account]\n", "[accounts.default]\n", "[accounts.lyon] # l\n"])
    )
    parts = [account + keys(("email", '"a@b"'), ("proxy", "'none'"))]
    parts += [folder(number) for number in range(draw(st.integers(0, 3)))]
    parts += draw(st.sampled_from([[], ["[defaults]\nafter_upload = 'keep'\n"]]))
    parts = draw(st.permutations(parts))
    text = draw(NOTES) + "".join(part + draw(NOTES) for part in parts)
    return text if draw(st.booleans()) else text.rstrip("\n")


@st.composite
def edits(draw, folders):
    values = st.dictionaries(
        st.sampled_from(["path", "source_key", "after_upload"]), SCALARS, min_size=1
    )
    tags = st.dictionaries(NAMES, SCALARS, max_size=3).map(lambda each: items(**each))
    said = draw(values)
    if draw(st.booleans()):
        said["tags"] = draw(tags)
    kinds = ["account", "add", *(["put", "drop"] if folders else [])]
    match draw(st.sampled_from(kinds)):
        case "account":
            return PutAccount(
                draw(st.sampled_from(["default", "lyon", "d e"])), {"email": draw(SCALARS)}
            )
        case "add":
            return PutFolder(None, said, draw(st.text(max_size=5)))
        case "put":
            return PutFolder(draw(st.integers(0, folders - 1)), said, draw(st.text(max_size=5)))
        case _:
            return DropFolder(draw(st.integers(0, folders - 1)))


def plain(values):
    return {
        key: {i.name: i.value for i in value} if isinstance(value, tuple) else value
        for key, value in values.items()
    }


@given(st.data())
def test_an_edit_keeps_all_other_keys_and_comments(data):
    text = data.draw(configurations())
    before = tomllib.loads(text)
    edit = data.draw(edits(len(before.get("folders", []))))
    edited = apply(text, [edit])
    after = tomllib.loads(edited)
    folders = before.get("folders", [])
    match edit:
        case PutAccount(name, values):
            accounts = {
                **before.get("accounts", {}),
                **({"default": before["account"]} if "account" in before else {}),
            }
            accounts[name] = {**accounts.get(name, {}), **values}
            now = {
                **after.get("accounts", {}),
                **({"default": after["account"]} if "account" in after else {}),
            }
            assert now == accounts
        case PutFolder(None, values):
            folders = [*folders, plain(values)]
        case PutFolder(at, values):
            folders = [*folders[:at], {**folders[at], **plain(values)}, *folders[at + 1 :]]
        case DropFolder(at):
            folders = [*folders[:at], *folders[at + 1 :]]
    assert after.get("folders", []) == folders
    assert after.get("defaults") == before.get("defaults")
    if not isinstance(edit, DropFolder):
        going = (
            "# one" if isinstance(edit, PutFolder) and "tags" in edit.values else None
        )  # a tag's own
        kept = [
            line for line in comments(text) if line != going and not line.startswith('# source "')
        ]
        assert not Counter(kept) - Counter(comments(edited))


# -- what is there already


def known(text):
    tables = parse("config.toml", text)
    paths = PathContext({}, "/home/jo")
    return read_configured(put_together(tables, None, paths, Mistakes()), paths)


def test_what_is_known_may_have_mistakes():
    text = '[account]\nemail = 5\n[[folders]]\npath = "~/a"\ntags = { x = [1] }\nafter_upload = "mov"\n'
    found = known(text)
    assert found.accounts[0].email == ""
    (folder,) = found.folders
    assert (folder.path, folder.place, folder.tags) == ("~/a", "/home/jo/a", ())
    assert folder.after_upload is AfterUpload.KEEP


def test_what_is_known_heeds_the_defaults():
    text = '[accounts.a]\n[accounts.b]\n[defaults]\naccount = "b"\nafter_upload = "move"\n[[folders]]\npath = "/x"\n'
    (folder,) = known(text).folders
    assert (folder.account, folder.after_upload) == ("b", AfterUpload.MOVE)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/", "whole drive"),
        ("~", "home folder"),
        ("{home}/..", "contains your whole home folder"),
        ("{home}/file", "is a file"),
        ("{home}/link", "home folder"),  # a link that leads there is no way round
        ("{home}/state", "keeps its own files"),
        ("{home}/state/orders", "keeps its own files"),
        ("cvs", "not a full path"),
        ("$NOPE/cvs", "no environment variable NOPE"),
        ("~/cvs", ""),
        ("$BASE/cvs", ""),
    ],
)
def test_folders_that_cannot_be_watched(tmp_path, path, problem):
    home = tmp_path / "jo"
    (home / "state").mkdir(parents=True)
    (home / "file").write_text("x")
    (home / "link").symlink_to(home)
    text = path.format(home=home)
    _, said = PathContext({"BASE": str(home)}, str(home), str(home / "state")).find_place(text)
    assert problem in str(said)
    assert bool(said) == bool(problem)


# -- the file


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "deep" / "er" / "config.toml"
    replace_text(str(path), "", "x = 1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["config.toml"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_a_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    path.chmod(mode)
    replace_text(str(path), "a = 1\n", "b = 1\n")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "b = 1\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_the_file_it_leads_to_is_written(tmp_path, there):
    (tmp_path / "dotfiles").mkdir()
    target, link = tmp_path / "dotfiles" / "watcher.toml", tmp_path / "config.toml"
    link.symlink_to(target)
    if there:
        target.write_text("a = 1\n")
    replace_text(str(link), read_or_new(str(link)), "b = 1\n")
    assert link.is_symlink()
    assert target.read_text() == "b = 1\n"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_or_new(str(path)) == "a = 1\r\n"
    replace_text(str(path), "a = 1\r\n", "b = 1\r\n")
    assert path.read_bytes() == b"b = 1\r\n"


@pytest.mark.parametrize("now", ["a = 2\n", None])
def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(tmp_path, now):
    path = tmp_path / "config.toml"
    if now is not None:
        path.write_text(now)
    with pytest.raises(ConfigError, match="changed in the meantime"):
        replace_text(str(path), "a = 1\n", "b = 1\n")
    assert (path.read_text() if path.exists() else None) == now


def test_names_that_are_no_text_leave_the_file_as_it_is(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    with pytest.raises(ConfigError, match="not valid text"):
        replace_text(str(path), "a = 1\n", "b = '\udcff'\n")
    assert path.read_text() == "a = 1\n"
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be"):
        replace_text(str(tmp_path / "file" / "config.toml"), "", "x = 1\n")


def test_a_folder_is_judged_wherever_the_command_was_started(tmp_path, monkeypatch):
    (tmp_path / "cvs").mkdir()
    monkeypatch.chdir(tmp_path / "cvs")
    assert not PathContext({}, "/home/jo").find_place(str(tmp_path / "cvs"))[1]
