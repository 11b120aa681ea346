"""Keys in a real Secret Service: unlocked, locked and absent, and the program before and after."""

import json
import subprocess
import sys

import pytest

from tests.support.desk import Desk, Process
from tests.support.secret_service import SecretService, needs_secret_service
from tests.support.terminal import Terminal
from tests.support.waiting import PATIENCE, wait_until
from watcher import sandbox as sb

pytestmark = needs_secret_service
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"
WRONG_KEY = "ask_" + "0" * 32
WAITING = "waiting for the keyring to be unlocked"


class KeyringDesk(Desk):
    """A person's machine with a session bus of its own, and what keeps keys there, if anything."""

    def __init__(self, root, sandbox, service):
        super().__init__(root, sandbox)
        self.service = service
        self.more = {"PYTHONPATH": self._without_plain_text()}
        self.terminals = []

    def _without_plain_text(self):
        """Where Python looks first, so that keyrings.alt is not found: few machines have it."""
        package = self.root / "first" / "keyrings"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        return str(package.parent)

    def environ(self, **more):
        environ = super().environ(**self.service.environ, **self.more, **more)
        for name in ("HRFLOW_API_KEY", "PYTHON_KEYRING_BACKEND"):
            if name not in {**self.more, **more}:
                environ.pop(name)
        return environ

    def login(self, key=sb.READ_WRITE_KEY, *arguments):
        return self.run("login", "--key-stdin", *arguments, typed=key)

    def terminal(self, *arguments):
        self.terminals.append(Terminal(self.command(*arguments), self.environ()))
        return self.terminals[-1]

    def stored(self, account="default"):
        code = "import keyring, sys; print(keyring.get_password('hrflow-watcher', sys.argv[1]))"
        run = [sys.executable, "-c", code, account]
        return subprocess.run(
            run, env=self.environ(), capture_output=True, text=True, timeout=PATIENCE, check=True
        ).stdout.strip()

    def run_program(self):
        self.processes.append(Process(self.command("run"), self.environ()))
        self.processes[-1].wait_for("Watching")
        return self.processes[-1]

    def drop(self, name="cv.pdf", body=PDF):
        (self.folder / name).write_bytes(body)

    def status(self):
        return self.read_json("status")[0]

    def told_key(self):
        """What ``status`` says of the account's key."""
        return self.status()["keys"]["default"]


@pytest.fixture
def service(tmp_path):
    (tmp_path / "session").mkdir()
    made = SecretService(tmp_path / "session")
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path, service):
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = KeyringDesk(tmp_path, sandbox, service)
        yield made
        for terminal in made.terminals:
            terminal.close()
        for process in made.processes:
            process.end()


def assert_arrives(desk, files=1):
    assert wait_until(lambda: len(desk.arrived()) == files), desk.status()


# --- Unlocked ---------------------------------------------------------------------------------


def test_a_person_logs_in_and_the_program_uses_the_key(desk, service):
    service.start(unlocked=True)
    terminal = desk.terminal("login")
    terminal.answer("not shown while you type", sb.READ_WRITE_KEY)
    assert terminal.end() == 0
    assert "Key accepted" in terminal.text
    assert "is in the system's keyring." in terminal.text
    assert sb.READ_WRITE_KEY not in terminal.raw
    assert desk.stored() == sb.READ_WRITE_KEY
    desk.run_program()
    desk.drop()
    assert_arrives(desk)
    assert desk.told_key() == {"origin": "the system's keyring", "problem": ""}
    assert "✓ API key: from the system's keyring" in desk.run("status").stdout


def test_a_script_logs_in_and_out(desk, service):
    service.start(unlocked=True)
    done = desk.login(f"  {sb.READ_WRITE_KEY}\r\n")
    assert done.returncode == 0, done.stderr
    assert "Removed spaces or line breaks around the key" in done.stdout
    assert desk.stored() == sb.READ_WRITE_KEY
    told = json.loads(desk.login(sb.READ_WRITE_KEY, "--json").stdout)
    assert (told["account"], told["stored"]) == ("default", True)
    gone = desk.run("logout")
    assert (gone.returncode, "is removed from" in gone.stdout) == (0, True)
    assert desk.stored() == "None"
    again = desk.run("logout")
    assert (again.returncode, "nothing to remove" in again.stdout) == (0, True)
    (told,) = desk.read_json("logout")
    assert (told["account"], told["removed"]) == ("default", False)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (sb.READ_KEY, "read-only key, so it can't upload"),
        (WRONG_KEY, "Invalid secret key"),  # in the words of the server
        ("ask_ 1234", "spaces, line breaks or special characters"),
    ],
)
def test_a_key_that_cannot_be_used_is_not_stored(desk, service, key, said):
    service.start(unlocked=True)
    done = desk.login(key)
    assert (done.returncode, said in done.stderr) == (4, True), done.stderr
    assert key not in done.stdout + done.stderr
    assert desk.stored() == "None"


def test_a_write_only_key_is_stored_though_it_cannot_be_tried(desk, service):
    service.start(unlocked=True)
    done = desk.login(sb.WRITE_KEY)
    assert done.returncode == 0, done.stderr
    assert "can't be tested: the first upload shows" in done.stdout
    assert desk.stored() == sb.WRITE_KEY


def test_a_form_that_is_not_known_warns(desk, service):
    service.start(unlocked=True)
    done = desk.login("something-else-42", "--no-check")
    assert done.returncode == 0, done.stderr
    assert "doesn't look like an API key" in done.stdout


def test_a_changed_key_is_used_without_a_restart(desk, service):
    service.start(unlocked=True)
    assert desk.login(WRONG_KEY, "--no-check").returncode == 0
    program = desk.run_program()
    desk.drop()
    program.wait_for("On hold")
    done = desk.login()
    assert "the running program uses it from now on" in done.stdout, done.stderr
    assert_arrives(desk)


