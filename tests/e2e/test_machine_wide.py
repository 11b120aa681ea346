"""A machine that IT looks after: its own configuration, people's on top of it, and what is locked."""

import json
import os
import select
import socket
import subprocess

import pytest

from tests.support import file_keyring
from tests.support.samples import make_pdf
from tests.support.terminal import Terminal
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb

MACHINE = """
locked = {locked}

[account]
email = "{email}"
api_url = "{url}"
max_requests_per_minute = 6000

[[folders]]
path = "~/CVs"
create = true
source_key = "{source}"
settle_seconds = 0.3
tags = {{ office = "Paris" }}
{more}
"""


class Office:
    """A person whose machine is looked after; their own configuration is in its usual place."""

    def __init__(self, desk):
        self.desk = desk
        desk.options = ["--state", str(desk.root / "state")]
        self.machine = desk.root / "machine" / "config.toml"
        self.own = desk.root / "settings" / "hrflow-watcher" / "config.toml"
        self.home = desk.root / "home"
        self.home.mkdir()
        self.folder = self.home / "CVs"

    def write_machine(self, more="", locked=(), **changes):
        values = {
            "email": sb.EMAIL, "url": self.desk.sandbox.url, "source": sb.ENGINEERING.key,
            "locked": json.dumps(locked), "more": more, **changes,
        }  # fmt: skip
        self.machine.parent.mkdir(exist_ok=True)
        part = self.machine.with_suffix(".part")
        part.write_text(MACHINE.format(**values), encoding="utf-8")
        part.replace(self.machine)

    def write_own(self, text):
        self.own.parent.mkdir(parents=True, exist_ok=True)
        self.own.write_text(text, encoding="utf-8")

    def environ(self):
        return self.desk.environ(HOME=str(self.home))

    def start(self):
        return self.desk.start("run", HOME=str(self.home))

    def run(self, *arguments, code=0, typed=""):
        done = self.desk.run(*arguments, typed=typed, HOME=str(self.home))
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def sources(self):
        return [dict(record.fields)["source_key"] for record in self.desk.arrived()]


@pytest.fixture
def office(desk):
    return Office(desk)


def test_the_machines_configuration_alone_is_enough(office, eventually):
    elsewhere = office.desk.root / "drive" / "CVs"  # a drive that is not there now, perhaps
    office.write_machine(
        more=f'[[folders]]\npath = "{elsewhere}"\ncreate = true\nsource_key = "{sb.SALES.key}"\n'
    )
    said = office.run("config", "check")
    assert (
        f"! {office.machine}:17: folders[2].create: folders are created only in your home folder"
        in said
    )
    assert f"✓ {office.machine} is fine: 2 folders; there is no configuration of your own." in said
    running = office.start()
    running.wait_for("Watching")
    eventually(office.folder.is_dir)  # it was not there, and is to be
    make_pdf(office.folder / "a.pdf", "a")
    eventually(office.desk.arrived)
    assert not office.own.exists()
    assert not elsewhere.parent.exists()


def test_a_person_refines_it_and_meets_what_is_locked(office, eventually):
    office.write_machine(locked=["account.api_url", "folders.source_key"])
    office.write_own(
        '[account]\napi_url = "https://elsewhere.example.com/v1"\n'
        f'[[folders]]\npath = "~/CVs"\nsource_key = "{sb.SALES.key}"\ntags = {{ team = "HR" }}\n'
    )
    said = office.run("config", "check")
    tail = f"has no effect, because {office.machine} locks it for this computer"
    assert f"! {office.own}:2: account.api_url: {tail}" in said
    assert f"! {office.own}:5: folders[1].source_key: {tail}" in said
    assert "✓" in said
    assert tail in office.run("doctor", "--json")  # that the folder is not made yet is none
    running = office.start()
    running.wait_for("has no effect")
    eventually(office.folder.is_dir)
    make_pdf(office.folder / "a.pdf", "a")
    eventually(office.desk.arrived)
    (record,) = office.desk.arrived()
    fields = dict(record.fields)
    assert fields["source_key"] == sb.ENGINEERING.key
    assert {tag["name"] for tag in json.loads(fields["tags"])} == {"office", "team"}
    assert f"! {office.own}:2: account.api_url: {tail}" in office.run("status")
    (status,) = map(json.loads, office.run("status", "--json").splitlines())
    assert len(status["remarks"]) == 2
    shown = [json.loads(each) for each in office.run("config", "show", "--json").splitlines()]
    layers = {each["key"]: (each["layer"], each["locked"]) for each in shown}
    assert layers["accounts.default.api_url"] == ("machine", True)
    assert layers["folders[1].path"] == ("user", False)
    assert layers["log_level"] == ("default", False)


