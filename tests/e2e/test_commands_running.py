"""Commands that talk to the running program, and what they do where nothing runs."""

import functools
import json
import os
import subprocess
import sys

import pytest

from tests.support.office import Office
from tests.support.outcomes import ARRIVED
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.model.errors import UsageError

REFUSE = sb.Fault(kind=sb.Kind.STATUS, status=400, message="not this one", file_name="bad*")


def test_a_key_in_use_is_not_asked_for_again(office):
    """Without a keyring: what is said can be followed."""
    said = office.channel.get("/api/setup")["not_stored"]
    assert said == (
        "This computer has no keyring. The key comes from the environment variable HRFLOW_API_KEY;"
        " to change it, put the new one there. The program uses it from its next start."
    )


def test_where_a_first_key_goes_without_a_keyring(desk, eventually):
    desk.key = ""
    said = Office(desk, eventually).channel.get("/api/setup")["not_stored"]
    assert said == (
        "This computer has no keyring. Put the key into the systemd credential hrflow-api-key or"
        " the environment variable HRFLOW_API_KEY; the program uses it from its next start."
    )


# -- commands


def test_a_pause_by_command_is_seen_and_ended(office, eventually):
    desk = office.desk
    assert "Paused until" in desk.run("pause", "--for", "1h").stdout
    office.drop("a.pdf")
    eventually(lambda: office.state("a.pdf") == "queued")
    assert "Paused until" in desk.run("status").stdout
    (said,) = desk.read_json("pause")
    assert said == {"paused_until": None}

    def paused():
        (facts,) = desk.read_json("status")
        return facts["paused"], facts["paused_until"]

    eventually(lambda: paused() == (True, None))
    assert desk.run("resume").stdout == "Uploads resumed.\n"
    eventually(lambda: office.state("a.pdf") in ARRIVED)
    assert desk.call("resume").stdout == "Uploads were not paused.\n"
    wrong = desk.run("pause", "--for", "soon")
    assert (wrong.returncode, "'soon' is not a valid duration" in wrong.stderr) == (2, True)


def test_an_order_is_in_force_when_its_answer_comes(office):
    """So the next one already sees it, however soon it is given."""
    for _ in range(50):
        office.channel.post("/api/pause")
        assert office.channel.post("/api/resume") == {"was_paused": True}
    assert office.channel.post("/api/resume") == {"was_paused": False}


def test_files_are_tried_again_and_ignored_by_name(office, eventually):
    desk = office.desk
    desk.sandbox.faults.set(REFUSE)
    for name in ("bad 1.pdf", "bad 2.pdf", "bad 3.pdf", "good.pdf"):
        office.drop(name)
    eventually(lambda: office.channel.get("/api/now")["now"]["groups"]["attention"] == 3)
    eventually(lambda: office.state("good.pdf") in ARRIVED)
    assert desk.run("ignore", str(desk.folder / "bad 1.pdf")).stdout == "1 file ignored.\n"
    eventually(lambda: office.state("bad 1.pdf") == "ignored")
    desk.sandbox.faults.clear()
    (done,) = desk.read_json("retry", str(desk.folder / "bad 2.pdf"))
    assert (done["files"], done["left"]) == (1, [])
    eventually(lambda: office.state("bad 2.pdf") in ARRIVED)
    assert desk.run("retry", "--all").stdout == "1 file will be retried.\n"
    eventually(lambda: office.state("bad 3.pdf") in ARRIVED)
    assert office.state("bad 1.pdf") == "ignored"
    arrived = desk.run("retry", str(desk.folder / "good.pdf"))
    assert arrived.returncode == 5
    assert "0 files will be retried." in arrived.stdout
    unknown = desk.run("ignore", str(desk.folder / "never.pdf"))
    assert (unknown.returncode, "not a known file" in unknown.stderr) == (5, True)
    assert desk.run("retry").returncode == 2


def test_all_of_a_cause_are_tried_again(office, eventually):
    desk = office.desk
    desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.STATUS, status=401, message="no"))
    office.drop("a.pdf")
    office.drop("b.pdf")
    eventually(lambda: office.channel.get("/api/now")["now"]["counts"].get("held") == 2)
    desk.sandbox.faults.clear()
    (status,) = desk.read_json("status")
    (held,) = status["held"]
    assert desk.run("retry", "--cause", held["cause"]).stdout == "2 files will be retried.\n"
    eventually(lambda: {office.state("a.pdf"), office.state("b.pdf")} <= ARRIVED)
    gone = desk.run("retry", "--cause", held["cause"])
    assert (gone.returncode, "on hold for this reason" in gone.stderr) == (2, True)