def test_each_account_has_an_entry_of_its_own(desk, service):
    service.start(unlocked=True)
    with open(desk.config, "a", encoding="utf-8") as file:
        file.write(f'\n[accounts.second]\nemail = "{sb.EMAIL}"\napi_url = "{desk.sandbox.url}"\n')
    text = desk.config.read_text().replace("[account]", "[accounts.first]", 1)
    desk.config.write_text(text.replace("[[folders]]", '[[folders]]\naccount = "first"', 1))
    asked = desk.login()
    assert (asked.returncode, "several accounts" in asked.stderr) == (2, True), asked.stderr
    assert desk.login(sb.READ_WRITE_KEY, "--account", "second").returncode == 0
    assert (desk.stored("first"), desk.stored("second")) == ("None", sb.READ_WRITE_KEY)


# --- Locked -----------------------------------------------------------------------------------


def test_the_program_waits_for_the_keyring_and_goes_on_by_itself(desk, service):
    service.start(unlocked=True)
    assert desk.login().returncode == 0
    service.stop()
    service.start(unlocked=False)  # as after a login of the machine, before the desktop unlocks it
    service.show_prompts()
    program = desk.run_program()
    desk.drop()
    held = program.wait_for("On hold")
    assert WAITING in held
    assert WAITING in desk.told_key()["problem"]
    desk.drop("later.pdf", PDF + b"2")  # watching goes on meanwhile
    assert wait_until(lambda: desk.status()["counts"].get("held") == 2), desk.status()
    assert desk.arrived() == []
    service.unlock()
    assert_arrives(desk, 2)
    assert desk.told_key() == {"origin": "the system's keyring", "problem": ""}


def test_login_into_a_locked_keyring_that_nobody_unlocks(desk, service):
    service.start_locked()
    done = desk.login()
    assert (done.returncode, WAITING in done.stderr) == (4, True), done.stderr


# --- Absent -----------------------------------------------------------------------------------


def test_without_a_keyring_it_is_said_what_to_do(desk):
    done = desk.login()
    assert done.returncode == 4
    assert "This computer has no keyring" in done.stderr
    assert "HRFLOW_API_KEY" in done.stderr
    program = desk.run_program()
    desk.drop()
    assert "no API key" in program.wait_for("On hold")


@pytest.mark.parametrize("plain_text", [False, True])
def test_a_keyring_that_comes_late_is_found(desk, service, plain_text):
    if plain_text:  # is there before, and must not stand in its way
        desk.more.clear()
    program = desk.run_program()
    desk.drop()
    program.wait_for("On hold")
    service.start(unlocked=True)
    assert desk.login().returncode == 0
    assert_arrives(desk)


def test_a_machine_without_a_keyring_has_two_other_ways(desk, tmp_path):
    desk.more["HRFLOW_API_KEY"] = sb.READ_WRITE_KEY
    program = desk.run_program()
    desk.drop()
    assert_arrives(desk)
    assert desk.told_key()["origin"] == "the environment variable HRFLOW_API_KEY"
    program.end()
    (tmp_path / "hrflow-api-key").write_text(sb.READ_WRITE_KEY + "\n")
    desk.more["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    desk.run_program()
    desk.drop("second.pdf", PDF + b"2")
    assert_arrives(desk, 2)
    assert desk.told_key()["origin"] == "the systemd credential"


def test_plain_text_is_refused_unless_it_is_wanted(desk):
    desk.more = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    done = desk.login()
    assert done.returncode == 4
    assert "Keyring" not in done.stderr.replace("GNOME Keyring", "")  # no class of Python
    assert "allow_insecure_keyring = true" in done.stderr
    assert "the systemd credential hrflow-api-key" in done.stderr
    text = desk.config.read_text()
    desk.config.write_text("allow_insecure_keyring = true\n" + text)
    assert desk.login().returncode == 0
    assert desk.stored() == sb.READ_WRITE_KEY
    desk.run_program()
    desk.drop()
    assert_arrives(desk)


def test_every_command_heeds_that_plain_text_is_wanted(desk, tmp_path):
    desk.more = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    desk.config.write_text("allow_insecure_keyring = true\n" + desk.config.read_text())
    (tmp_path / "new").mkdir()
    given = ("setup", "--non-interactive", "--no-service", "--key-stdin")
    done = desk.run_apart(*given, typed=sb.READ_WRITE_KEY + "\n")
    assert done.returncode == 0, done.stderr
    assert desk.stored() == sb.READ_WRITE_KEY
    done = desk.run_apart(
        "folder", "add", str(tmp_path / "new"), "--source", "Sales"
    )  # asks HrFlow
    assert done.returncode == 0, done.stderr
    assert desk.run_apart("logout").returncode == 0
    assert desk.stored() == "None"


# --- Doctor -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "level", "said"),
    [
        ("unlocked", "ok", "comes from the system's keyring"),
        ("locked", "error", WAITING),
        ("absent", "error", "There is no API key"),
    ],
)
def test_doctor_says_how_the_keyring_is(desk, service, world, level, said):
    if world != "absent":
        service.start(unlocked=True)
        assert desk.login().returncode == 0
    if world == "locked":
        service.stop()
        service.start(unlocked=False)
    done = desk.run("doctor", "--json")
    found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found["key"]["level"] == level
    assert said in found["key"]["text"]
    if world == "unlocked":
        assert (
            found["keyring"]["text"]
            == "Keys are kept in the keyring of the desktop (Secret Service)."
        )
    assert found["access"]["level"] == ("ok" if world == "unlocked" else "skipped")
