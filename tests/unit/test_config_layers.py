"""The machine's configuration and a person's own put together: who wins, and what is locked."""

import os
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import MachineFile, load, show
from watcher.config.layers import is_locked, merge, normalize, read_locks
from watcher.config.load import put_together
from watcher.config.machine import find_layer
from watcher.config.mistakes import Location, Mistakes
from watcher.config.paths import PathContext
from watcher.config.setup_plan import (
    Answers,
    FolderAnswer,
    PutFolder,
    find_locked,
    find_problems,
    plan_edits,
    read_account,
    read_configured,
)
from watcher.config.toml import Array, Table, parse, placed
from watcher.model.errors import ConfigError
from watcher.model.settings import AfterUpload, Item

JO = PathContext({}, "/home/jo")
KEY, OTHER = "0e1f" * 10, "ab12" * 10
ACCOUNT = '[account]\nemail = "a@example.com"\n'
FOLDER = f'[[folders]]\npath = "/srv/cvs"\nsource_key = "{KEY}"\n'
SECRET = "ask_" + "ab12" * 8


class Desk:
    """A machine with both files; what is said of them comes without their folder."""

    def __init__(self, root):
        self.root = root
        self.machine = root / "machine.toml"
        self.own = root / "own.toml"

    def write(self, machine, own):
        for path, text in ((self.machine, machine), (self.own, own)):
            if text is not None:
                path.write_text(text, encoding="utf-8")

    def read(self, machine, own=None):
        self.write(machine, own)
        return load(
            str(self.own), environ={"USER": "jo"}, home="/home/jo",
            machine=MachineFile(str(self.machine), is_own=True),
        )  # fmt: skip

    def fail(self, machine, own=None):
        with pytest.raises(ConfigError) as caught:
            self.read(machine, own)
        return caught.value

    def say(self, texts):
        return [str(each).replace(f"{self.root}{os.sep}", "") for each in texts]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def place_of(folder):
    return str(folder.get("path", "")) if isinstance(folder.get("path"), str) else ""


MACHINE, OWN = Location("machine.toml", is_machine=True), Location("own.toml")


def canonical(raw, location=OWN):
    """Tables as they are merged: each thing in one form."""
    tables = placed(raw, location)
    normalize(tables, Mistakes())
    return tables


def merged(machine, own, locks):
    return merge(canonical(machine, MACHINE), canonical(own), locks, place_of)


def merged_texts(machine, own):
    tables = canonical(tomllib.loads(machine), MACHINE)
    locks = read_locks(tables, Mistakes())
    return merge(tables, canonical(tomllib.loads(own)), locks, place_of)