def test_reload_says_what_is_wrong_and_takes_what_is_right(office):
    desk = office.desk
    right = desk.config.read_text()
    desk.config.write_text(right + "nonsense = 1\n")
    wrong = desk.run("reload")
    assert (wrong.returncode, "nonsense" in wrong.stderr) == (2, True)
    desk.config.write_text(right)
    assert desk.run("reload").stdout == "Configuration reloaded.\n"


def test_stop_ends_it_also_while_somebody_watches(office, eventually):
    desk = office.desk
    watching = desk.start("status", "--follow")
    watching.wait_for("Up to date")
    office.drop("a.pdf")
    watching.wait_for("1 today")
    assert desk.run("stop").stdout == "hrflow-watcher has stopped.\n"
    code = office.process.process.wait(PATIENCE)
    office.process.end()
    assert code == 0, office.process.lines
    assert watching.process.wait(PATIENCE) == 8
    assert not os.path.exists(office.places.instance)
    assert desk.run("stop").stdout == "hrflow-watcher is not running.\n"


def test_following_draws_in_a_terminal(office, eventually):
    office.drop("a.pdf")
    eventually(lambda: office.state("a.pdf") in ARRIVED)
    written, code = office.desk.at_terminal("status", "--follow", interrupt_at="a.pdf")
    assert "Up to date" in written
    assert code == 0


def test_following_tells_machines_every_change(office):
    watching = office.desk.start("status", "--follow", "--json")
    assert json.loads(watching.wait_for('"state"'))["state"] == "idle"
    watching.process.kill()


@pytest.mark.parametrize(
    "command",
    [("reload",), ("status", "--follow"),
     ("open",)],
    ids=lambda command: command[0],
)  # fmt: skip
def test_without_a_running_program_commands_say_so(desk, command):
    done = desk.run(*command)
    assert done.returncode == 8
    assert done.stderr == (
        "Error: hrflow-watcher is not running.\nStart it with: hrflow-watcher run\n"
    )


def test_a_pause_is_noted_where_nothing_runs_and_holds_from_the_start(desk, eventually):
    assert desk.run("pause", "--for", "1h").returncode == 0
    (facts,) = desk.read_json("status")
    assert facts["paused"]
    office = Office(desk, eventually)
    office.drop("a.pdf")
    eventually(lambda: office.state("a.pdf") == "queued")
    office.process.end()
    assert desk.run("resume").returncode == 0
    office = Office(desk, eventually)
    eventually(lambda: office.state("a.pdf") in ARRIVED)


def test_files_are_retried_and_ignored_where_nothing_runs(desk, eventually):
    desk.sandbox.faults.set(REFUSE)
    office = Office(desk, eventually)
    for number in range(3):
        office.drop(f"bad {number}.pdf")
    eventually(lambda: office.channel.get("/api/now")["now"]["groups"]["attention"] == 3)
    office.process.end()
    desk.sandbox.faults.clear()
    ignored = desk.run("ignore", str(desk.folder / "bad 0.pdf"))
    assert (ignored.returncode, ignored.stdout) == (0, "1 file ignored.\n")
    assert desk.run("retry", "--all").stdout == "2 files will be retried.\n"
    assert not desk.arrived()
    office = Office(desk, eventually)
    eventually(
        lambda: office.state("bad 1.pdf") in ARRIVED and office.state("bad 2.pdf") in ARRIVED
    )
    assert office.state("bad 0.pdf") == "ignored"