def test_a_change_is_taken_up_and_one_with_mistakes_is_not(office, eventually):
    office.write_machine()
    running = office.start()
    running.wait_for("Watching")
    office.write_machine(source=sb.SALES.key)
    running.wait_for("Configuration reloaded")
    make_pdf(office.folder / "a.pdf", "a")
    eventually(office.desk.arrived)
    assert office.sources() == [sb.SALES.key]

    office.write_machine(more="nonsense = 1", source=sb.ENGINEERING.key)
    assert f"{office.machine}:15: folders[1].nonsense" in running.wait_for("is not used")
    eventually(lambda: "The new configuration is not used" in office.run("status"))
    make_pdf(office.folder / "b.pdf", "b")
    eventually(lambda: len(office.desk.arrived()) == 2)
    assert office.sources() == [sb.SALES.key] * 2  # the last good one

    office.machine.chmod(0o666)  # others may write it now: it is not to be trusted
    assert "can be changed by users other than its owner (mode 0666)" in running.wait_for(
        "is not used"
    )
    office.write_machine()
    running.wait_for("Configuration reloaded")
    make_pdf(office.folder / "c.pdf", "c")
    eventually(lambda: len(office.desk.arrived()) == 3)
    assert office.sources()[-1] == sb.ENGINEERING.key


def test_one_that_comes_later_is_taken_up(office, eventually):
    """IT rolls it out while people work; not even its folder was there before."""
    running = office.start()
    running.wait_for("Not set up yet")
    office.write_machine()
    running.wait_for("Configuration reloaded")
    eventually(office.folder.is_dir)
    make_pdf(office.folder / "a.pdf", "a")
    eventually(office.desk.arrived)


def test_with_mistakes_at_the_start_it_waits_until_they_are_mended(office, eventually):
    office.write_machine(more="nonsense = 1")
    assert office.run("config", "check", code=2).startswith("Error: The system-wide configuration")
    running = office.start()
    running.wait_for("nonsense")
    eventually(lambda: "nonsense" in office.run("status"))
    office.write_machine()
    running.wait_for("Configuration reloaded")
    make_pdf(office.folder / "a.pdf", "a")
    eventually(office.desk.arrived)
    assert "nonsense" not in office.run("status")


def test_the_set_up_asks_only_for_what_is_missing(office):
    text = MACHINE.format(
        email=sb.EMAIL, url=office.desk.sandbox.url, source=sb.ENGINEERING.key, locked="[]", more=""
    )
    office.machine.parent.mkdir()
    office.machine.write_text(text.replace(f'email = "{sb.EMAIL}"\n', ""), encoding="utf-8")
    said = office.run("config", "check", code=2)
    assert "leaves some settings for you to choose" in said
    assert "account.email: is missing" in said
    assert "--email" in office.run("setup", "--non-interactive", code=2)
    office.run("setup", "--non-interactive", "--email", sb.EMAIL)
    assert "api_url" not in office.own.read_text()  # that is the machine's, and may change there
    assert "[[folders]]" not in office.own.read_text()
    assert "is fine: 1 folder." in office.run("config", "check")


def test_what_is_locked_cannot_be_set_up_otherwise(office):
    office.write_machine(locked=["account", "folders"])
    said = office.run(
        "setup", "--non-interactive", "--email", "other@example.com", "--no-check", code=2
    )
    assert f"The account's email is set for this computer, in {office.machine}." in said
    for command in (
        ("folder", "add", "~/Mine", "--source", sb.SALES.key, "--no-check"),
        (
            "setup",
            "--non-interactive",
            "--folder",
            "~/Mine",
            "--source",
            sb.SALES.key,
            "--no-check",
        ),
    ):
        assert "is set for this computer" in office.run(*command, code=2)
    assert "Ask your administrator" in office.run("folder", "remove", "~/CVs", "--yes", code=5)
    assert not office.own.exists()
    assert not (office.home / "Mine").exists()
    listed = json.loads(office.run("folder", "list", "--json"))
    assert (listed["path"], listed["layer"]) == (os.path.join(office.home, "CVs"), "machine")


