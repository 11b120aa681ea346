"""What the doctor makes of what it sees: tables of judgements, and how checks are run."""

import errno
import importlib.metadata
import io
import itertools
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from watcher import __version__
from watcher.credentials.keyring import NO_KEYRING
from watcher.daemon.state_folder import Places
from watcher.doctor import account, checks, folders, program, with_advice, write_bundle
from watcher.doctor.findings import (
    Case,
    Check,
    Finding,
    Level,
    error,
    ok,
    record,
    run_checks,
    skipped,
    warning,
)
from watcher.folders.mounts import InotifyLimits, read_limits
from watcher.folders.native import Probe, probe
from watcher.hrflow.client import Access, RefusedKeyError, Source
from watcher.hrflow.endpoint import Certificate, issuer
from watcher.hrflow.proxy import shown_proxy
from watcher.i18n.message import msg
from watcher.model.errors import CredentialError, JournalError, OfflineError
from watcher.model.settings import Account, Config, Folder, Rule, Watch

OK, WARNING, ERROR, SKIPPED = Level
HOUR = 3600.0
LONG = 60.0


def make_case(place, watched, *, api_url="https://api.hrflow.ai/v1", **more):
    """A case whose configuration, which stands in ``place``, names one folder."""
    config = os.path.join(place, "config.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[account]\nemail = "a@example.org"\napi_url = "{api_url}"\n')
        file.write(f'[[folders]]\npath = "{watched}"\nsource_key = "k"\n')
    places = Places(os.path.join(place, "state"))
    case = Case(config, places, {}, os.path.join(place, "home"), **more)
    assert levels(*itertools.islice(checks(case), 2))[:2] == [("program", WARNING), ("config", OK)]
    return case


def folder(path="/cvs", source_key="one", **values):
    return Folder(path=path, account="default", source_key=source_key, **values)


# --- How checks are run -----------------------------------------------------------------------


def levels(*checks):
    return [(check.name, finding.level) for check, finding in run_checks(checks)]


def fail(failure):
    raise failure


def test_a_failing_check_stops_only_what_builds_on_it():
    checks = [
        Check("a", "A", lambda: fail(ZeroDivisionError("oh")), failing="a failed"),
        Check("b", "B", lambda: ok("never"), needs=[("a", "")]),
        Check("c", "C", lambda: ok("never"), needs=[("b", "")]),
        Check("d", "D", lambda: ok("fine"), needs=[("a", "another")]),
    ]
    assert levels(*checks) == [("a", ERROR), ("b", SKIPPED), ("c", SKIPPED), ("d", OK)]
    found = {check.name: finding for check, finding in run_checks(checks)}
    assert str(found["c"].text) == "Not checked: a failed."
    assert "oh" not in str(found["a"].text)


def test_an_error_of_ours_is_said_in_its_own_words():
    failing = Check("a", "A", lambda: fail(JournalError("It is newer.", "Install that version.")))
    ((_, finding),) = run_checks([failing])
    assert (finding.text, finding.advice) == ("It is newer.", "Install that version.")


def test_a_warning_may_make_a_later_check_impossible():
    first = Check("a", "A", lambda: warning("half", "advice", stops="only half is there"))
    ((_, _), (_, second)) = run_checks([first, Check("b", "B", lambda: ok(""), needs=[("a", "")])])
    assert second == skipped("only half is there")


def test_a_check_that_hangs_is_given_up():
    end = threading.Event()
    try:
        hanging = Check("a", "A", end.wait, seconds=0.05, late="Unlock it.")
        found = [
            finding for _, finding in run_checks([hanging, Check("b", "B", lambda: ok("fine"))])
        ]
    finally:
        end.set()
    assert found[0].level is ERROR
    assert "No answer" in str(found[0].text)
    assert found[1] == ok("fine")


def test_a_time_out_inside_a_check_is_not_taken_for_its_own():
    ((_, finding),) = run_checks([Check("a", "A", lambda: fail(TimeoutError()), late="late")])
    assert finding.advice != "late"


def test_findings_come_as_soon_as_they_are_there():
    seen = []
    account = run_checks(
        Check(name, name, lambda name=name: seen.append(name) or ok("")) for name in "ab"
    )
    next(account)
    assert seen == ["a"]
    next(account)
    assert seen == ["a", "b"]


def test_a_check_may_find_nothing_or_much():
    assert levels(Check("a", "A", tuple), Check("b", "B", lambda: [ok("1"), ok("2")])) == [
        ("b", OK), ("b", OK),
    ]  # fmt: skip


def test_what_machines_are_told():
    check = Check("folder", "Folder", tuple, about="/cafe")
    assert record(check, error("text", "advice")) == {
        "check": "folder", "about": "/cafe", "level": "error", "text": "text", "advice": "advice",
        "text_message": {"id": "{text}", "args": {"text": "text"}},
        "advice_message": {"id": "{text}", "args": {"text": "advice"}},
    }  # fmt: skip


# --- Program and folders ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("running", "level"),
    [(None, WARNING), (__version__, OK), ("0.0.1", WARNING)],
    ids=["nothing runs", "the same runs", "an older one runs on"],
)
def test_versions(running, level):
    assert program.judge_versions(__version__, running).level is level


