"""The API key is in nothing that the program writes, says or passes on; nor are people's names."""

import os

import pytest

from tests.support.desk import Desk
from tests.support.samples import make_pdf
from watcher import sandbox as sb
from watcher.sandbox import Fault, Kind

CANARY = "ask_" + "c0ffee5ec2e7" * 2 + "ca11ab1e"
PERSON = "Zoraida Quimby"


@pytest.fixture
def office(tmp_path):
    """A desk whose key is given as a service gets it: in a file outside the program's own."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "hrflow-api-key").write_text(CANARY + "\n")
    (tmp_path / "desk").mkdir()
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        sandbox.api.keys = (CANARY,)
        desk = Desk(tmp_path / "desk", sandbox)
        desk.environ = lambda **more: {
            **{name: value for name, value in os.environ.items() if name != "HRFLOW_API_KEY"},
            "CREDENTIALS_DIRECTORY": str(credentials),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", **more,
        }  # fmt: skip
        yield desk
        for process in desk.processes:
            process.end()


FAULTS = {
    "accepted": None,
    "401": Fault(kind=Kind.STATUS, status=401, message=f"Invalid secret key: {CANARY} for write"),
    "403": Fault(kind=Kind.STATUS, status=403, message=f"{CANARY} is not allowed"),
    "400": Fault(kind=Kind.STATUS, status=400, message=f"nobody knows {CANARY}"),
    "500": Fault(kind=Kind.STATUS, status=500, message=CANARY, times=1),
    "redirect": Fault(kind=Kind.REDIRECT, url=f"http://127.0.0.1:9/{CANARY}", times=1),
    "page": Fault(kind=Kind.HTML, body=f"<html>{CANARY}</html>", times=1),
    "cut": Fault(kind=Kind.CUT_BEFORE_ANSWER, times=1),
    "shape": Fault(kind=Kind.SHAPE, body=f'["{CANARY}"]', times=1),
}
SETTLED = {"accepted", "parsed", "held", "refused", "waiting", "uncertain"}


def memory_of(pid, what):
    with open(f"/proc/{pid}/{what}", "rb") as file:
        return file.read()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_key_is_nowhere(office, fault, eventually):
    text = office.config.read_text()
    office.config.write_text('log_level = "debug"\n' + text)
    if FAULTS[fault] is not None:
        office.sandbox.faults.set(FAULTS[fault])
    program = office.start("run")
    program.wait_for("Watching")
    make_pdf(str(office.folder / "a.pdf"), "a")
    eventually(office.sandbox.ledger.records)
    eventually(lambda: set(office.states()) & SETTLED)
    seen = {what: memory_of(program.process.pid, what) for what in ("cmdline", "environ")}
    for command in ("status", "history", "config show"):
        done = office.run(*command.split())
        seen[command] = (done.stdout + done.stderr).encode()
    program.end()
    seen["output"] = "\n".join(program.lines).encode()
    for at, _, names in os.walk(office.root):
        for name in names:
            with open(os.path.join(at, name), "rb") as file:
                seen[os.path.join(at, name)] = file.read()
    assert any(path.endswith("journal.db") for path in seen)
    assert any(path.endswith(".log") for path in seen)
    assert not [where for where, content in seen.items() if CANARY.encode() in content]


def test_no_name_of_a_person_is_in_a_log_above_debug(office):
    office.configure(source=sb.EXPRESS.key, more="sync_parsing = true")
    office.sandbox.faults.set(*filter(None, FAULTS.values()))
    for number in range(len(FAULTS)):
        make_pdf(str(office.folder / f"{PERSON} {number}.pdf"), f"{PERSON} {number}")
    program = office.start("run")
    program.wait_for(PERSON)
    program.end()
    log = (office.root / "state" / "hrflow-watcher.log").read_text(encoding="utf-8")
    assert PERSON not in log
    assert "Zoraida" not in log
