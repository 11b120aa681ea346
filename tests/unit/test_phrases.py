"""Sentences that were made in English are found in the table, and said in French."""

import datetime as dt
import os
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.config import MachineFile, headline
from watcher.config.load import load_text
from watcher.config.machine import find_layer
from watcher.doctor import account, folders, program
from watcher.folders import mounts
from watcher.folders.native import Limits
from watcher.hrflow.answers import Answer, upload_outcome
from watcher.hrflow.inquiry import Access, Source
from watcher.hrflow.transport import failure
from watcher.i18n.phrases import Phrases, places, typeset
from watcher.i18n.words import FRENCH, SENTENCES, spoken, words
from watcher.i18n.words_formats import JOINTS, SYSTEM
from watcher.journal import schema
from watcher.model.errors import ConfigError, WatcherError
from watcher.model.kinds import State
from watcher.model.lifecycle import existing_why
from watcher.model.records import Entry
from watcher.present import view
from watcher.service import Installed

WORD = words("fr")
WITH_PLACES = sorted(key for key in SENTENCES if places(key))
#: No sentences of ours, which hypothesis finds in the code and takes for texts.
NAMES = st.lists(st.sampled_from(" aZé,;:.!'()/-…陈«"), min_size=1, max_size=30).map(
    lambda letters: "".join(letters).strip() or "-"  # at a blank's end there are two ways to read
)
NUMBERS = st.integers(0, 10**6).map(str)
#: Values by the place's name, as they are written in English and in French.
SAME = {
    "address": st.ip_addresses().map(str),
    "extension": st.from_regex(r"[A-Z0-9]{2,5}", fullmatch=True),
    "exception": st.sampled_from(["OSError", "ValueError"]),
    "host": st.from_regex(r"[a-z0-9.-]{1,30}", fullmatch=True),
    "item": NAMES.map(lambda text: f'"{text}"'),
    "key": st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    "message": st.just("") | NAMES,
    "option": st.sampled_from(["", " --account work"]),
    "path": NAMES.map(lambda text: f"/{text}"),
    "type": st.from_regex(r"[a-z]{1,10}/[a-z.+-]{1,20}", fullmatch=True),
    **dict.fromkeys(("code", "number"), NUMBERS),
}


def value_of(name):
    """How a value of a place is said in English, and in French."""
    if name in ("size", "limit"):
        return st.floats(0, 10**11).map(view.size).map(lambda text: (text, size_in_french(text)))
    if name in ("directories", "files", "folders", "more", "total", "used"):
        return st.integers(0, 10**6).map(
            lambda number: (str(number), f"{number:,}".replace(",", "\u202f"))
        )
    if name == "duration":
        return (
            st.floats(0, 10**6)
            .map(view.duration)
            .map(lambda text: (text, text.replace(".", ",").replace(" ", "\N{NO-BREAK SPACE}")))
        )
    if name == "account":
        names = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)
        return names.map(lambda text: (f"'{text}'", f"«\u00a0{text}\u00a0»"))
    if name == "expected":
        return st.just(("a number or text in quotes", "un nombre ou un texte entre guillemets"))
    if name == "seconds":
        return st.sampled_from([("5", "5"), ("0.5", "0,5")])
    if name == "error":
        return st.sampled_from([*SYSTEM.items(), ("ValueError", "ValueError")])
    if name in ("what", "why", "how"):
        return st.sampled_from([
            ("a PDF document", "un document PDF"), ("is a directory", "est un dossier"),
            ("a word of others", "a word of others"),
        ])  # fmt: skip
    return SAME.get(name, NAMES).map(lambda text: (text, text))


def size_in_french(text):
    number, unit = text.split(" ")
    return f"{number.replace('.', ',')}\N{NO-BREAK SPACE}{unit[:-1].replace('B', '')}o"


@st.composite
def sentences(draw):
    """A row filled in at random: in English, and as it has to be said in French."""
    key = draw(st.sampled_from(WITH_PLACES))
    values = {name: draw(value_of(name)) for name in places(key)}
    english = key.format(**{name: value[0] for name, value in values.items()})
    french = typeset(FRENCH[key]).format(**{name: value[1] for name, value in values.items()})
    return english, french


@settings(max_examples=600, deadline=None)
@given(sentences())
def test_whatever_was_made_from_a_row_is_said_from_the_same_row(sentence):
    english, french = sentence
    assert WORD(english) == french


