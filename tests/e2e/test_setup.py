"""The guided setup, driven as a person does: questions read, answers typed; and as scripts do."""

import json
import os
import re

import pytest

from tests.support import file_keyring
from tests.support.terminal import ENTER
from tests.support.waiting import wait_until
from watcher import sandbox as sb
from watcher.daemon.snapshots import source_names

OTHER_KEY = "f" * 40
KEYS = {sb.READ_WRITE_KEY, sb.READ_KEY, sb.WRITE_KEY}


class Person:
    """At a desk with a home and a keyring of their own, and nothing set up."""

    def __init__(self, desk):
        self.desk = desk
        self.home = desk.root / "home"
        self.home.mkdir()
        self.box = desk.root / "box.json"
        self.config = desk.config
        self.config.unlink()
        self.url = desk.sandbox.url
        desk.key = ""
        self._terminals = []
        self.own = {
            "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"),
            **file_keyring.environ(self.box),
        }  # fmt: skip

    def environ(self, **more):
        return self.desk.environ(**{**self.own, **more})

    def at_terminal(self, *arguments, columns=300, **environ):
        terminal = self.desk.terminal(*arguments, columns=columns, **{**self.own, **environ})
        self._terminals.append(terminal)
        return terminal

    def run(self, *arguments, typed="", **environ):
        return self.desk.run_apart(*arguments, typed=typed, **{**self.own, **environ})

    def script(self, *arguments, typed=sb.READ_WRITE_KEY + "\n", **environ):
        """``setup`` without questions, with the sandbox's account."""
        return self.run(*self.scripted(*arguments), typed=typed, **environ)

    def scripted(self, *arguments):
        given = ("--email", sb.EMAIL, "--api-url", self.url, "--key-stdin", *arguments)
        return ("setup", "--non-interactive", *given)

    def stored(self):
        return json.loads(self.box.read_text()) if self.box.exists() else {}

    def text(self):
        return self.config.read_text() if self.config.exists() else None

    def left(self):
        """All that a setup can leave behind."""
        return self.text(), self.stored(), sorted(os.listdir(self.home))

    def wait_for_arrivals(self, number):
        wait_until(lambda: len(self.desk.arrived()) >= number)
        assert len(self.desk.arrived()) == number

    def close(self):
        for terminal in self._terminals:
            terminal.close()
        if (self.home / ".config" / "autostart").exists():  # a test that failed half-way
            self.run("service", "uninstall")


@pytest.fixture
def person(desk):
    made = Person(desk)
    yield made
    made.close()


#: The questions of a first setup, each with an answer.
FIRST = (
    ("Email", sb.EMAIL),
    ("API key", sb.READ_WRITE_KEY),
    ("Folder to watch", ""),
    ("Add another folder", ""),
    ("Source for", "engineering"),
    ("Tags", 'office=Paris, zip="75001", urgent=true'),
    ("After upload", ""),
    ("Create it?", ""),
    ("when you log in?", "n"),
    ("Save these settings?", ""),
)


def answer_all(terminal, answers):
    for question, text in answers:
        terminal.answer(question, text)


def assert_no_secret(*texts):
    assert not [key for key in KEYS for text in texts if key in text]


# -- guided


def test_from_nothing_to_the_first_cv(person):
    terminal = person.at_terminal("setup", "--api-url", person.url)
    answer_all(terminal, [*FIRST, ("sample CV", "y")])
    assert terminal.end() == 0
    assert "✓ Key accepted" in terminal.text
    assert 'source_key = "' + sb.ENGINEERING.key in person.text()
    assert 'path = "~/CVs"' in person.text()
    assert person.stored() == {"hrflow-watcher/default": sb.READ_WRITE_KEY}
    assert_no_secret(terminal.raw, person.text())
    assert person.config.stat().st_mode & 0o777 == 0o600
    assert person.run("config", "check").returncode == 0
    done = person.run("import", str(person.home / "CVs"))
    assert done.returncode == 0, done.stderr
    (record,) = person.desk.arrived()
    assert record.source_key == sb.ENGINEERING.key
    assert json.loads(dict(record.fields)["tags"]) == [
        {"name": "office", "value": "Paris"},
        {"name": "zip", "value": "75001"},
        {"name": "urgent", "value": True},
    ]