@pytest.mark.parametrize(
    ("machine", "own", "expected"),
    [
        # (the machine's, a person's own, what is in force)
        ("log_level = 'error'", "", "log_level = 'error'"),
        ("log_level = 'error'", "log_level = 'debug'", "log_level = 'debug'"),  # one's own wins
        ("[account]\nemail = 'a'\nproxy = 'none'", "[account]\nemail = 'b'", "[account]\nemail = 'b'\nproxy = 'none'"),  # key by key
        ("[account]\nemail = 'a'", "[accounts.default]\nproxy = 'none'", "[accounts.default]\nemail = 'a'\nproxy = 'none'"),  # two names of one account
        ("[accounts.default]\nemail = 'a'", "[account]\nproxy = 'none'", "[account]\nemail = 'a'\nproxy = 'none'"),
        ("[accounts.paris]\nemail = 'a'", "[accounts.lyon]\nemail = 'b'", "[accounts.paris]\nemail = 'a'\n[accounts.lyon]\nemail = 'b'"),
        ("[defaults]\ntags = { a = 1, b = 2 }", "[defaults]\ntags = { b = 3 }", "[defaults]\ntags = { a = 1, b = 3 }"),
        # tags by name, in whichever of their forms
        ("[defaults]\ntags = [{ name = 'a', value = 1 }]", "[defaults]\ntags = { b = 3 }", "[defaults]\ntags = { a = 1, b = 3 }"),
        ("[defaults]\ntags = { a = 1 }", "[defaults]\ntags = [{ name = 'a', value = 2 }]", "[defaults]\ntags = { a = 2 }"),
        ("[defaults]\ntags = { a = 1 }", "[defaults]\ntags = [{ nam = 'a' }]", "[defaults]\ntags = { a = 1 }"),  # a mistake is told, and left out
        ("[defaults]\nignore = ['a']", "[defaults]\nignore = ['b']", "[defaults]\nignore = ['a', 'b']"),  # adds, as in folders
        ("[defaults]\naccept = ['a']", "[defaults]\naccept = ['b']", "[defaults]\naccept = ['b']"),
        ("[hooks]\nparsed = ['a', 'b']", "[hooks]\nparsed = ['c']", "[hooks]\nparsed = ['c']"),
        # folders: one's own first, the same place is one folder
        ("[[folders]]\npath = '/a'", "[[folders]]\npath = '/b'", "[[folders]]\npath = '/b'\n[[folders]]\npath = '/a'"),
        ("[[folders]]\npath = '/a'\nsource_key = 'k'\ntags = { x = 1 }", "[[folders]]\npath = '/a'\ntags = { y = 2 }", "[[folders]]\npath = '/a'\nsource_key = 'k'\ntags = { x = 1, y = 2 }"),
        ("[[folders]]\npath = '/a'\n[[folders.rules]]\nmatch = 'x'", "[[folders]]\npath = '/a'\n[[folders.rules]]\nmatch = 'y'", "[[folders]]\npath = '/a'\n[[folders.rules]]\nmatch = 'y'"),
        # the machine's folders go to its account, whichever a person has beside it
        ("[account]\nemail = 'a'\n[[folders]]\npath = '/a'", "[accounts.mine]\nemail = 'b'", "[account]\nemail = 'a'\n[accounts.mine]\nemail = 'b'\n[[folders]]\npath = '/a'\naccount = 'default'"),
        # what is no table where one belongs is a mistake, and is left out
        ("[account]\nemail = 'a'", "account = 3", "[account]\nemail = 'a'"),
        ("folders = 3", "[[folders]]\npath = '/a'", "[[folders]]\npath = '/a'"),
        ("[[folders]]\npath = '/a'", "folders = 3", "[[folders]]\npath = '/a'"),
        ("[[folders]]\npath = 3", "[[folders]]\npath = 3", "[[folders]]\npath = 3\n[[folders]]\npath = 3"),
    ],
)  # fmt: skip
def test_ones_own_refines_the_machines(machine, own, expected):
    assert merged_texts(machine, own).tables == canonical(tomllib.loads(expected))