@pytest.mark.parametrize("key", WITH_PLACES)
def test_no_row_is_taken_for_another(key):
    """With plain values, which no place of a number or a size would take by chance."""
    plain = {
        name: {"size": "1.0 MB", "limit": "1.0 MB", "duration": "3 min", "seconds": "5",
               "expected": "true or false", "address": "::1", "item": '"x"',  "type": "a/b"}.get(name, "7")
        for name in places(key)
    }  # fmt: skip
    said = {
        name: size_in_french(each) if name in ("size", "limit") else each
        for name, each in plain.items()
    }
    said |= {"expected": "true ou false", "duration": "3\N{NO-BREAK SPACE}min"}  # fmt: skip
    assert WORD(key.format(**plain)) == typeset(FRENCH[key]).format(**said)


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_a_translation_has_the_same_places_and_office_typography(key):
    french = typeset(FRENCH[key])
    assert sorted(places(key)) == sorted(places(FRENCH[key]))
    assert not re.search(r" [:;!?»]|« ", french), "the space there must not break"
    assert not re.search(r"\w[;!?»]|«\S", french.replace("« ", ""))
    assert "'" not in string.Formatter().vformat(french, (), dict.fromkeys(places(key), "")), (
        "an apostrophe is ’"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Invalid source fields", "Profile is being parsed", "the file has a password",
        "Profile parsed and indexed successfully.", "Unable to find profile: parsing failed",
        "The document is corrupted: page 2 is empty", "Jane and John are here; it runs", "", "…",
        "held: sent", "a.pdf: parsed", "This is 12 and 3 more",
    ],
)  # fmt: skip
def test_what_others_say_stays_as_they_said_it(text):
    assert WORD(text) == text


@given(st.text(max_size=200))
def test_any_other_text_stays_as_it_is(text):
    assert text in FRENCH or WORD(text) == text


def test_a_hostile_text_does_not_keep_anybody_waiting():
    """Literals of many rows again and again, which no row fits; it is over soon, or not begun."""
    phrases = Phrases(SENTENCES, SYSTEM, JOINTS)
    text = ("x is looked through every , cannot be read; it lies : The server. " * 40)[:2000]
    before = dt.datetime.now(tz=dt.UTC)
    phrases.say(text)
    assert phrases.say(text * 50) == text * 50
    assert (dt.datetime.now(tz=dt.UTC) - before).total_seconds() < 20


def test_the_english_stays_what_it_is():
    english = words("de_DE.UTF-8")
    assert english("is a program, not a document") == "is a program, not a document"
    assert english("{files} today", files=12000) == "12000 today"


@pytest.mark.parametrize(
    ("language", "one"),
    [("fr_FR.UTF-8", "fr"), ("fr-CA", "fr"), ("French_France", "fr"), ("FR", "fr"), ("", "en"),
     ("en_GB", "en"), ("C.UTF-8", "en"), ("de", "en")],
)  # fmt: skip
def test_the_language_is_one_of_ours(language, one):
    assert spoken(language) == one


def test_whole_numbers_are_grouped_and_spaces_do_not_break():
    assert WORD("{files} files are ignored.", files=12345) == "12\u202f345 fichiers sont ignorés."
    assert WORD("Ignore 1 file?") == "Ignorer 1 fichier\u00a0?"


# -- sentences as the program makes them


def answers():
    for code, message in ((400, "bad file"), (401, "secret key: x"), (404, "no"), (400, "Invalid source"),
                          (500, "down"), (503, "")):  # fmt: skip
        body = f'{{"code": {code}, "message": "{message}"}}'.encode()
        yield upload_outcome(Answer(code, {}, body), 0.0).why
    for status in (301, 200, 502, 413):
        yield upload_outcome(Answer(status, {}, b"<html>"), 0.0).why
    for handed_out in (True, False):
        yield failure(ValueError("x"), handed_out=handed_out).why


