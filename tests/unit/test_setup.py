"""The setup's pure half: tags as they are typed, sources as they are named, answers to edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.setup_plan import (
    Answers,
    Configured,
    ConfiguredAccount,
    ConfiguredFolder,
    FolderAnswer,
    PutAccount,
    PutFolder,
    check_after_upload,
    check_email,
    find_problems,
    plan_edits,
)
from watcher.config.tags import check_tags, parse_tag, parse_tags, read_tags, write_tags
from watcher.daemon.workspace import UNCHECKED, Workspace, looks_like_key
from watcher.hrflow.client import Source
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.settings import AfterUpload, Item

KEY = "e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("office=Paris", "office", "Paris"),
        (" office = Paris ", "office", "Paris"),
        ("office=", "office", ""),
        ("n=3", "n", 3),
        ("n=-3", "n", -3),
        ("n=0.5", "n", 0.5),
        ("n=1e3", "n", 1000.0),
        ("n=1e999", "n", "1e999"),  # no number that can be sent
        ("n=9999999999999999999", "n", "9999999999999999999"),  # nor can this one be stored
        ("urgent=true", "urgent", True),
        ("urgent=False", "urgent", "False"),  # TOML's and the API's words are small
        ("zip=01000", "zip", "01000"),  # a code, not a number
        ('zip="75001"', "zip", "75001"),
        ("zip='75001'", "zip", "75001"),
        ('urgent="true"', "urgent", "true"),
        ("phone=+33 1", "phone", "+33 1"),
        ("formula=a=b", "formula", "a=b"),
        ('"a=b"=c', "a=b", "c"),
        ("who={user}", "who", "{user}"),
        ('path="C:\\x"', "path", "C:\\x"),
    ],
)
def test_tags_keep_their_type(text, name, value):
    item = parse_tag(text)
    assert (item.name, item.value) == (name, value)
    assert type(item.value) is type(value)


@pytest.mark.parametrize("text", ["office", "=Paris", "", " = "])
def test_what_is_no_tag(text):
    with pytest.raises(UsageError, match="Tags look like office=Paris") as error:
        parse_tag(text)
    assert error.value.field == "tags"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", []),
        ("none", []),
        ("a=1, b = x y ,c=true", [("a", 1), ("b", "x y"), ("c", True)]),
        ('a="x, y", b=1,', [("a", "x, y"), ("b", 1)]),
        ("a=1, a=2", [("a", 2)]),  # what was said last
    ],
)
def test_tags_of_a_line(text, tags):
    assert [(item.name, item.value) for item in parse_tags(text)] == tags


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable())
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_tags_are_read_as_they_are_written(values):
    items = tuple(Item(name=name, value=value) for name, value in values.items())
    read = parse_tags(write_tags(items))
    assert read == items
    assert [type(item.value) for item in read] == [type(item.value) for item in items]


NAMES_BY_KEY = {"k1": "Engineering", "k2": "Sales", "k3": "sales", "2": "x"}
WORKSPACE = Workspace(
    tuple(Source(key, name, sync_parsing=False) for key, name in NAMES_BY_KEY.items())
)


@pytest.mark.parametrize(
    ("text", "numbered", "key", "why"),
    [
        ("engineering", False, "k1", ""),
        ("k2", False, "k2", ""),
        ("Sales", False, None, "There are 2 sources called"),  # k2 or k3?
        ("1", True, "k1", ""),
        ("1", False, None, "has no source"),
        ("2", True, "2", ""),  # a key comes before a number
        ("5", True, None, "has no source"),
        ("0", True, None, "has no source"),
        ("Enginering", False, None, 'did you mean "Engineering"?'),
        ("zzz", False, None, "only Engineering"),
        (KEY, False, None, "has no source"),  # another workspace's
    ],
)
def test_sources_by_name_key_and_number(text, numbered, key, why):
    if key is not None:
        assert WORKSPACE.find(text, numbered=numbered) == (key, NAMES_BY_KEY[key])
        return
    with pytest.raises(UnusableError) as error:
        WORKSPACE.find(text, numbered=numbered)
    assert why in str(error.value)
    assert error.value.field == "source"


def test_what_looks_like_a_source_key():
    assert looks_like_key(KEY)
    assert not looks_like_key("Engineering")
    assert not looks_like_key(KEY + "0")


@pytest.mark.parametrize(
    ("check", "text", "field"),
    [
        (check_email, "nobody", "email"),
        (check_email, " ", "email"),
        (check_after_upload, "burn", "after_upload"),
        (read_tags, "a={jbo}", "tags"),
        (UNCHECKED.find, "Engineering", "source"),
    ],
)
def test_every_check_names_its_field(check, text, field):
    with pytest.raises(WatcherError) as error:
        check(text)
    assert error.value.field == field


# -- answers

ONE = ConfiguredFolder("~/a", "/home/jo/a", "k1", tags=(Item(name="x", value=1),))
KNOWN = Configured((ConfiguredAccount("default", "a@b"),), (ONE,))


def folder(path="/b", **more):
    return FolderAnswer(path, more.pop("place", path), **more)


@pytest.mark.parametrize(
    ("answers", "known", "answered"),
    [
        (Answers(), Configured(), ["email", "folders"]),
        (Answers(email="a"), KNOWN, ["email"]),
        (Answers(email="@b"), KNOWN, ["email"]),
        (Answers(email="a@"), KNOWN, ["email"]),
        (Answers(), KNOWN, []),  # all of it is there
        (Answers(account="paris"), KNOWN, ["email"]),
        (Answers(folders=(folder(),)), KNOWN, ["folders.0.source"]),
        (
            Answers(folders=(folder(source_key="k"), folder(source_key="k"))),
            KNOWN,
            ["folders.1.path"],
        ),
        (Answers(folders=(folder("/home/jo/a"),)), KNOWN, []),  # its source is written
    ],
)
def test_all_problems_at_once(answers, known, answered):
    problems = find_problems(answers, known)
    assert [problem.field for problem in problems] == answered
    assert all(str(said).endswith(".") for _, said in problems)


@pytest.mark.parametrize(
    ("answers", "edits"),
    [
        # what is said already is no edit, and what was not answered stays
        (Answers(), ()),
        (Answers(email="a@b", folders=(folder("/x", place=ONE.place, source_key="k1", tags=ONE.tags, after_upload=AfterUpload.KEEP),)), ()),
        (Answers(email="c@d"), (PutAccount("default", {"email": "c@d"}),)),
        # the same folder under another name is changed, not added, and keeps its name
        (Answers(folders=(folder("/x", place=ONE.place, source_key="k2", source_name="S"),)), (PutFolder(0, {"source_key": "k2"}, "S"),)),
        (Answers(folders=(folder("/x", place=ONE.place, tags=()),)), (PutFolder(0, {"tags": ()}),)),
        # a new one: no empty tags
        (Answers(folders=(folder(source_key="k", tags=(), recursive=False),)), (PutFolder(None, {"path": "/b", "source_key": "k", "recursive": False}),)),
        # with a second account, folders have to say whose they are
        (
            Answers("paris", "p@b", folders=(folder(source_key="k"),)),
            (
                PutAccount("paris", {"email": "p@b"}),
                PutFolder(0, {"account": "default"}),
                PutFolder(None, {"path": "/b", "source_key": "k", "account": "paris"}),
            ),
        ),
    ],
)  # fmt: skip
def test_edits_that_follow_from_answers(answers, edits):
    assert plan_edits(answers, KNOWN) == edits


@pytest.mark.parametrize(
    ("tags", "ending"),
    [
        ("place={foldr}", 'did you mean "folder"?'),
        ("place={zzzz}", "mail_from, mail_date."),
    ],
)
def test_a_sentence_ends_once(tags, ending):
    with pytest.raises(UsageError) as caught:
        check_tags(parse_tags(tags))
    assert str(caught.value).endswith(ending)