@pytest.mark.parametrize(
    ("locked", "machine", "own", "expected", "ineffective"),
    [
        ("account.api_url", "[account]\napi_url = 'm'", "[account]\napi_url = 'o'\nemail = 'e'", "[account]\napi_url = 'm'\nemail = 'e'", ["account.api_url"]),
        ("account.api_url", "[account]\napi_url = 'm'", "[account]\napi_url = 'm'", "[account]\napi_url = 'm'", ["account.api_url"]),  # though it says the same
        # an account that only the person has is under it too
        ("account.api_url", "[account]\napi_url = 'm'", "[accounts.mine]\napi_url = 'o'", "[account]\napi_url = 'm'\n[accounts.mine]\napi_url = 'm'", ["accounts.mine.api_url"]),
        ("accounts.paris.proxy", "[accounts.paris]\nproxy = 'm'", "[accounts.paris]\nproxy = 'o'\n[accounts.lyon]\nproxy = 'o'", "[accounts.paris]\nproxy = 'm'\n[accounts.lyon]\nproxy = 'o'", ["accounts.paris.proxy"]),
        ("account", "[account]\nemail = 'm'", "[account]\nproxy = 'o'\n[accounts.mine]\nemail = 'o'", "[account]\nemail = 'm'", ["account", "accounts.mine"]),
        # the name of a key alone is enough where it means one
        ("max_upload_rate", "", "[account]\nmax_upload_rate = 9", "[account]", ["account.max_upload_rate"]),
        ("existing", "", "[defaults]\nexisting = 'skip'", "[defaults]", ["defaults.existing"]),
        # a key that is locked and not set has its built-in default
        ("hooks", "", "[hooks]\nparsed = ['x']", "", ["hooks"]),
        ("hooks.parsed", "[hooks]\nparsed = ['m']", "[hooks]\nparsed = ['x']\ntimeout_seconds = 9", "[hooks]\nparsed = ['m']\ntimeout_seconds = 9", ["hooks.parsed"]),
        ("log_level", "log_level = 'error'", "log_level = 'debug'", "log_level = 'error'", ["log_level"]),
        # a default that is locked holds in every folder and rule of the person's
        (
            "defaults.created_at", "[defaults]\ncreated_at = 'none'",
            "[defaults]\ncreated_at = 'file'\n[[folders]]\npath = '/a'\ncreated_at = 'file'\n[[folders.rules]]\ncreated_at = 'none'\nmatch = 'x'",
            "[defaults]\ncreated_at = 'none'\n[[folders]]\npath = '/a'\n[[folders.rules]]\nmatch = 'x'",
            ["defaults.created_at", "folders.0.created_at", "folders.0.rules.0.created_at"],
        ),
        ("defaults.ignore", "", "[[folders]]\npath = '/a'\nignore = ['x']\n[[folders.rules]]\nignore = true", "[[folders]]\npath = '/a'\n[[folders.rules]]\nignore = true", ["folders.0.ignore"]),  # of a rule it is another thing
        # the machine's own folders may say otherwise
        ("defaults.existing", "[defaults]\nexisting = 'skip'\n[[folders]]\npath = '/a'\nexisting = 'ask'", "[[folders]]\npath = '/a'\nexisting = 'upload'", "[defaults]\nexisting = 'skip'\n[[folders]]\npath = '/a'\nexisting = 'ask'", ["folders.0.existing"]),
        ("folders", "[[folders]]\npath = '/a'\nsource_key = 'k'", "[[folders]]\npath = '/a'\nsource_key = 'o'\n[[folders]]\npath = '/b'", "[[folders]]\npath = '/a'\nsource_key = 'k'", ["folders.0", "folders.1"]),
        ("folders", "[[folders]]\npath = '/a'\nsource_key = 'k'", "[[folders]]\npath = '/a'\nsource_key = 'k'", "[[folders]]\npath = '/a'\nsource_key = 'k'", ["folders.0"]),
        ("folders.source_key", "[[folders]]\npath = '/a'\nsource_key = 'k'", "[[folders]]\npath = '/a'\nsource_key = 'o'\n[[folders]]\npath = '/b'\nsource_key = 'o'", "[[folders]]\npath = '/a'\nsource_key = 'k'\n[[folders]]\npath = '/b'\nsource_key = 'o'", ["folders.0.source_key"]),
    ],
)  # fmt: skip
def test_what_is_locked_stays_as_the_machine_has_it(locked, machine, own, expected, ineffective):
    found = merged_texts(f"locked = ['{locked}']\n{machine}", own)
    assert found.tables == canonical(tomllib.loads(expected))
    assert [".".join(map(str, location.key_path)) for location in found.ineffective] == ineffective