def findings():
    yield from (
        account.judge_keyring(name) for name in ("", "KWallet and the Keychain", "x.Keyring")
    )
    yield from (
        account.judge_key(key, "the systemd credential") for key in ("ask_" + "a" * 32, "x")
    )
    yield from (
        account.judge_access(Access(team, permission, None))
        for team in ("", "Ada's team") for permission in ("all", "read", "write", "odd")
    )  # fmt: skip
    yield from (
        account.judge_source(Source("k" * 40, name, allowed), sync=sync)
        for name in ("", "Paris") for allowed in (True, False) for sync in (True, False)
    )  # fmt: skip
    yield from (
        account.judge_addresses("h.eu", found)
        for found in (("h.eu",), ("1.2.3.4",), ("::1", "::2"))
    )
    yield from (
        account.judge_proxy(proxy, setting)
        for proxy in ("", "http://p:1")
        for setting in ("system", "x")
    )
    yield account.judge_running_key(account.Known("the systemd credential"))
    yield account.judge_running_key(account.Known("the system's keyring"))
    yield from (
        account.judge_running_access(account.Known("x", is_offline, held))
        for is_offline in (True, False)
        for held in ("", "There is no API key for account 'paris'.")
    )
    yield from (folders.judge_made("/x", is_running=is_running) for is_running in (True, False))
    yield from (
        program.judge_service("systemd", Installed("f", enabled=True, current=True, exit_code=code),
                              running=False)
        for code in (2, 9, 203, 217, 218, 226, 243)
    )  # fmt: skip
    yield from (account.judge_clock(server, 1e9, 1e9) for server in (None, 1e9, 2e9, 5e8))
    yield from (program.judge_versions("1.0", version, 7) for version in (None, "1.0", "0.9"))
    yield from (folders.judge_room("the journal and /cvs", free) for free in (1, 10**8, 10**10))
    yield from (folders.judge_journal("/j", 5000, problem) for problem in ("", "disk I/O error"))
    yield from (folders.judge_unreadable("/x", number) for number in (1, 3))
    yield from (
        folders.judge_place("/x", system, remote=remote)
        for system in ("", "ext4")
        for remote in (True, False)
    )
    yield program.judge_service("systemd", None, running=True)
    yield program.judge_service("systemd", None, running=False)
    for directories, runs in ((1, True), (5, False), (10**6, False)):
        yield from folders.judge_limits(directories, Limits(1000, 5, 100, 2), running=runs)


#: French that has no English in it, but names and values.
ENGLISH = re.compile(
    r"\b(the|is|are|and|of|not|which|it|was|with|has|cannot|this|be|to)\b", re.IGNORECASE
)


@pytest.mark.parametrize("text", sorted(set(answers())))
def test_answers_are_understood(text):
    assert WORD(text) != text
    assert not ENGLISH.search(WORD(text).partition(" : ")[0])


@pytest.mark.parametrize("finding", list(findings()), ids=lambda finding: finding.text)
def test_the_doctor_s_sentences_are_understood(finding):
    for text in filter(None, (finding.text, finding.mend)):
        if text != "Paris (kkkkkkkkkkkk…)":
            assert WORD(text) != text
        assert not ENGLISH.search(WORD(text))