def test_from_nothing_to_the_first_profile_in_80_columns(person):
    setup = person.at_terminal("setup", "--api-url", person.url, columns=80)
    setup.answer("Email of your HrFlow account")
    setup.wait_for("This can't be left empty.")
    answer_all(setup, [*FIRST, ("Put it into the folder?", "y")])
    setup.wait_for("will be uploaded once the program is running")
    assert setup.end() == 0
    run = person.at_terminal("run", columns=80)
    run.wait_for("✓ Camille Durand - CV.pdf")
    run.wait_for("Camille Durand → Engineering")
    run.interrupt()
    assert run.end() == 0
    history = person.at_terminal("history", columns=80)
    history.wait_for("✓ Profile created")
    assert history.end() == 0
    asked = setup.text
    for _, typed in FIRST:
        asked = asked.replace(f": {typed}\n", ":\n")
    for line in (asked + run.text + history.text).splitlines():
        # A longer one would be broken in the middle of a word.
        assert len(line.rstrip()) <= 80 or max(map(len, line.split())) > 50, line


def test_a_yes_starts_it_now_and_at_every_login(person):
    terminal = person.at_terminal("setup", "--api-url", person.url)
    answer_all(terminal, [*FIRST[:-2], ("when you log in?", ""), FIRST[-1], ("sample CV", "y")])
    terminal.wait_for("Starts automatically when you log in (autostart")
    assert terminal.end() == 0
    entry = person.home / ".config" / "autostart" / "hrflow-watcher.desktop"
    assert entry.is_file()
    status = json.loads(person.run("status", "--json").stdout)
    assert status["running"]
    person.wait_for_arrivals(1)
    again = person.script(
        "--no-test-file", "--folder", str(person.home / "CVs"), "--source", "Sales"
    )
    assert again.returncode == 0, again.stderr
    assert "Starts automatically when you log in" in again.stdout  # brought up to date unasked
    assert json.loads(person.run("status", "--json").stdout)["pid"] == status["pid"]
    assert person.run("service", "uninstall").returncode == 0
    assert not json.loads(person.run("status", "--json").stdout)["running"]
    assert not entry.parent.exists()


def test_a_script_has_it_started_at_login_only_if_it_says_so(person):
    given = ("--folder", str(person.home / "CVs"), "--source", "Sales")
    assert person.script(*given).returncode == 0
    assert not (person.home / ".config").exists()
    done = person.script(*given, "--service")
    assert done.returncode == 0, done.stderr
    try:
        assert json.loads(person.run("service", "status", "--json").stdout)["enabled"]
    finally:
        assert person.run("service", "uninstall").returncode == 0


def test_wrong_answers_are_asked_for_again(person):
    (person.home / "a file").write_text("x")
    terminal = person.at_terminal("setup", "--api-url", person.url)
    terminal.answer("Email", "nobody")
    terminal.answer("is not a valid email address", sb.EMAIL)
    terminal.answer("API key", "two words")
    # What is typed before the terminal stops showing it is thrown away.
    terminal.wait_for("This is not an API key")
    terminal.answer("not shown while you type", sb.READ_KEY)
    terminal.wait_for("read-only")
    terminal.answer("not shown while you type", "ask_" + "0" * 32)
    terminal.wait_for("rejected this key")  # which is no reason to offer to use it
    terminal.answer("Email", "other@example.org")  # as it may be what is wrong
    terminal.answer("not shown while you type", sb.READ_WRITE_KEY)
    terminal.wait_for("rejected this key")
    terminal.answer("Email", sb.EMAIL)
    terminal.answer(
        "not shown while you type", f"  {sb.READ_WRITE_KEY} "
    )  # pasted with its surroundings
    terminal.wait_for("Removed spaces or line breaks around the key.")
    terminal.answer("Folder to watch", "y")
    terminal.answer('There is no folder "y"', "2")
    terminal.answer('There is no folder "2"', "/")
    terminal.answer("whole drive", "~")
    terminal.answer("your home folder", "~/a file")
    terminal.answer("is a file", str(person.desk.root / "state"))
    terminal.answer("keeps its own files", "~/CVs")
    terminal.answer("Add another folder", "no")
    terminal.answer('There is no folder "no"', "")
    terminal.answer("Source for", OTHER_KEY)
    terminal.answer("This workspace has no source", sb.READ_WRITE_KEY)
    terminal.answer("This is an API key", "Enginering")
    terminal.answer('did you mean "Engineering"?', "{jbo}")
    terminal.answer("{jbo} is not a known placeholder", "1")
    terminal.answer("Tags", "Paris")
    terminal.answer("Tags look like office=Paris", "a={jbo}")
    terminal.answer("{jbo} is not a known placeholder", "")
    terminal.answer("After upload", "burn")
    terminal.answer("is not one of", "trash")
    terminal.answer("Create it?", "n")
    terminal.answer("when you log in?", "n")
    terminal.answer("Save these settings?")
    assert terminal.end() == 0
    assert person.stored() == {"hrflow-watcher/default": sb.READ_WRITE_KEY}
    assert 'after_upload = "trash"' in person.text()
    assert "tags" not in person.text()
    assert not (person.home / "CVs").exists()