@pytest.mark.parametrize(
    ("locked", "expected"),
    [
        ("account.api_ulr", '1: locked[1]: "account.api_ulr" is not the name of a setting that can be locked; did you mean "account.api_url"?'),
        ("api_urll", 'did you mean "api_url"?'),
        ("refused", "; write notifications.refused or hooks.refused"),
        ("enabled", "notifications.enabled or webhook.enabled"),
        ("defaults", "is not the name of a setting that can be locked"),
        ("folders.path", "is not the name of a setting that can be locked"),
        ("locked", "is not the name of a setting that can be locked"),
        ("accounts.nobody", "is not the name of a setting that can be locked"),
        ("account.email", "locks account.email, which is required, but this file doesn't set it"),
        ("account", "locks account.email, which is required"),
        ("defaults.source_key", "locks defaults.source_key, which is required"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_locked(desk, locked, expected):
    error = desk.fail(f'locked = ["{locked}"]\n', ACCOUNT + FOLDER)
    (said,) = desk.say(error.mistakes)
    assert said.startswith("machine.toml:1: locked[1]: ")
    assert expected in said
    assert error.by_machine


@pytest.mark.parametrize("value", ["3", "'hooks'", "[3]", "{ a = 1 }"])
def test_locked_is_a_list_of_names(desk, value):
    (said,) = desk.say(desk.fail(f"locked = {value}\n", ACCOUNT).mistakes)
    assert said.startswith("machine.toml:1: locked")


def test_locked_in_ones_own_is_told_where_it_belongs(desk):
    for machine in ("", 'locked = ["hooks"]\n'):
        (said,) = desk.say(desk.fail(machine, f'locked = ["hooks"]\n{ACCOUNT}').mistakes)
        assert said == "own.toml:1: locked: is only allowed in the system-wide configuration"


def test_each_mistake_is_said_of_the_file_it_stands_in(desk):
    error = desk.fail(
        f"log_level = 'loud'\n{FOLDER}recursiv = true\n",
        f"{ACCOUNT}proxy = 'sytem'\n[[folders]]\npath = 'x'\n",
    )
    assert [each.partition(" ")[0] for each in desk.say(error.mistakes)] == [
        "machine.toml:1:", "machine.toml:5:", "own.toml:3:", "own.toml:4:", "own.toml:5:",
    ]  # fmt: skip
    said = "\n".join(desk.say(error.mistakes))
    assert "machine.toml:5: folders[1].recursiv: " in said  # counted in its own file
    assert "own.toml:5: folders[1].path: " in said
    assert (error.by_machine, error.unfinished) == (False, False)


def test_a_mistake_of_the_machines_is_told_though_ones_own_hides_it(desk):
    error = desk.fail("log_level = 'loud'\n", f"log_level = 'info'\n{ACCOUNT}")
    assert error.by_machine
    assert "system-wide configuration" in str(error.title)
    assert [each[:15] for each in desk.say(error.mistakes)] == ["machine.toml:1:"]


def test_what_is_missing_beside_a_mistake_of_the_machines_is_no_mistake_of_the_persons(desk):
    error = desk.fail(f"nonsense = 1\n{FOLDER}")
    assert error.by_machine
    assert [each.partition(" ")[0] for each in desk.say(error.mistakes)] == [
        "machine.toml:1:",
        "own.toml:",
    ]
    assert not desk.fail(f"nonsense = 1\n{FOLDER}", "log_level = 3\n").by_machine


def test_folders_of_two_files_are_told_apart(desk):
    inner = FOLDER.replace("/srv/cvs", "/srv/cvs/dev")
    warnings = desk.say(desk.read(FOLDER, ACCOUNT + inner).warnings)
    lies = [each for each in warnings if "is inside" in each]
    assert lies == [
        (
            "own.toml:4: folders[1].path: /srv/cvs/dev is inside /srv/cvs, whose settings don't"
            " apply to its files"
        )
    ]
    twice = desk.say(desk.fail(FOLDER + FOLDER, ACCOUNT).mistakes)
    assert twice == ["machine.toml:5: folders[2].path: /srv/cvs is already watched, as folder 1"]


def test_a_secret_in_the_machines_file_is_not_shown(desk):
    error = desk.fail(f'[account]\nemail = "{SECRET}"\n', "[account]\nproxy = 'none'\n")
    assert SECRET not in str(error.mistakes)
    assert desk.say(error.mistakes)[0].startswith("machine.toml:2:")


def test_the_machines_alone_is_enough(desk):
    loaded = desk.read(ACCOUNT + FOLDER)
    assert (loaded.has_own, loaded.machine) == (False, str(desk.machine))
    assert [each.path for each in loaded.config.folders] == ["/srv/cvs"]


@pytest.mark.parametrize(
    "machine", ["", "[account]\napi_url = 'https://x.example.com/v1'\n", FOLDER]
)
def test_the_machines_alone_may_leave_something_to_people(desk, machine):
    error = desk.fail(machine)
    assert (error.unfinished, error.by_machine) == (True, False)
    assert "hrflow-watcher setup" in str(error.hint)
    assert not desk.fail(f"{machine}nonsense = 1\n").unfinished


def test_without_either_it_is_as_before(desk):
    with pytest.raises(ConfigError, match="There is no configuration at"):
        desk.read(None)


def test_what_has_no_effect_is_said_and_never_a_mistake(desk):
    loaded = desk.read(
        'locked = ["account.api_url", "max_requests_per_minute"]\n'
        + ACCOUNT
        + "max_requests_per_minute = 60\n"
        + FOLDER,
        "[account]\nmax_requests_per_minute = 'none'\napi_url = 'https://api.hrflow.ai/v1'\n",
    )
    account = loaded.config.account("default")
    assert account.max_requests_per_minute == 60
    expected = [
        (
            "own.toml:2: account.max_requests_per_minute: has no effect, because machine.toml locks it"
            " for this computer"
        ),
        "own.toml:3: account.api_url: has no effect, because machine.toml locks it for this computer",
    ]
    assert desk.say(loaded.config.remarks) == expected
    assert set(expected) <= set(desk.say(loaded.warnings))


def test_show_tells_the_layer_of_each_value(desk):
    loaded = desk.read(
        'locked = ["account.proxy", "hooks.parsed", "folders.tags"]\n'
        + ACCOUNT
        + "proxy = 'none'\n[defaults]\nexisting = 'ask'\n"
        + FOLDER
        + "tags = { a = 1 }\n",
        "[account]\nread_timeout = 9\n[[folders]]\npath = '/srv/cvs'\nchanged = 'ignore'\n",
    )
    origins = {key: desk.say([origin])[0] for key, _, origin in show(loaded)}
    assert origins["accounts.default.proxy"] == "machine.toml:4 (machine, locked)"
    assert origins["accounts.default.email"] == "machine.toml:3 (machine)"
    assert origins["accounts.default.read_timeout"] == "own.toml:2 (user)"
    assert origins["accounts.default.api_url"] == "built-in default"
    assert origins["hooks.parsed"] == "built-in default (locked)"
    assert origins["folders[1].path"] == "own.toml:4 (user)"
    assert origins["folders[1].changed"] == "own.toml:5 (user)"
    assert origins["folders[1].tags"] == "machine.toml:10 (machine, locked)"
    assert origins["folders[1].existing"] == "[defaults] machine.toml:6 (machine)"


def test_paths_of_the_machine_are_each_persons_own(desk):
    loaded = desk.read(ACCOUNT + FOLDER.replace("/srv/cvs", "~/CVs") + "create = true\n"
                       + FOLDER.replace("/srv/cvs", "/srv/$USER/cvs") + "create = true\n"
                       + FOLDER.replace("/srv/cvs", "/srv/{user}"))  # fmt: skip
    paths = [each.path for each in loaded.config.folders]
    assert paths == ["/home/jo/CVs", "/srv/jo/cvs", "/srv/{user}"]
    warnings = desk.say((*loaded.warnings, *loaded.absent))
    assert not [each for each in warnings if "/home/jo/CVs" in each]  # it is made
    assert [each for each in warnings if "folders[2].create: folders are created only in" in each]
    assert [each for each in warnings if "{user} can't be used in a path; write $USER" in each]


# -- the setup


def known(desk, machine, own=""):
    desk.write(machine, own)
    layer = find_layer(MachineFile(str(desk.machine), is_own=True))
    return read_configured(both(desk, own, layer), JO)


def both(desk, own, layer):
    return put_together(parse(str(desk.own), own), layer, JO, Mistakes())


def test_the_set_up_proposes_what_the_machine_has_and_writes_only_what_differs(desk):
    found = known(desk, ACCOUNT + FOLDER + "tags = { a = 1 }\n")
    assert find_problems(Answers(), found) == ()
    assert plan_edits(Answers(email="a@example.com"), found) == ()
    (folder,) = found.folders
    same = FolderAnswer("/srv/cvs", folder.place, KEY, tags=folder.tags)
    assert plan_edits(Answers(folders=(same,)), found) == ()
    without = FolderAnswer("/srv/cvs", folder.place, KEY, tags=())  # those of the machine stay
    assert plan_edits(Answers(folders=(without,)), found) == ()
    tags = (*folder.tags, Item(name="b", value=2))
    other = FolderAnswer("/srv/cvs", folder.place, OTHER, "S", tags, AfterUpload.MOVE)
    assert plan_edits(Answers(folders=(other,)), found) == (
        PutFolder(
            None,
            {
                "path": "/srv/cvs", "source_key": OTHER, "tags": tags[1:],
                "after_upload": AfterUpload.MOVE,
            },
            "S",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", {"proxy": "none", "api_url": "https://x.example.com/v1", "email": ""}),
        ("[account]\nemail = 'a@example.com'\nproxy = 'system'\n", {"proxy": "system", "email": "a@example.com"}),
        ("[account]\nproxy = 3\n", {"proxy": "system"}),  # a mistake, to be mended
        ("[accounts.default]\nread_timeout = 9\n", {"proxy": "none", "read_timeout": 9.0}),
        ("account = 3\n", {"proxy": "none", "email": ""}),
    ],
)  # fmt: skip
def test_hrflow_is_asked_through_the_machines_proxy_before_all_is_written(desk, own, expected):
    desk.write("[account]\nproxy = 'none'\napi_url = 'https://x.example.com/v1'\n", own)
    layer = find_layer(MachineFile(str(desk.machine), is_own=True))
    account = read_account(both(desk, own, layer), "default")
    assert {key: getattr(account, key) for key in expected} == expected


def test_a_folder_of_both_is_changed_in_ones_own(desk):
    own = "[[folders]]\npath = '/x'\nsource_key = 'k'\n[[folders]]\npath = '/srv/cvs'\n"
    found = known(desk, ACCOUNT + FOLDER, own)
    assert [each.is_machine for each in found.folders] == [False, False]
    answer = FolderAnswer("/srv/cvs", found.folders[1].place, OTHER)
    assert plan_edits(Answers(folders=(answer,)), found) == (PutFolder(1, {"source_key": OTHER}),)


@pytest.mark.parametrize(
    ("locked", "answers", "expected"),
    [
        ("account.email", Answers(email="b@example.com"), ["The account's email"]),
        ("account.email", Answers(email="a@example.com"), []),
        ("account", Answers(email="b@example.com", api_url="https://x"), ["The account's email", "The account's api_url"]),
        ("folders", Answers(folders=(FolderAnswer("/new", "/new", KEY),)), ["The list of folders, without /new,"]),
        ("folders", Answers(folders=(FolderAnswer("/srv/cvs", "/srv/cvs", KEY),)), []),
        ("folders.source_key", Answers(folders=(FolderAnswer("/srv/cvs", "/srv/cvs", OTHER),)), ["source_key of /srv/cvs"]),
        ("folders.source_key", Answers(folders=(FolderAnswer("/new", "/new", OTHER),)), []),
        ("defaults.after_upload", Answers(folders=(FolderAnswer("/new", "/new", OTHER, after_upload=AfterUpload.MOVE),)), ["after_upload of /new"]),
    ],
)  # fmt: skip
def test_answers_that_meet_what_is_locked(desk, locked, answers, expected):
    found = known(desk, f'locked = ["{locked}"]\n{ACCOUNT}{FOLDER}')
    tail = f" is set for this computer, in {desk.machine}."
    assert [str(each.said).removesuffix(tail) for each in find_locked(answers, found)] == expected


def test_a_source_for_all_folders_need_not_be_named(desk):
    found = known(desk, f"{ACCOUNT}[defaults]\nsource_key = '{KEY}'\n")
    answers = Answers(folders=(FolderAnswer("/new", "/new"),))
    assert find_problems(answers, found) == ()
    assert plan_edits(answers, found) == (PutFolder(None, {"path": "/new"}),)


# -- for all

VALUES = st.one_of(st.booleans(), st.integers(0, 3), st.text("ab", max_size=2))
TAGS = st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3)
FOLDERS = st.lists(
    st.fixed_dictionaries(
        {"path": st.sampled_from(["/a", "/b", "/c"])},
        optional={
            "source_key": VALUES, "tags": TAGS, "existing": VALUES,
            "rules": st.lists(st.fixed_dictionaries({}, optional={"source_key": VALUES}), max_size=2),
        },
    ),
    min_size=1, max_size=3, unique_by=lambda each: each["path"],
)  # fmt: skip
ACCOUNTS = st.fixed_dictionaries({}, optional={"email": VALUES, "api_url": VALUES})
FILES = st.fixed_dictionaries(
    {},
    optional={
        "account": ACCOUNTS,
        "accounts": st.dictionaries(
            st.sampled_from(["paris", "lyon"]), ACCOUNTS, min_size=1, max_size=2
        ),
        "defaults": st.fixed_dictionaries({}, optional={"existing": VALUES, "tags": TAGS}),
        "hooks": st.fixed_dictionaries({}, optional={"parsed": VALUES, "timeout_seconds": VALUES}),
        "log_level": VALUES,
        "folders": FOLDERS,
    },
)
LOCKS = st.frozensets(
    st.sampled_from(
        [
            ("accounts", "*", "api_url"), ("accounts",), ("hooks",), ("hooks", "parsed"),
            ("log_level",), ("defaults", "existing"), ("folders", "*", "existing"), ("folders",),
            ("folders", "shared", "source_key"), ("defaults", "tags"),
        ]
    )
)  # fmt: skip


@given(FILES, LOCKS)
def test_without_ones_own_all_is_the_machines(machine, locks):
    found = merged(machine, {}, locks)
    assert found.tables == canonical(machine)
    assert found.ineffective == []


@given(FILES)
def test_without_the_machines_all_is_ones_own(own):
    found = merged({}, own, frozenset())
    assert found.tables == canonical(own)
    assert found.ineffective == []
    assert all(not location.is_machine for location, _ in keys_of(found.tables))


@given(FILES, FILES, LOCKS)
def test_doing_it_again_changes_nothing(machine, own, locks):
    once = merged(machine, own, locks).tables
    again = merge(canonical(machine, MACHINE), copied(once), locks, place_of).tables
    assert again == once


def copied(tables):
    return placed(tables, OWN)


ODD = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 3), st.text("a~/{", max_size=3)),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["email", "path", "tags", "name", "value", "x"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
ODD_FILES = st.dictionaries(
    st.sampled_from(["account", "accounts", "defaults", "folders", "hooks", "log_level", "locked"]),
    ODD
    | st.lists(st.sampled_from(["account.email", "hooks", "folders", "defaults.tags"]), max_size=2),
    max_size=4,
)


@given(ODD_FILES, ODD_FILES)
def test_whatever_is_written_is_right_or_a_mistake(tmp_path_factory, machine, own):
    desk = Desk(tmp_path_factory.getbasetemp())
    try:
        desk.read(tomlkit.dumps(machine), tomlkit.dumps(own))
    except ConfigError as error:
        assert error.mistakes


def keys_of(tables):
    """(where it was written, value) of each key that is no table."""
    for name, value in tables.items() if isinstance(tables, Table) else enumerate(tables):
        if isinstance(value, Table | Array):
            yield from keys_of(value)
        else:
            yield tables.at(name), value


def dig(raw, key_path):
    for part in key_path:
        raw = raw[part]
    return raw


def lock_key_path(key_path, machine, own):
    """The key path of a key of one's own, as locks name it."""
    if key_path[0] == "account":
        return ("accounts", "default", *key_path[1:])
    if key_path[0] == "folders" and len(key_path) > 1:
        places = [place_of(each) for each in machine.get("folders", [])]
        shared = "shared" if place_of(own["folders"][key_path[1]]) in places else "own"
        return ("folders", shared, *(each for each in key_path[2:] if isinstance(each, str)))
    return key_path


@given(FILES, FILES, LOCKS)
def test_what_is_locked_never_comes_from_ones_own(machine, own, locks):
    for location, value in keys_of(merged(machine, own, locks).tables):
        key_path = location.key_path
        if location.is_machine:
            # A folder's account may be named: it is the only one that the machine's file has.
            assert dig(machine, key_path) == value or (
                key_path[0] == "folders" and len(key_path) == 2
            )
        elif (key_path[0], key_path[-1]) != ("folders", "path") and not set("xyz") & {key_path[-1]}:
            assert not is_locked(locks, lock_key_path(key_path, machine, own))


@given(FILES, FILES, LOCKS)
def test_what_is_not_locked_is_ones_own_wherever_it_says_something(machine, own, locks):
    found = merged(machine, own, locks)
    in_force = {
        location.key_path for location, _ in keys_of(found.tables) if not location.is_machine
    }
    for location, _ in keys_of(placed(own, OWN)):
        key_path = location.key_path
        assert key_path in in_force or any(
            key_path[: len(ineffective.key_path)] == ineffective.key_path
            for ineffective in found.ineffective
        )