def problems(tmp_path):
    """Every sentence about a folder that cannot be watched, and the doctor's parts of it."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("missing", "file", "link"):
        yield mounts.identify(str(tmp_path / name))[1]
    yield f"{tmp_path} cannot be reached (Host is down); it is tried again."
    yield f"{tmp_path} cannot be read; give this user the right to list and open it."


def test_folders_in_trouble_are_understood(tmp_path):
    for problem in problems(tmp_path):
        assert WORD(problem) != problem
        finding = folders.judge_problem(problem)
        for text in (finding.text, finding.mend):
            assert WORD(text) != text
            assert not ENGLISH.search(WORD(text).replace(str(tmp_path), ""))


def test_two_sentences_are_two_rows():
    said = WORD(
        "There is no API key for account 'default'. Store it with: hrflow-watcher login. A machine"
        " without a keyring takes it from the environment variable HRFLOW_API_KEY."
    )
    assert said.startswith(
        "Il n’y a pas de clé d’API pour le compte «\u00a0default\u00a0». Enregistrez-la"
    )
    assert not ENGLISH.search(said)


def test_a_journal_that_cannot_be_used_is_understood():
    for path in ("", "/j"):
        for error in (OSError(28, os.strerror(28)), schema.sqlite3.DatabaseError("x")):
            problem = schema.problem(error, path)
            for text in (problem.title, problem.hint):
                assert WORD(text) != text
                assert not ENGLISH.search(WORD(text))


BROKEN = """
log_level = "loud"
colour = 1
[account]
email = "nobody"
api_url = "ftp://x"
proxy = "nowhere"
parallel_uploads = 900
[[folders]]
path = "relative"
source_key = ""
max_size = "huge"
recursive = 3
accept = ["application/pfd"]
ignore = ["[a", "a/{b"]
after_upload = "kep"
reference = "{nothing}"
tags = [1]
labels = [{ stage = "new" }]
[[folders.rules]]
match = "{path}/{x:a|}"
ignore = true
reference = "x"
min_size = 5
max_size = 2
[notifications]
quiet_hours = "late"
[webhook]
port = 0
host = "1.2.3"
[hooks]
parsed = ["{path}"]
refused = ["run.bat", "{nope}"]
"""


def test_mistakes_in_the_configuration_are_understood(tmp_path):
    with pytest.raises(ConfigError) as raised:
        load_text("/c.toml", BROKEN, environ={}, home=str(tmp_path))
    assert len(raised.value.mistakes) > 20
    for mistake in raised.value.mistakes:
        said = WORD(mistake)
        place = re.match(r"/c.toml:\d+: ", mistake)[0]
        assert said.startswith(place)
        assert said != mistake
        assert not ENGLISH.search(said.removeprefix(place)), said
    assert not ENGLISH.search(WORD(WatcherError(raised.value.title).title))


PLAIN = 'email = "a@b.fr"\n[defaults]\nsource_key = "0123456789abcdef0123456789abcdef01234567"\n'
LAYERS = [
    ('locked = ["account.api_ulr", "refused", "defaults", 3, "source_key"]\n[account]\n' + PLAIN[:17], ""),
    ('locked = "account"\n[account]\n' + PLAIN, 'locked = []\n[[folders]]\npath = "relative"'),
    ("[account]\n" + PLAIN + '[[folders]]\npath = "~/CVs"', '[[folders]]\npath = "~/CVs/Sent"'),
    ("[account]\n" + PLAIN, '[[folders]]\npath = "/srv/{user}"\n[[folders]]\npath = "/srv/{user}"'),
    ('locked = ["log_level"]\nlog_level = "info"\n[account]\n' + PLAIN,
     'log_level = "debug"\n[[folders]]\npath = "~/CVs"\n[[folders]]\npath = "~/CVs/inner"'),
    ("[account]\n" + PLAIN, '[[folders]]\npath = "/srv/x"\ncreate = true'),
]  # fmt: skip


@pytest.mark.parametrize(("shared", "own"), LAYERS)
def test_what_two_configurations_say_is_understood(tmp_path, shared, own):
    path = tmp_path / "shared.toml"
    path.write_text(shared)
    layer = find_layer(MachineFile(str(path), is_own=True))
    try:
        loaded = load_text("/c.toml", own, environ={}, home=str(tmp_path), layer=layer)
        said = [*loaded.warnings, *loaded.config.remarks, headline(loaded)]
    except ConfigError as error:
        said = [error.title, error.hint, *error.mistakes]
        said += [f"the new configuration is not used: {each}" for each in error.mistakes]
    for sentence in said:
        assert not ENGLISH.search(WORD(sentence).replace(str(tmp_path), "")), sentence
        assert WORD(sentence) != sentence


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_a_configuration_that_others_may_write_is_understood(tmp_path):
    path = tmp_path / "shared.toml"
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(ConfigError) as raised:
        find_layer(MachineFile(str(path), is_own=True))
    said = WORD(raised.value.title)
    assert said.endswith("elle est modifiable par d’autres que son propriétaire (mode 0666).")
    assert not ENGLISH.search(said.replace(str(tmp_path), ""))
    assert not ENGLISH.search(WORD(raised.value.hint))


@pytest.mark.parametrize(
    ("files", "said"),
    [(1, "1 fichier était"), (2, "2 fichiers étaient"), (1200, "1\u202f200 fichiers étaient")],
)
def test_files_that_were_there_first_are_counted(files, said):
    assert WORD(existing_why(files, "/home/zoe/CVs")).startswith(said)


def test_page_and_story_say_it_and_the_reason_itself_stays():
    """What a person chooses "all others with this reason" by is the journal's own text."""
    entry = Entry(1, "/cvs", "/cvs/a.exe", State.REFUSED, "is a program, not a document")
    row = view.row(entry, WORD)
    assert (row["why"], row["remark"]) == (entry.why, "est un programme, pas un document")
    story = view.details(entry, [(1.0, State.REFUSED, entry.why)], WORD)["story"]
    assert story[0]["why"] == "est un programme, pas un document"