def test_without_a_check_the_form_of_a_key_is_looked_at_all_the_same(person):
    terminal = person.at_terminal("setup", "--no-check", "--api-url", person.url)
    terminal.answer("Email", sb.EMAIL)
    terminal.answer("API key", sb.READ_KEY)
    terminal.wait_for("read-only")
    terminal.answer("not shown while you type", "yes")
    terminal.wait_for("doesn't look like an API key")
    terminal.answer("Use it anyway?", "n")
    terminal.answer("API key", sb.READ_WRITE_KEY)
    terminal.answer("Folder to watch", "~/CVs")
    terminal.answer("Add another folder", "")
    terminal.answer("Source for", sb.SALES.key)
    answer_all(terminal, FIRST[5:])
    terminal.answer("sample CV")
    assert terminal.end() == 0
    assert person.stored() == {"hrflow-watcher/default": sb.READ_WRITE_KEY}


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        (sb.READ_KEY, 4, "read-only"),
        ("two words", 4, "This is not an API key"),
        ("ask_“x”", 4, "This is not an API key"),
        ("something", 0, "doesn't look like an API key"),
    ],
)
def test_a_script_s_key_is_looked_at_without_a_check_too(person, key, code, said):
    options = ("--folder", "~/CVs", "--source", sb.SALES.key, "--no-check")
    done = person.script(*options, typed=f"{key}\n")
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert person.config.exists() is (code == 0)


def test_run_again_proposes_what_is_there_and_keeps_the_rest(person):
    (person.home / "CVs").mkdir()
    given = ("--folder", str(person.home / "CVs"), "--source", "Sales", "--tag", "n=1")
    assert person.script(*given).returncode == 0
    text = person.text().replace(
        "[[folders]]", "# Ours since 2026\n[[folders]]\nsettle_seconds = 3"
    )
    person.config.write_text(text)
    terminal = person.at_terminal("setup")
    terminal.answer("Email")
    terminal.answer("press Enter to keep the one from the system's keyring")
    terminal.answer("the number of one to change", "1")
    terminal.answer("Add another folder")
    terminal.answer("[Sales]")
    terminal.answer("[n=1]", "n=2")
    terminal.answer("[keep]")
    terminal.answer("when you log in?", "n")
    terminal.answer("Save these settings?")
    terminal.answer("sample CV")
    assert terminal.end() == 0
    assert person.text() == text.replace("n = 1", "n = 2")
    assert "-tags = { n = 1 }\n+tags = { n = 2 }" in terminal.text
    assert "\x1b[32m+tags" in terminal.raw  # and in colour
    assert re.search(r" 1 +\S+ +Sales\b", terminal.text)  # and no key, in the list of folders


def test_run_again_without_a_change_changes_nothing(person):
    assert person.script("--folder", str(person.home / "CVs"), "--source", "Sales").returncode == 0
    before = person.left()
    terminal = person.at_terminal("setup")
    answer_all(
        terminal,
        [
            *(("Email", ""), ("API key", ""), ("Add another folder", "")),
            ("when you log in?", "n"),
        ],
    )
    assert terminal.end() == 0
    assert "Save these settings?" not in terminal.text
    assert "No changes to the configuration." in terminal.text
    assert person.left() == before


def test_nobody_is_told_to_start_what_runs(person):
    done = person.script("--folder", str(person.home / "CVs"), "--source", "Sales")
    assert "Start it with: hrflow-watcher run" in done.stdout
    running = person.desk.start("run", **person.own)
    running.wait_for("Watching")
    done = person.script(
        "--folder", str(person.home / "CVs"), "--source", "Engineering", "--test-file"
    )
    assert "Start it with" not in done.stdout
    assert "Saved and active: the program is running." in done.stdout
    assert "will be uploaded." in done.stdout