@pytest.mark.parametrize(
    ("watch", "remote", "polled"),
    [
        (Watch.AUTO, False, False), (Watch.AUTO, True, True),
        (Watch.NATIVE, False, False), (Watch.NATIVE, True, False),
        (Watch.POLL, False, True), (Watch.POLL, True, True),
    ],
)  # fmt: skip
def test_which_folders_are_polled(watch, remote, polled):
    assert watch.is_polled(remote=remote) is polled


@pytest.mark.parametrize(
    ("found", "remote", "level", "words"),
    [
        (Probe(seconds=0.001), False, OK, "within 0.1\u00a0s"),
        (Probe(seconds=2.0), False, OK, "within 2.0\u00a0s"),
        (Probe(seconds=0.001), True, WARNING, "up to an hour"),
        (Probe(), False, ERROR, "doesn't report new files"),
        (Probe(unwatched="Too many open files"), False, WARNING, "Too many open files"),
        (Probe(unwritable="Read-only file system"), False, WARNING, "Read-only file system"),
    ],
)
def test_whether_the_system_tells_of_changes(found, remote, level, words):
    finding = folders.judge_probe("/cvs", found, folder(), remote=remote)
    assert finding.level is level
    assert words in str(finding.text)
    assert bool(finding.advice) is (level is not OK)


def test_a_probe_is_told_of_and_leaves_nothing(tmp_path):
    found = probe(str(tmp_path), LONG, __import__("time").monotonic)
    assert found.seconds is not None
    assert found.seconds < LONG
    assert os.listdir(tmp_path) == []


def test_a_probe_that_is_never_told_of_ends_at_its_time(tmp_path):
    assert probe(str(tmp_path), 0.0, lambda: 0.0) == Probe()
    assert os.listdir(tmp_path) == []


def test_a_probe_where_nothing_is_says_so(tmp_path):
    assert probe(str(tmp_path / "none"), LONG, lambda: 0.0) == Probe(
        unwatched=os.strerror(errno.ENOENT)
    )


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are POSIX's")
def test_a_probe_where_no_file_can_be_made_says_so():
    path = tempfile.mkdtemp()
    os.chmod(path, 0o555)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        assert probe(path, LONG, lambda: 0.0) == Probe(unwritable=os.strerror(errno.EACCES))
    finally:
        os.seteuid(user)
        shutil.rmtree(path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights are POSIX's")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("outer/closed", [("folder", ERROR), ("limits", OK)]),  # nothing else is tried in it
        ("outer", [("folder", WARNING)]),  # what is in it may not be read
    ],
)
def test_a_folder_that_may_not_be_read(name, expected):
    place = tempfile.mkdtemp()
    os.mkdir(os.path.join(place, "outer"))
    os.mkdir(os.path.join(place, "outer", "closed"), 0o000)
    for path in (place, os.path.join(place, "outer")):
        os.chmod(path, 0o755)
    case = make_case(place, os.path.join(place, name))
    user = os.geteuid()
    os.seteuid(user or 65534)  # root reads everything
    try:
        found = [(check.name, finding.level) for check, finding in run_checks(folders.checks(case))]
    finally:
        os.seteuid(user)
        shutil.rmtree(place)
    assert found[: len(expected)] == expected