def test_no_key_goes_to_an_address_that_is_locked_out(office):
    office.write_machine(locked=["account.api_url"])
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}/v1"
        said = office.run(
            "setup", "--non-interactive", "--key-stdin", "--api-url", url,
            typed=sb.READ_WRITE_KEY, code=2,
        )  # fmt: skip
        assert "The account's api_url is set for this computer" in said
        assert not select.select([other], [], [], 0)[0], "nobody has called"
    assert not office.own.exists()


def test_a_key_with_a_byte_order_mark_is_taken(office):
    office.write_machine()
    environ = {**file_keyring.environ(office.desk.root / "box.json"), "HRFLOW_API_KEY": ""}
    done = subprocess.run(
        office.desk.command("setup", "--non-interactive", "--key-stdin"), env=office.environ() | environ,
        input=b"\xef\xbb\xbf" + sb.READ_WRITE_KEY.encode() + b"\r\n",
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_no_toml_is_told_as_the_machines(office):
    office.write_machine(more="nonsense")
    said = office.run("config", "check", code=2)
    assert f"The configuration {office.machine} is not valid TOML." in said
    assert "Ask the administrator of this computer to fix the system-wide configuration" in said


def test_that_a_named_one_is_not_there_is_said_by_the_check(office):
    office.write_own(MACHINE.format(
        email=sb.EMAIL, url=office.desk.sandbox.url, source=sb.ENGINEERING.key, locked="[]", more=""
    ).replace("locked = []\n", ""))  # fmt: skip
    said = office.run("config", "check")
    assert f"There is no system-wide configuration at {office.machine}." in said
    office.write_machine()
    assert "There is no system-wide" not in office.run("config", "check")


def test_what_waits_for_a_yes_goes_on_waiting_after_a_start_without_a_configuration(
    office, eventually
):
    office.write_machine(more='existing = "ask"')
    office.folder.mkdir()
    make_pdf(office.folder / "old.pdf", "old")
    running = office.start()
    running.wait_for("Watching")

    def held():
        return [each["files"] for each in json.loads(office.run("status", "--json"))["held"]]

    eventually(lambda: held() == [1])
    running.end()
    office.write_machine(more='existing = "ask"\nnonsense = 1')
    running = office.start()
    running.wait_for("nonsense")
    eventually(lambda: "nonsense" in office.run("status"))
    running.end()
    office.write_machine(more='existing = "ask"')
    office.start().wait_for("Watching")
    eventually(lambda: held() == [1])
    assert not office.desk.arrived()


def test_the_guided_set_up_proposes_the_machines_values_and_leaves_out_what_is_locked(office):
    office.write_machine(locked=["account", "defaults.after_upload"])
    environ = {
        **office.environ(), **file_keyring.environ(office.desk.root / "box.json"),
        "HRFLOW_API_KEY": "",
    }  # fmt: skip
    terminal = Terminal(office.desk.command("setup"), environ)
    try:
        for question, text in (
            ("API key", sb.READ_WRITE_KEY),  # and no email
            ("number of one to change", "1"),
            ("another folder", ""),
            ("Source for", ""),
            ("Tags", "office=Paris, team=HR"),
            ("Create it?", "n"),  # and nothing of files that have arrived
            ("when you log in?", "n"),
            ("Save these settings?", "y"),
        ):
            terminal.answer(question, text)
        assert terminal.end() == 0
    finally:
        terminal.close()
    assert f"Email of your HrFlow account: {sb.EMAIL}, set for this computer." in terminal.text
    assert "After upload" not in terminal.text
    own = office.own.read_text()
    assert "[account]" not in own
    assert 'path = "~/CVs"' in own
    assert 'tags = { team = "HR" }' in own
    assert "source_key" not in own
    assert "after_upload" not in own