def test_what_an_option_says_is_not_asked(person):
    terminal = person.at_terminal(
        "setup", "--api-url", person.url, "--email", sb.EMAIL, "--folder", "~/CVs",
        "--source", "Sales", "--tag", "a=b", "--after-upload", "move", "--create", "--no-test-file",
        "--no-service",
    )  # fmt: skip
    terminal.answer("API key", sb.READ_WRITE_KEY)
    terminal.answer("Save these settings?")
    assert terminal.end() == 0
    assert terminal.text.count("?") == 1


def test_several_folders_each_with_its_source(person):
    terminal = person.at_terminal("setup", "--api-url", person.url, "--create", "--no-test-file")
    answer_all(terminal, FIRST[:2])
    terminal.answer("Folder to watch", "~/CVs")
    terminal.answer("Add another folder", "~/CVs/sales")
    terminal.answer("Add another folder", "~/CVs")  # said before
    terminal.answer("Add another folder")
    for name in ("CVs", "CVs/sales"):
        terminal.answer(f"Source for ~/{name} ", "1" if name == "CVs" else "Sales")
        answer_all(terminal, [("Tags", ""), ("After upload", "")])
    terminal.answer("when you log in?", "n")
    terminal.wait_for("/CVs/sales is inside ")  # the deepest wins
    terminal.answer("Save these settings?")
    assert terminal.end() == 0
    assert person.text().count("[[folders]]") == 2
    assert (person.home / "CVs" / "sales").is_dir()


def test_a_write_only_key_names_its_source_by_key(person):
    terminal = person.at_terminal("setup", "--api-url", person.url)
    terminal.answer("Email", sb.EMAIL)
    terminal.answer("API key", sb.WRITE_KEY)
    terminal.wait_for("A write-only key can't be tested")
    answer_all(terminal, FIRST[2:4])
    terminal.answer("Source for", "Sales")
    terminal.answer("is not a source key", sb.SALES.key)
    answer_all(terminal, FIRST[5:])
    terminal.answer("sample CV")
    assert terminal.end() == 0
    assert f'source_key = "{sb.SALES.key}"' in person.text()


def test_without_an_answer_one_can_go_on(person):
    person.desk.sandbox.stop()
    terminal = person.at_terminal("setup", "--api-url", person.url)
    answer_all(terminal, [*FIRST[:2], ("Continue without testing the key?", "y"), *FIRST[2:4]])
    terminal.answer("Source for", sb.SALES.key)
    answer_all(terminal, FIRST[5:])
    terminal.answer("sample CV")
    assert terminal.end() == 0
    assert person.stored()


@pytest.mark.parametrize("number", range(len(FIRST)), ids=[question for question, _ in FIRST])
def test_ctrl_c_leaves_nothing_at_any_question(person, number):
    terminal = person.at_terminal("setup", "--api-url", person.url)
    answer_all(terminal, FIRST[:number])
    terminal.wait_for(FIRST[number][0])
    terminal.wait_for(": ")
    terminal.interrupt()
    assert terminal.end() == 130
    assert "Nothing was saved." in terminal.text
    assert "Traceback" not in terminal.text
    assert person.left() == (None, {}, [])


def test_a_no_at_the_end_leaves_all_as_it_was(person):
    person.config.write_text(text := '# mine\n[account]\nemail = "old@example.com"\n')
    terminal = person.at_terminal("setup", "--api-url", person.url)
    terminal.answer("[old@example.com]", sb.EMAIL)
    answer_all(terminal, FIRST[1:-1])
    terminal.answer("Save these settings?", "n")
    assert terminal.end() == 0
    assert "Nothing was saved." in terminal.text
    assert person.left() == (text, {}, [])


def test_a_keyring_that_refuses_leaves_all_as_it_was(person):
    terminal = person.at_terminal("setup", "--api-url", person.url, KEY_BOX_LOCKED="1")
    answer_all(terminal, FIRST)
    assert terminal.end() == 4
    assert person.left() == (None, {}, [])
    assert_no_secret(terminal.raw)


def test_a_change_by_somebody_else_is_not_overwritten(person):
    terminal = person.at_terminal("setup", "--api-url", person.url)
    answer_all(terminal, FIRST[:-1])
    terminal.wait_for("Save these settings?")
    person.config.write_text(text := "# just now\n")
    terminal.type(ENTER)
    assert terminal.end() == 2
    assert "has been changed in the meantime" in terminal.text
    assert person.text() == text