# --- Limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("directories", "given", "running", "expected"),
    [
        (10, InotifyLimits(1000, 128, 100, 5), False, [OK, OK]),
        (1000, InotifyLimits(1000, 128, 0, 5), False, [WARNING, OK]),
        (500, InotifyLimits(1000, 128, 600, 5), False, [WARNING, OK]),  # others have the rest
        (500, InotifyLimits(1000, 128, 600, 5), True, [OK, OK]),  # ours are among the 600
        (10, InotifyLimits(8, 1, 0, 1), False, [WARNING, WARNING]),
        (10, InotifyLimits(1000, 128, 100, 128), True, [OK, WARNING]),
        (10, None, False, [OK]),
    ],
)
def test_limits_of_the_system(directories, given, running, expected):
    found = folders.judge_limits(directories, given, running=running)
    assert [finding.level for finding in found] == expected


def test_what_is_proposed_is_enough():
    watches, _ = folders.judge_limits(600_000, InotifyLimits(8192, 128, 0, 0), running=False)
    assert (
        str(watches.advice)
        == "Raise the limit with: sudo sysctl fs.inotify.max_user_watches=1200000"
    )


def make_proc(root, watches="8192", instances="128"):
    """A /proc with two processes: one that watches twice and reads a file, one that does not."""
    system = root / "sys/fs/inotify"
    system.mkdir(parents=True)
    (system / "max_user_watches").write_text(f"{watches}\n")
    (system / "max_user_instances").write_text(f"{instances}\n")
    for process in ("17", "18"):
        (root / process / "fd").mkdir(parents=True)
        (root / process / "fdinfo").mkdir()
    for number, target in ((3, "anon_inode:inotify"), (4, "/etc/hosts"), (5, "anon_inode:inotify")):
        os.symlink(target, root / "17/fd" / str(number))
        (root / "17/fdinfo" / str(number)).write_text("pos: 0\ninotify wd:1\ninotify wd:2\n")
    return str(root)


def test_limits_are_read_with_what_is_in_use(tmp_path):
    assert read_limits(make_proc(tmp_path)) == InotifyLimits(8192, 128, 4, 2)
    assert read_limits(str(tmp_path / "17")) is None


def test_tiny_limits_are_seen_in_a_whole_examination(tmp_path):
    (tmp_path / "cvs/a/b").mkdir(parents=True)
    proc = make_proc(tmp_path / "proc", watches="4", instances="2")
    case = make_case(str(tmp_path), f"{tmp_path}/cvs", limits=lambda: read_limits(proc))
    found = [
        finding for check, finding in run_checks(folders.checks(case)) if check.name == "limits"
    ]
    assert [finding.level for finding in found] == [WARNING, WARNING]
    assert str(found[0].text).startswith("3 folders are watched, and 4 of 4 watches are in use")


# --- Storage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "level"),
    [(0, ERROR), (19_999_999, ERROR), (20_000_000, WARNING), (999_999_999, WARNING), (10**9, OK)],
)
def test_room_on_a_disk(free, level):
    assert program.judge_room("the journal", free).level is level


def test_a_damaged_journal_is_mended_by_starting():
    assert program.judge_journal("j", 5, "page 3 is lost").level is ERROR
    assert str(program.judge_journal("j", 5000, "").text) == "j is intact (5.0\u00a0kB)."


