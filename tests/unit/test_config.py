"""A configuration's mistakes: all of them, where they stand, and what was expected."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import load, sense, show
from watcher.config.lines import locate
from watcher.config.tables import Builder
from watcher.config.values import Mistakes
from watcher.errors import ConfigError
from watcher.settings import AfterUpload, Item

ACCOUNT = '[account]\nemail = "a@example.com"\n'
FOLDER = '[[folders]]\npath = "/srv/cvs"\nsource_key = "k"\n'
GOOD = ACCOUNT + FOLDER


@pytest.fixture
def read(tmp_path):
    def read(text, **more):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        values = {"environ": {"BASE": "/data"}, "home": "/home/jo", **more}
        return load(str(path), **values)

    return read


@pytest.fixture
def mistakes(read, tmp_path):
    """The mistakes of a text, without the file's path."""

    def find(text, **more):
        with pytest.raises(ConfigError) as caught:
            read(text, **more)
        return [each.removeprefix(f"{tmp_path / 'config.toml'}:") for each in caught.value.mistakes]

    return find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # (what is written, what is said of it): the line, the key, what was expected
        (GOOD + 'after_upload = "mov"', '6: folders[1].after_upload: "mov" is not one of "keep", "move", "trash"; did you mean "move"?'),
        (GOOD + "recursiv = true", '6: folders[1].recursiv: this key is not known; did you mean "recursive"?'),
        (GOOD + 'recursive = "yes"', '6: folders[1].recursive: "yes" is not true or false'),
        (GOOD + 'max_size = "20 Mo"', '6: folders[1].max_size: "20 Mo" is no size: write a number of bytes, or "20 MB"'),
        (GOOD + 'tags = "x"', "6: folders[1].tags: neither a table"),
        (GOOD + "tags = { a = [1] }", '6: folders[1].tags: the value of "a" is neither text'),
        (GOOD + 'accept = ["pdf"]', '6: folders[1].accept: "pdf" is no media type like "application/pdf"'),
        (GOOD + 'account = "pari"', '6: folders[1].account: there is no account "pari"; there is default'),
        (GOOD + 'reference = "{sha265}"', '6: folders[1].reference: "{sha265}": {sha265} cannot be filled; did you mean "sha256"?'),
        (GOOD + 'tags = { a = "{job}" }', '6: folders[1].tags: "{job}": {job} cannot be filled'),
        (GOOD + 'tags = { a = "{" }', "has no partner"),
        (GOOD + 'labels = [{ job_key = "j", stage = "maybe" }]', 'the stage "maybe" is not one of new, yes, later, no'),
        (GOOD + 'labels = [{ stage = "yes" }]', "a label needs a job_key or a job_reference"),
        (GOOD + '[[folders.rules]]\nmatch = "{a"', "7: folders[1].rules[1].match"),
        (GOOD + '[[folders.rules]]\nmatch = "{a}/{a}"', "the capture {a} stands there twice"),
        (GOOD + '[[folders.rules]]\nmatch = "a"\nignore = true\nsource_key = "x"', "a rule that ignores cannot set anything as well"),
        (GOOD + FOLDER, "is watched already, as folder 1"),
        (ACCOUNT, None),  # no folder yet is no mistake
        (FOLDER, "there is no account"),
        ('[account]\nemail = "nobody"\n' + FOLDER, '2: account.email: "nobody" is no email address'),
        (ACCOUNT + "parallel_uploads = 0\n", "must be 1 to 64"),
        (ACCOUNT + 'api_url = "http://api.example.com"\n', "must begin with https://"),
        (ACCOUNT + 'api_url = "http://127.0.0.1:80/v1"\n', None),  # the sandbox
        (ACCOUNT + '[[folders]]\npath = "cvs"\nsource_key = "k"', '4: folders[1].path: "cvs" is not a full path'),
        (ACCOUNT + '[[folders]]\npath = "$NOPE/cvs"\nsource_key = "k"', "the environment has no variable NOPE"),
        (ACCOUNT + '[[folders]]\npath = "~"\nsource_key = "k"', "is your home folder"),
        (ACCOUNT + '[[folders]]\npath = "/"\nsource_key = "k"', "is a whole drive"),
        (ACCOUNT + '[[folders]]\npath = "/etc/hostname"\nsource_key = "k"', "is a file, not a folder"),
        (ACCOUNT + '[[folders]]\npath = "/x"\n', "source_key is missing"),
        ("x = [1,", "1: "),
        ('log_level = "loud"\n' + GOOD, "1: log_level"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_was_expected(read, mistakes, text, expected):
    if expected is None:
        assert read(text).config
    else:
        assert any(expected in mistake for mistake in mistakes(text)), mistakes(text)


def test_all_mistakes_come_at_once(mistakes):
    text = GOOD + 'watch = "x"\nexisting = 1\nfoo = 2\n[defaults]\nbar = 3\n'
    assert len(mistakes(text)) == 4


SECRET = "ask_" + "ab12" * 8


@pytest.mark.parametrize(
    "text",
    [
        ACCOUNT + f'api_key = "{SECRET}"\n',
        ACCOUNT + 'password = "hush"\n',
        GOOD + f'tags = {{ a = "{SECRET}" }}\n',
        GOOD + f'source_key = ["{SECRET}"]\n'.replace("source_key", "accept"),
    ],
)
def test_a_secret_is_a_mistake_that_says_where_it_belongs_and_is_not_repeated(mistakes, text):
    found = mistakes(text)
    assert all("keyring" in mistake for mistake in found)
    assert SECRET not in "".join(found)
    assert "hush" not in "".join(found)


def test_values_find_their_way(read):
    loaded = read(
        "[accounts.paris]\nemail = 'p@example.com'\nmax_upload_rate = '1.5 MB'\n"
        "[accounts.lyon]\nemail = 'l@example.com'\n"
        "[defaults]\naccount = 'paris'\ntags = { a = 1, b = 'x' }\nignore = ['*.bak']\n"
        "[[folders]]\npath = '~/in'\nsource_key = 'k'\ntags = [{ name = 'b', value = true }]\n"
        "ignore = ['old/**']\nafter_upload = 'move'\n"
        "[[folders]]\npath = '${BASE}/in'\nsource_key = 'k2'\naccount = 'lyon'\n"
    )
    first, second = loaded.config.folders
    assert loaded.config.account("paris").max_upload_rate == 1_500_000
    assert (first.path, second.path) == (os.path.normpath("/home/jo/in"), "/data/in")
    assert (first.account, second.account) == ("paris", "lyon")
    assert first.tags == (Item(name="a", value=1), Item(name="b", value=True))
    assert first.tags[1].value is True
    assert first.ignore == ("*.bak", "old/**")
    assert first.after_upload is AfterUpload.MOVE
    origins = {key: (value, origin) for key, value, origin in show(loaded)}
    assert origins["folders[1].after_upload"][0] == '"move"'
    assert origins["folders[1].after_upload"][1].endswith(":15")
    assert origins["folders[2].tags"][1].startswith("[defaults] ")
    assert origins["folders[2].recursive"] == ("true", "built-in default")


def test_folders_in_each_other_are_said(read):
    text = GOOD + '[[folders]]\npath = "/srv/cvs/dev"\nsource_key = "k"\n'
    assert any("lies in folder 1" in warning for warning in read(text).warnings)


def test_a_rule_that_never_applies_is_said(read):
    text = GOOD + '[[folders.rules]]\nmatch = "**"\n[[folders.rules]]\nmatch = "a/**"\n'
    assert any("rule 1 before it takes every file" in warning for warning in read(text).warnings)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[account", b"\x00", b"a = 1\n" * 3])
def test_a_file_that_is_no_configuration_is_one_clear_error(tmp_path, content):
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load(str(path), environ={}, home="/home/jo")


def test_a_missing_file_and_a_directory_are_clear_errors(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError):
            load(str(path), environ={}, home="/home/jo")


def test_lines_are_found_in_tables_arrays_and_long_texts():
    text = (
        'a = """\n[x]\nb = 1\n"""\n[t]\nc.d = 1 # = [y]\n[[l]]\ne = [\n 1 ]\n[[l]]\n[l.m]\nf = 2\n'
    )
    lines = locate(text)
    assert lines[("a",)] == 1
    assert ("x",) not in lines
    assert lines[("t", "c", "d")] == 6
    assert lines[("l", 0, "e")] == 8
    assert lines[("l", 1, "m", "f")] == 12


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.datetimes().map(str)
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["path", "source_key", "tags", "labels", "rules", "accept", "max_size", "watch", "reference",
     "poll_seconds", "account", "email", "proxy", "api_url", "metadatas", "ignore", "nonsense"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.lists(VALUES, max_size=2))
def test_no_value_anywhere_is_more_than_a_mistake(account, folder, odd):
    raw = {"account": {"email": "a@example.com", **account}, "folders": [folder, *odd]}
    found = Mistakes("config.toml", {})
    sense.find_secrets(raw, found)
    config = Builder(found, {}, "/home/jo").build(raw)
    if config is not None:
        sense.check(config, found, "/home/jo", "", {"default": ("account",)})
    assert config is not None or found.texts


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_clear_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "config.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(ConfigError):
        load(str(path), environ={}, home="/home/jo")