def test_without_a_terminal_it_says_how_else(person):
    done = person.run("setup")
    assert done.returncode == 2
    assert "--non-interactive" in done.stderr
    assert person.left() == (None, {}, [])


# -- by options alone


def test_a_script_sets_up_two_folders(person):
    folders = [str(person.desk.root / name) for name in ("one", "two")]
    done = person.script(
        "--folder", folders[0], "--folder", folders[1], "--source", "sales", "--source",
        sb.EXPRESS.key, "--tag", "office=Paris", "--tag", "zip=01000", "--after-upload", "move",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert person.stored() == {"hrflow-watcher/default": sb.READ_WRITE_KEY}
    assert_no_secret(done.stdout, done.stderr, person.text())
    listed = person.run("folder", "list", "--json").stdout.splitlines()
    assert [json.loads(line) for line in listed] == [
        {
            "path": folder, "exists": True, "account": "default", "source_key": source.key,
            "tags": [{"name": "office", "value": "Paris"}, {"name": "zip", "value": "01000"}],
            "recursive": True, "after_upload": "move", "rules": 0, "source_name": source.name,
                "layer": "user",
        }
        for folder, source in zip(folders, (sb.SALES, sb.EXPRESS), strict=True)
    ]  # fmt: skip
    before = person.left()
    again = person.script("--folder", folders[0], "--source", "sales")
    assert again.returncode == 0
    assert person.left() == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--folder", "{new}"], 2, "--source"),
        (["--source", "Sales"], 2, "--folder"),
        (["--tag", "a=b"], 2, "--folder"),
        ([], 2, "A folder to watch is missing"),
        (["--folder", "{new}", "--source", "Sales", "--email", "nobody"], 2, "not a valid email address"),
        (["--folder", "{new}", "--source", OTHER_KEY], 5, "has no source"),  # another workspace's
        (["--folder", "{new}", "--source", "Sale"], 5, 'did you mean "Sales"?'),
        (["--folder", "{new}", "--source", sb.READ_WRITE_KEY], 5, "an API key"),
        (["--folder", "/", "--source", "Sales"], 5, "whole drive"),
        (["--folder", "{home}", "--source", "Sales"], 5, "your home folder"),
        (["--folder", "{config}", "--source", "Sales"], 5, "is a file"),
        (["--folder", "{state}", "--source", "Sales"], 5, "keeps its own files"),
        (["--folder", "{new}", "--folder", "{new}", "--source", "Sales"], 2, "listed twice"),
        (["--folder", "{new}", "--source", "Sales", "--source", "Express"], 2, "2 sources for 1"),
        (["--folder", "{new}", "--source", "Sales", "--tag", "Paris"], 2, "Tags look like office=Paris"),
        (["--folder", "{new}", "--source", "Sales", "--tag", "a={job}"], 2, "{job} is not a known placeholder"),
        (["--folder", "{new}", "--source", "Sales", "--api-url", "http://example.org/v1"], 2, "must begin with https://"),  # no key goes there
        (["--folder", "{new}", "--source", "Sales", "--api-url", "http://127.0.0.1:9/v1"], 7, "Check the network"),
    ],
)  # fmt: skip
def test_what_a_script_got_wrong(person, arguments, code, said):
    person.config.write_text(text := "# nothing yet\n")
    known = {
        "new": person.home / "new", "home": person.home, "config": person.config,
        "state": person.desk.root / "state",
    }  # fmt: skip
    given = [each.replace("{job}", "{{job}}").format(**known) for each in arguments]
    done = person.desk.call(
        *person.scripted(*given), typed=sb.READ_WRITE_KEY + "\n", **person.environ()
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert_no_secret(done.stdout, done.stderr)
    assert person.left() == (text, {}, [])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no API key on standard input"),
        (sb.READ_KEY, "read-only"),
        ("ask_" + "0" * 32, "rejected this key"),
    ],
)
def test_a_key_that_cannot_upload(person, typed, said):
    done = person.script("--folder", "~/CVs", "--source", "Sales", typed=typed)
    assert (done.returncode, person.left()) == (4, (None, {}, []))
    assert said in done.stderr