# --- The way to HrFlow ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "level", "words"),
    [
        (1000.0, OK, "matches"),
        (1059.0, OK, "matches"),  # within a minute
        (941.0, OK, "matches"),  # the header has whole seconds
        (1000.0 + HOUR, WARNING, "60\u00a0min behind"),
        (1000.0 - HOUR, WARNING, "60\u00a0min ahead of"),
        (None, WARNING, "doesn't send its time"),
    ],
)
def test_the_clock(server, level, words):
    finding = account.judge_clock(server, 1000.0, 1000.5)
    assert finding.level is level
    assert words in str(finding.text)


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        (Certificate("Let's Encrypt (R11)", public=True), OK, "signed by Let's Encrypt (R11)"),
        (Certificate("Acme Web Gateway", public=False), WARNING, "Acme Web Gateway, which is not a public"),
        (Certificate("Acme", public=False, problem="expired"), ERROR, "signed by Acme, is not trusted (expired)"),
        (Certificate("", public=False, problem="?"), ERROR, "an unknown authority"),
    ],
)  # fmt: skip
def test_who_signed_the_certificate(found, level, words):
    finding = account.judge_certificate("api.hrflow.ai", found)
    assert finding.level is level
    assert words in str(finding.text)


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("http://ana:secret@proxy.example:3128", "proxy.example:3128"),
        ("http://ana:se@cret@proxy.example:3128", "proxy.example:3128"),
        ("proxy.example:3128", "proxy.example:3128"),
    ],
)
def test_a_proxy_is_shown_without_its_password(proxy, shown):
    assert shown_proxy(proxy) == shown
    assert shown in str(account.judge_proxy(proxy, "system").text)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("/O=Bürö GmbH/CN=Gateway", "Bürö GmbH (Gateway)"),
        ("/CN=Only a name", "Only a name"),
        ("/O=Same/CN=Same", "Same"),
        ("/C=FR", ""),
    ],
)
def test_the_signer_is_read_from_a_certificate(tmp_path, subject, expected):
    made = tmp_path / "cert.der"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-utf8", "-subj", subject, "-keyout", os.devnull, "-outform", "DER", "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    whole = made.read_bytes()
    assert issuer(whole) == expected
    for length in range(0, len(whole), 7):  # cut anywhere it gives some text and no error
        assert isinstance(issuer(whole[:length]), str)


# --- Accounts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permission", "level", "words"),
    [
        ("all", OK, "read and write"),
        ("write", OK, "can write"),
        ("read", ERROR, "read-only"),
        ("admin", OK, "'admin'"),
    ],
)
def test_what_a_key_may_do(permission, level, words):
    finding = account.judge_access(Access("Team", permission, None))
    assert finding.level is level
    assert words in str(finding.text)


def test_a_refused_key_is_wrong_unless_it_may_only_write():
    refused = RefusedKeyError("HrFlow does not take this key: no", "Check it.")
    assert account.judge_refused("ask_" + "0" * 32, refused).level is ERROR
    write_only = account.judge_refused("askw_" + "0" * 32, refused)
    assert write_only.level is WARNING
    assert write_only.stops
    assert "askw_" not in str(write_only.text)


@pytest.mark.parametrize(
    ("allowed", "asked", "level"),
    [(True, True, OK), (True, False, OK), (False, False, OK), (False, True, WARNING)],
)
def test_sync_parsing(allowed, asked, level):
    assert account.judge_source(Source("k", "Sales", allowed), sync=asked).level is level


def test_which_sources_an_account_uses():
    rules = (
        Rule(match="a/*", source_key="two", sync_parsing=True),
        Rule(match="b/*"),
        Rule(match="c/*", source_key="never", ignore=True),
    )
    config = Config(
        accounts=(Account(name="default", email="a@example.org"),),
        folders=(
            folder(rules=rules),
            folder(
                "/more", sync_parsing=True, source_key="three", rules=(Rule(sync_parsing=False),)
            ),
            Folder(path="/other", account="other", source_key="four"),
        ),
    )
    assert account.sources_of(config, "default") == {"one": False, "two": True, "three": True}