def test_open_gives_the_browser_a_link_that_works_once(office, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/link\n')
    browser.chmod(0o755)
    done = office.desk.run("open", BROWSER=f"{browser} %s")
    assert done.returncode == 0, done.stderr
    link = (tmp_path / "link").read_text().strip()
    path = link.partition(str(office.channel.port))[2]
    status, page, headers = office.ask("GET", path)
    assert (status, 'content="0;url=/#' in page) == (200, True)
    assert "HttpOnly" in headers["Set-Cookie"]
    assert office.ask("GET", path)[0] == 403
    assert office.desk.run("open", "--link").stdout.startswith("http://127.0.0.1:")


def test_files_and_folders_are_shown_by_the_desktops_own_program(desk, eventually, tmp_path):
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/shown\n')
    opener.chmod(0o755)
    path = f"{opener.parent}{os.pathsep}{os.environ['PATH']}"
    desk.environ = functools.partial(desk.environ, PATH=path)
    office = Office(desk, eventually)
    office.drop("a.pdf")
    eventually(lambda: office.state("a.pdf") in ARRIVED)
    (file,) = office.channel.get("/api/files")["files"]
    office.channel.post("/api/show", id=file["id"])
    shown = tmp_path / "shown"
    eventually(lambda: shown.exists() and shown.read_text() == f"{desk.folder}\n")
    office.channel.post("/api/show", folder=str(desk.folder))
    eventually(lambda: shown.read_text() == f"{desk.folder}\n" * 2)
    assert shown.read_text() == f"{desk.folder}\n" * 2
    for order in ({"folder": "/etc"}, {"id": 99}, {"id": "1"}, {}):
        with pytest.raises(UsageError):
            office.channel.post("/api/show", **order)


def test_the_folders_of_several_files_are_opened_each_once_and_not_too_many(
    desk, eventually, tmp_path
):
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/shown\n')
    opener.chmod(0o755)
    path = f"{opener.parent}{os.pathsep}{os.environ['PATH']}"
    desk.environ = functools.partial(desk.environ, PATH=path)
    office = Office(desk, eventually)
    desk.sandbox.faults.set(REFUSE)
    for number in range(7):
        (desk.folder / f"in {number}").mkdir()
        office.drop(f"in {number}/bad {number}.pdf")
    office.drop("in 0/bad too.pdf")
    eventually(lambda: office.channel.get("/api/now")["now"]["groups"]["attention"] == 8)
    files = office.channel.get("/api/files")["files"]
    in_one = [each["id"] for each in files if "in 0" in each["path"]]
    shown = tmp_path / "shown"
    done = office.channel.post("/api/show", ids=in_one)
    assert done == {"shown": 1, "folders": 1}
    eventually(lambda: shown.exists() and shown.read_text() == f"{desk.folder}/in 0\n")
    alike = {"state": "refused", "why": files[0]["reason"]}
    assert office.channel.post("/api/show", **alike) == {"shown": 5, "folders": 7}
    eventually(lambda: len(set(shown.read_text().splitlines())) >= 5)
    os.unlink(desk.folder / "in 0" / "bad 0.pdf")
    os.unlink(desk.folder / "in 0" / "bad too.pdf")
    os.rmdir(desk.folder / "in 0")
    with pytest.raises(UsageError, match="no longer exists"):
        office.channel.post("/api/show", ids=in_one)


def test_without_a_configuration_it_waits_for_the_set_up(desk, eventually):
    desk.config.unlink()
    config = desk.root / "own" / "config.toml"
    command = [sys.executable, "-m", "watcher", "--state", str(desk.root / "state"), "run"]
    environ = desk.environ(HRFLOW_WATCHER_CONFIG=str(config), LC_ALL="C.UTF-8")
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert "Not set up yet" in process.stdout.readline()
        way = eventually(desk.channel)
        assert way.get("/api/now")["now"]["state"] == "not_set_up"
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()
    named = desk.run("run")
    assert (named.returncode, "config.toml" in named.stderr) == (2, True)


def test_status_answers_in_a_blink(office, eventually):
    """150 ms is the promise on an idle machine; processor time is the same on a busy one."""
    office.drop("a.pdf")
    eventually(lambda: office.state("a.pdf") in ARRIVED)

    def seconds(*command):
        before = os.times()
        subprocess.run(command, env=office.desk.environ(), capture_output=True, check=True)
        after = os.times()
        used = (
            after.children_user - before.children_user,
            after.children_system - before.children_system,
        )
        return sum(used)

    bare = min(seconds(sys.executable, "-c", "import click") for _ in range(3))
    whole = min(seconds(*office.desk.command("status")) for _ in range(3))
    assert whole < 5 * bare, f"status took {whole:.3f} s, Python with click alone {bare:.3f} s"