@pytest.mark.parametrize("backend", ["null", "fail"])
def test_without_a_keyring_all_but_the_key_is_set_up(person, backend):
    given = ("--folder", "~/CVs", "--source", "Sales")
    none = {"PYTHON_KEYRING_BACKEND": f"keyring.backends.{backend}.Keyring"}
    done = person.script(*given, **none)
    assert done.returncode == 4
    assert (
        "Everything is set up except the key, which is not stored: This computer has no"
        in done.stderr
    )
    assert "HRFLOW_API_KEY" in done.stderr  # what a machine without one can do
    assert sb.SALES.key in person.text()
    assert person.stored() == {}
    assert_no_secret(done.stdout, done.stderr, person.text())
    again = person.script(*given, **none, HRFLOW_API_KEY=sb.READ_WRITE_KEY)
    assert again.returncode == 0, again.stderr
    assert "The key is used from the environment variable HRFLOW_API_KEY" in again.stdout


def test_without_a_keyring_it_is_said_before_the_key_is_asked_for(person):
    terminal = person.at_terminal(
        "setup", "--api-url", person.url, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring"
    )
    terminal.answer("Email", sb.EMAIL)
    terminal.wait_for("This computer has no keyring.")
    terminal.wait_for("HRFLOW_API_KEY")
    terminal.wait_for("(not shown")
    terminal.interrupt()
    assert terminal.end() == 130


def test_without_any_key(person):
    arguments = ("--email", sb.EMAIL, "--folder", "~/CVs", "--source", sb.SALES.key)
    done = person.run("setup", "--non-interactive", *arguments)
    assert (done.returncode, person.left()) == (4, (None, {}, []))
    assert "no API key" in done.stderr
    unchecked = person.run("setup", "--non-interactive", "--no-check", *arguments)
    assert unchecked.returncode == 0
    assert sb.SALES.key in person.text()


def test_a_configuration_with_mistakes_is_not_made_worse(person):
    person.config.write_text(
        text := '[account]\nemail = "a@b.c"\nproxi = "none"\nparallel_uploads = 0\n'
    )
    done = person.script("--folder", "~/CVs", "--source", "Sales")
    assert (done.returncode, person.text()) == (2, text)
    assert "would have 2 mistakes" in done.stderr
    assert 'did you mean "proxy"?' in done.stderr


def test_a_second_account_leaves_the_first_ones_folders_to_it(person):
    assert person.script("--folder", "~/CVs", "--source", "Sales").returncode == 0
    done = person.script("--account", "lyon", "--folder", "~/Lyon", "--source", "Express")
    assert done.returncode == 0, done.stderr
    listed = person.run("folder", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["account"] for line in listed] == ["default", "lyon"]
    assert set(person.stored()) == {"hrflow-watcher/default", "hrflow-watcher/lyon"}


# -- folder add, list, remove


@pytest.fixture
def ready(person):
    """Set up, with one folder."""
    assert person.script("--folder", "~/CVs", "--source", "Engineering").returncode == 0
    return person