def test_a_name_that_only_the_proxy_knows(monkeypatch):
    lost = Account(name="default", email="a@example.org", api_url="https://hrflow.invalid/v1")

    def nowhere(_):
        raise OfflineError("The name hrflow.invalid is not found.")

    monkeypatch.setattr(account.endpoint, "find_addresses", nowhere)
    assert account.check_name(SimpleNamespace(api_url=lost.api_url, proxy="none")).level is ERROR
    with_proxy = SimpleNamespace(api_url=lost.api_url, proxy="http://proxy.example:3128")
    assert account.check_name(with_proxy).level is OK
    for proxy, level in (("socks5h://p:1", OK), ("socks5://p:1", ERROR), ("socks4://p:1", ERROR)):
        through = SimpleNamespace(api_url=lost.api_url, proxy=proxy)
        assert account.check_name(through).level is level, proxy


def test_a_locked_keyring_does_not_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(account, "_KEYRING_SECONDS", 0.05)
    unlocked = threading.Event()
    (tmp_path / "cvs").mkdir()
    case = make_case(
        str(tmp_path), f"{tmp_path}/cvs", api_url="http://127.0.0.1:9/v1",
        keyring=SimpleNamespace(
            read=lambda _: unlocked.wait() and "", name=lambda: "a keyring", allow_insecure=False,
            is_locked=lambda: False,
        ),
    )  # fmt: skip
    try:
        found = {check.name: finding for check, finding in run_checks(account.checks(case))}
    finally:
        unlocked.set()
    assert found["key"].level is ERROR
    assert "waiting for the keyring to be unlocked" in str(found["key"].text)
    assert found["access"] == skipped(msg("there is no API key"))


def test_what_keeps_keys(tmp_path):
    def refuse():
        raise CredentialError("It keeps plain text.", "Use another.")

    (tmp_path / "cvs").mkdir()
    for name, expected in (
        (lambda: "SecretService", ok(msg("Keys are kept in {what}.", what="SecretService"))),
        (lambda: "", Finding(Level.SKIPPED, NO_KEYRING)),
        (refuse, warning("It keeps plain text.", "Use another.")),
    ):
        case = make_case(str(tmp_path), f"{tmp_path}/cvs", keyring=SimpleNamespace(name=name))
        assert account.check_keyring(case) == expected


@pytest.mark.parametrize(
    ("known", "level", "said"),
    [
        (account.RunningKey("the systemd credential"), OK, "Nothing prevents the running program"),
        (account.RunningKey("x", is_offline=True), ERROR, "can't reach HrFlow"),
        (account.RunningKey("x", held="HrFlow says no"), ERROR, "files on hold: HrFlow says no"),
    ],
)
def test_what_the_running_program_knows_of_its_key(known, level, said):
    finding = account.judge_running_key(known)
    assert finding.level is level
    assert said in str(finding.text)
    assert bool(finding.advice) == (level is not OK)
    assert bool(finding.stops) == (level is OK)  # an error stops by itself


@pytest.mark.parametrize(
    "said",
    [
        {}, {"keys": {"other": {"origin": "x"}}},
        {"keys": {"default": {"origin": "", "problem": "There is no API key."}}},
        {"keys": {"default": {"origin": "x", "problem": "waiting"}}},
    ],
)  # fmt: skip
def test_a_program_without_a_key_knows_nothing(tmp_path, said):
    def case(running):
        return SimpleNamespace(running=running, journal=None)

    assert account.find_running_key(case(said), "default") is None
    known = {"keys": {"default": {"origin": "x"}}}
    assert account.find_running_key(case(known), "default") == account.RunningKey("x")