def test_folders_come_and_go(ready):
    before = ready.text()
    place = str(ready.desk.root / "more")
    added = ready.run(
        "folder", "add", place, "--source", "sales", "--tag", "n=1", "--no-recursive",
        "--after-upload", "trash", "--create",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert os.path.isdir(place)
    assert f'+path = "{place}"' in added.stdout
    listed = ready.run("folder", "list").stdout.splitlines()
    assert listed[0].split("\t")[1] == sb.ENGINEERING.name
    assert listed[1].split("\t")[:5] == [place, sb.SALES.name, "n=1", "trash", "default"]
    assert ready.run("folder", "add", place, "--source", "sales").returncode == 5
    assert ready.run("folder", "remove", place).returncode == 2  # nobody to ask
    removed = ready.run("folder", "remove", place, "--yes")
    assert removed.returncode == 0
    assert "Your files and their history are kept" in removed.stdout
    assert os.path.isdir(place)
    assert ready.text() == before


def test_a_running_program_learns_the_names_of_sources(ready):
    run = ready.at_terminal("run")
    run.wait_for("Watching")
    place = str(ready.desk.root / "more")
    assert ready.run("folder", "add", place, "--source", "sales", "--create").returncode == 0
    assert source_names(ready.desk.places)["default", sb.SALES.key] == sb.SALES.name
    run.interrupt()
    assert run.end() == 0


def test_a_tested_key_tells_the_names_of_all_sources(ready):
    ready.desk.places.prepare()
    for name in ("journal.db", "begun"):  # as before any key was tested
        os.unlink(os.path.join(ready.desk.places.state, name))
    assert source_names(ready.desk.places) == {}
    done = ready.run("login", "--key-stdin", typed=sb.READ_WRITE_KEY)
    assert done.returncode == 0, done.stderr
    names = source_names(ready.desk.places)
    assert {sb.ENGINEERING.name, sb.SALES.name} <= set(names.values())


def test_the_key_alone_names_the_source_of_a_folder_set_for_the_computer(person):
    machine = person.desk.root / "machine" / "config.toml"
    machine.parent.mkdir()
    machine.write_text(
        f'[[folders]]\npath = "{person.desk.folder}"\nsource_key = "{sb.SALES.key}"\n'
    )
    done = person.script()
    assert done.returncode == 0, done.stderr
    assert f"\t{sb.SALES.name}\t" in person.run("folder", "list").stdout


def test_machines_get_what_changed_as_one_object(ready):
    place = str(ready.desk.root / "more")
    added = json.loads(ready.run("folder", "add", place, "--source", "sales", "--json").stdout)
    wanted = {"path": place, "account": "default", "source_key": sb.SALES.key, "added": True}
    assert f'+path = "{place}"' in added.pop("said")
    assert added == wanted
    asked = ready.run("folder", "remove", place, "--json")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "Add --yes" in str(json.loads(asked.stderr)["more"])
    removed = json.loads(ready.run("folder", "remove", place, "--yes", "--json").stdout)
    assert (removed["path"], removed["removed"]) == (place, True)
    again = json.loads(ready.script("--folder", "~/CVs", "--source", "Sales", "--json").stdout)
    folder = {"path": str(ready.home / "CVs"), "source_key": sb.SALES.key}
    assert (again["changed"], again["folders"]) == (True, [folder])


def test_removing_asks_and_finds_a_folder_by_any_of_its_names(ready):
    before = ready.text()
    terminal = ready.at_terminal("folder", "remove", str(ready.home / "CVs"))
    terminal.answer("Stop watching this folder?")
    assert terminal.end() == 0
    assert ready.text() == before
    terminal = ready.at_terminal("folder", "remove", "~/CVs")
    terminal.answer("Stop watching this folder?", "y")
    assert terminal.end() == 0
    assert "[[folders]]" not in ready.text()
    assert "No watched folders" in ready.run("folder", "list").stdout
    assert ready.run("folder", "remove", "~/CVs").returncode == 5


def test_adding_asks_before_it_creates(ready):
    terminal = ready.at_terminal("folder", "add", str(ready.home / "new"), "--source", "Sales")
    terminal.answer("Create it?", "n")
    assert terminal.end() == 0
    assert "once it exists" in terminal.text
    assert not (ready.home / "new").exists()


def test_folders_in_each_other_are_said(ready):
    done = ready.run(
        "folder", "add", str(ready.home / "CVs" / "in"), "--source", "Sales", "--create"
    )
    assert done.returncode == 0
    inner = ready.home / "CVs" / "in"
    assert f"! {inner} is inside {ready.home / 'CVs'}, whose settings" in done.stdout


def test_a_folder_needs_an_account(person):
    done = person.run("folder", "add", str(person.home / "CVs"), "--source", "Sales")
    assert done.returncode == 2
    assert "hrflow-watcher setup" in done.stderr


def test_a_folder_is_added_where_only_the_program_has_the_key(ready):
    """As with a systemd credential, which no terminal sees."""
    nothing = {"HRFLOW_API_KEY": "", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    by_name = ("folder", "add", "~/More", "--create", "--source", "Sales")
    done = ready.run(*by_name, **nothing)
    assert done.returncode == 4
    assert "A source can't be looked up by its name without an API key. There is no" in done.stderr
    assert "Use the source's own key instead" in done.stderr
    assert "the systemd credential hrflow-api-key" in done.stderr
    by_key = (*by_name[:-1], sb.SALES.key)
    done = ready.run(*by_key, **nothing)
    assert done.returncode == 0, done.stderr
    assert "Can't check that HrFlow has this source" in done.stdout
    assert sb.SALES.key in ready.text()
    assert (ready.home / "More").is_dir()


def test_a_linked_configuration_is_written_where_it_is(ready):
    real = ready.desk.root / "dotfiles.toml"
    ready.config.rename(real)
    ready.config.symlink_to(real)
    assert ready.run("folder", "remove", "~/CVs", "--yes").returncode == 0
    assert ready.config.is_symlink()
    assert "[[folders]]" not in real.read_text()