@pytest.mark.parametrize(
    ("key", "level"),
    [
        ("ask_" + "0" * 32, OK),
        ("askw_" + "A" * 32, OK),
        ("0" * 32, WARNING),
        ("ask_" + "0" * 31, WARNING),
    ],
)
def test_the_form_of_a_key(key, level):
    finding = account.judge_key(key, "the system's keyring")
    assert finding.level is level
    assert key not in f"{finding.text}{finding.advice}"


# --- The desktop ------------------------------------------------------------------------------

WAYLAND = {"WAYLAND_DISPLAY": "wayland-0", "HRFLOW_API_KEY": "canary"}


@pytest.mark.parametrize(
    ("platform", "environ", "found", "level", "said"),
    [
        ("win32", {}, None, OK, "shows tray icons"),
        ("darwin", {}, None, OK, "shows tray icons"),
        ("linux", {}, None, SKIPPED, "no desktop"),  # a server
        ("linux", {"XDG_SESSION_TYPE": "tty"}, None, SKIPPED, "tty"),
        ("linux", {"DISPLAY": ":0"}, "notifier", OK, "StatusNotifier"),
        ("linux", {"DISPLAY": ":0"}, "xorg", OK, "without a menu"),
        ("linux", WAYLAND, "", WARNING, "doesn't show"),
        ("linux", WAYLAND, OSError("no Python"), WARNING, "It is not known whether"),
        ("linux", WAYLAND, subprocess.TimeoutExpired("x", 1), WARNING, "not known"),
    ],
)
def test_the_tray(platform, environ, found, level, said):
    def ask(given):
        assert "canary" not in given.values()
        if isinstance(found, Exception):
            raise found
        return found

    finding = program.check_tray(environ, platform, ask)
    assert finding.level is level
    assert said in str(finding.text)


def test_advice_for_a_whole_check_is_said_once():
    check, other = Check("config", "Configuration", tuple), Check("account", "Account", tuple)
    found = [
        (check, error("one", "Correct it.")),
        (check, error("two", "Correct it.")),
        (check, error("three", "Take it out.")),
        (other, error("four", "Take it out.")),  # another check's line is read by itself
    ]
    said = [(finding.text, advice) for _, finding, advice in with_advice(found)]
    assert said == [
        ("one", "Correct it."), ("two", ""), ("three", "Take it out."), ("four", "Take it out."),
    ]  # fmt: skip
    assert all(finding.advice for _, finding, _ in with_advice(found))  # for machines


def test_missing_folders_are_a_line_each_and_their_advice_is_said_once(tmp_path):
    case = make_case(str(tmp_path), str(tmp_path / "one"))
    (plan,) = case.plans.values()
    other = replace(plan, folder=replace(plan.folder, path=str(tmp_path / "two")))
    case.plans = {each.folder.path: each for each in (plan, other)}
    found = list(with_advice(run_checks(folders.checks(case))))
    assert [check.name for check, _, _ in found] == ["folder", "folder", "limits", "limits"]
    assert [bool(advice) for check, _, advice in found if check.name == "folder"] == [True, False]


# --- The report for support -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "part", "said"),
    [
        # Of what is needed on another system alone, or was taken away by a packager.
        ("importlib.metadata.version", "versions.txt", "requests is not installed"),
        # The parts that do not fail are there all the same.
        ("platform.platform", "versions.txt", "This part could not be made"),
        ("watcher.doctor.bundle.record", "findings.jsonl", "This part could not be made"),
    ],
)
def test_a_part_that_is_missing_does_not_cost_the_report(tmp_path, monkeypatch, broken, part, said):
    def absent(*_):
        raise importlib.metadata.PackageNotFoundError("jeepney")

    monkeypatch.setattr(broken, absent)
    case = make_case(str(tmp_path), str(tmp_path / "cvs"))
    file = io.BytesIO()
    write_bundle(file, case, [(Check("program", "Program", tuple), ok("fine"))])
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert said in parts[part]
    assert len(parts) == 6
    assert "sync_parsing" in parts["config.txt"]
