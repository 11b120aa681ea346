"""``doctor`` as people meet it: good worlds and bad ones, in a pipe and at a terminal."""

import json
import os
import shutil
import socket
import stat
import time
import zipfile

import pytest
import requests

from tests.support import proxy
from tests.support.desk import Desk
from tests.support.samples import PDF, make_pdf
from tests.support.tls import speak_tls
from watcher import sandbox as sb
from watcher.credentials.keyring import NO_KEYRING
from watcher.hrflow.endpoint import Certificate, find_certificate
from watcher.model.settings import Account

DASH = "\N{EN DASH}"
NO_CONNECTION = 9  # the discard port: nobody answers


def diagnose(desk, code=0, **environ):
    """The findings, by check: each as (level, text and advice)."""
    done = desk.call("doctor", "--json", **environ)
    assert done.returncode == code, done.stdout + done.stderr
    assert desk.key not in done.stdout + done.stderr
    found = {}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        found.setdefault(said["check"], []).append(
            (said["level"], f"{said['text']} {said['advice']}")
        )
    return found


def write_config(desk, old, new):
    text = desk.config.read_text(encoding="utf-8")
    assert old in text
    desk.config.write_text(text.replace(old, new), encoding="utf-8")


def only(findings):
    (finding,) = findings
    return finding


# --- Good worlds ------------------------------------------------------------------------------


def test_a_good_world_in_a_pipe(desk):
    make_pdf(desk.folder / "cv.pdf", "a")
    assert desk.run("import", str(desk.folder)).returncode == 0
    done = desk.run("doctor")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout
    assert {line[0] for line in lines} <= {"✓", "!", DASH}
    assert [line.split()[1] for line in lines if line[0] == "✓"] == [
        "Configuration", "Folder", "New", "Limits", "Limits", "History", "Disk",
        "API", "Proxy", "DNS", "TLS", "HrFlow", "Clock", "Source",
    ]  # fmt: skip
    assert "is not running, so no files are uploaded. → Start it with: hrflow" in done.stdout
    assert f"{desk.folder} can be read" in done.stdout
    assert "journal.db is intact" in done.stdout
    assert "it can read and write" in done.stdout
    assert "Engineering (e59112ee7a2d…)" in done.stdout
    assert f"{DASH} Keyring         {NO_KEYRING}" in lines  # no check was left out there
    assert desk.key not in done.stdout
    assert os.listdir(desk.folder) == ["cv.pdf"]


def test_a_good_world_at_a_terminal(desk):
    written, code = desk.at_terminal("doctor")
    assert code == 0
    assert "\x1b[32m✓ Folder" in written
    assert desk.key not in written
    plain, _ = desk.at_terminal("doctor", NO_COLOR="1")
    assert "\x1b[" not in plain


def test_a_running_program_does_not_see_the_probe(desk):
    make_pdf(desk.folder / "before.pdf", "a")
    running = desk.start("run")
    running.wait_for("before.pdf")
    level, said = only(diagnose(desk)["program"])
    assert (level, f"running (PID {running.process.pid})" in said) == ("ok", True)
    make_pdf(desk.folder / "after.pdf", "b")
    running.wait_for("after.pdf")
    names = {os.path.basename(entry["path"]) for entry in desk.read_json("history")}
    assert names == {"before.pdf", "after.pdf"}


def test_several_accounts_are_told_apart(desk):
    account = desk.config.read_text(encoding="utf-8").partition("[[folders]]")[0]
    body = account.replace("[account]", "")
    text = f"[accounts.home]{body}[accounts.away]{body}"
    for name in ("home", "away"):
        (desk.root / name).mkdir()
        text += f'\n[[folders]]\npath = "{desk.root / name}"\naccount = "{name}"\n'
        text += f'source_key = "{sb.SALES.key}"\n'
    desk.config.write_text(text, encoding="utf-8")
    done = desk.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "API key of home" in done.stdout
    assert "Source of away" in done.stdout


# --- Bad worlds -------------------------------------------------------------------------------


def test_no_configuration(desk):
    desk.config.unlink()
    found = diagnose(desk, code=5)
    assert only(found["config"])[0] == "error"
    assert "There is no configuration" in only(found["config"])[1]
    for name in ("folder", "limits", "key", "access"):
        assert only(found[name])[0] == "skipped", name
    assert only(found["journal"])[0] == "ok"  # what needs no configuration is looked at
    shown = [line for line in desk.run("doctor").stdout.splitlines() if line[0] == DASH]
    assert shown[0].endswith(
        "Not checked     Folder, Limits, Keyring, API key, HrFlow: the configuration is not usable."
    )


def test_every_mistake_is_a_line(desk):
    desk.configure('settel_seconds = 3\nwatch = "nativ"')
    found = diagnose(desk, code=5)
    assert [level for level, _ in found["config"]] == ["error", "error"]
    assert "settle_seconds" in found["config"][0][1] + found["config"][1][1]


def test_a_missing_folder(desk):
    desk.folder.rmdir()
    found = diagnose(desk, code=5)
    level, text = only(found["folder"])
    assert level == "error"
    assert "Create it, connect its drive, or correct its path in the configuration" in text
    assert "events" not in found  # a missing folder is one line
    assert only(found["access"])[0] == "ok"


def test_a_folder_that_the_program_makes(desk):
    """In the person's home; elsewhere a missing one may be a drive that is not there."""
    desk.configure("create = true")
    desk.folder.rmdir()
    found = diagnose(desk, HOME=str(desk.root))
    level, said = only(found["folder"])
    assert (level, "the program will create it when it starts" in said) == ("ok", True)
    assert "events" not in found
    assert not desk.folder.exists()
    assert only(diagnose(desk, code=5, HOME=str(desk.root / "home"))["folder"])[0] == "error"


def test_no_key(desk):
    found = diagnose(desk, code=5, HRFLOW_API_KEY="")
    assert only(found["key"])[0] == "error"
    assert only(found["access"]) == ("skipped", "Not checked: there is no API key. ")


def test_a_key_that_only_the_running_program_has(desk, eventually):
    make_pdf(desk.folder / "cv.pdf", "a")
    desk.start("run").wait_for("cv.pdf")
    eventually(desk.arrived)
    found = diagnose(desk, HRFLOW_API_KEY="")
    level, said = only(found["key"])
    assert (level, "reads the key from the environment variable HRFLOW_API_KEY" in said) == (
        "ok",
        True,
    )
    level, said = only(found["access"])
    assert (level, "can't be tested from here" in said) == ("ok", True)
    only_there = "Not checked: only the running program has the key. "
    assert only(found["source"]) == ("skipped", only_there)


def test_a_wrong_key_that_only_the_running_program_has(desk):
    desk.key = wrong = "ask_" + "f" * 32
    make_pdf(desk.folder / "cv.pdf", "a")
    desk.start("run").wait_for("On hold")
    found = diagnose(desk, code=5, HRFLOW_API_KEY="")
    assert only(found["key"])[0] == "ok"
    level, said = only(found["access"])
    assert level == "error"
    assert "The running program has put all files on hold" in said
    assert "replace it where the program reads it" in said
    assert wrong not in said


def test_a_wrong_key(desk):
    desk.key = "ask_" + "f" * 32
    found = diagnose(desk, code=5)
    level, text = only(found["access"])
    assert level == "error"
    assert "rejected this key" in text
    assert only(found["source"])[0] == "skipped"
    assert only(found["clock"])[0] == "ok"  # a refusal has its time too


def test_a_key_that_may_only_write_proves_nothing(desk):
    desk.key = sb.WRITE_KEY
    found = diagnose(desk)
    assert only(found["access"])[0] == "warning"
    assert only(found["source"]) == (
        "skipped", "Not checked: a write-only key can't read anything. ",
    )  # fmt: skip


def test_a_key_that_may_only_read_cannot_upload(desk):
    desk.key = sb.READ_KEY
    assert only(diagnose(desk, code=5)["access"])[0] == "error"


def test_an_unknown_source(desk):
    desk.configure(source="0" * 40)
    level, text = only(diagnose(desk, code=5)["source"])
    assert level == "error"
    assert "is not a source of this account. HrFlow answered 400: " in text


def test_sync_parsing_that_is_not_enabled(desk):
    desk.configure("sync_parsing = true")
    level, text = only(diagnose(desk)["source"])
    assert level == "warning"
    assert "Engineering" in text
    assert "doesn't allow sync parsing" in text


def test_nothing_is_said_of_what_is_not_wanted(desk):
    assert not {"webhook", "hook"} & diagnose(desk).keys()


def test_a_webhook_needs_its_secret_and_commands_have_to_be_there(desk):
    more = "webhook_parsing_sending = true\n[webhook]\nenabled = true\n[hooks]\n"
    desk.configure(more + 'parsed = ["/no/such/program"]\nrefused = ["true"]')
    found = diagnose(desk, code=5)
    level, text = only(found["webhook"])
    assert level == "error"
    assert "no secret for the webhook" in text
    assert [level for level, _ in found["hook"]] == ["error", "ok"]


def test_a_webhook_with_its_secret(desk):
    secret = "secret of the environment"
    desk.configure("webhook_parsing_sending = true\n[webhook]\nenabled = true")
    found = diagnose(desk, HRFLOW_WEBHOOK_SECRET=secret)
    level, text = only(found["webhook"])
    assert (level, "127.0.0.1:8790/webhook" in text) == ("ok", True)
    assert secret not in str(found)


def test_a_source_that_depends_on_the_file_is_not_asked_for(desk):
    desk.configure(source="{parent}")
    assert only(diagnose(desk)["source"])[0] == "skipped"


def test_offline(desk):
    write_config(desk, desk.sandbox.url, f"http://127.0.0.1:{NO_CONNECTION}/v1")
    found = diagnose(desk, code=5)
    assert only(found["access"])[0] == "error"
    for name in ("clock", "source"):
        assert only(found[name]) == ("skipped", "Not checked: the server has not answered. "), name


def test_a_name_that_is_not_found(desk):
    write_config(
        desk,
        f'api_url = "{desk.sandbox.url}"',
        'api_url = "https://hrflow.invalid/v1"\nproxy = "none"',
    )
    found = diagnose(desk, code=5)
    assert "hrflow.invalid was not found" in only(found["dns"])[1]
    for name in ("tls", "access", "source"):
        assert only(found[name])[0] == "skipped"


def test_a_damaged_journal(desk):
    make_pdf(desk.folder / "cv.pdf", "a")
    desk.run("import", str(desk.folder))
    journal = desk.root / "state" / "journal.db"
    with open(journal, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 20_000)
    for companion in ("-wal", "-shm"):
        (desk.root / f"state/journal.db{companion}").unlink(missing_ok=True)
    level, text = only(diagnose(desk, code=5)["journal"])
    assert level == "error"
    assert "damaged" in text


def test_a_clock_that_is_off(tmp_path):
    with sb.Sandbox(clock=lambda: time.time() + 7230) as sandbox:
        level, text = only(diagnose(Desk(tmp_path, sandbox))["clock"])
    assert level == "warning"
    assert "2\u00a0h\u00a000\u00a0min behind the server's" in text


# --- TLS --------------------------------------------------------------------------------------


@pytest.fixture
def safe_desk(tmp_path):
    """A desk whose HrFlow speaks TLS, with a certificate that Acme's proxy signed."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    with sb.Sandbox() as sandbox:
        desk = Desk(tmp_path, sandbox)
        url, desk.certificate = speak_tls(sandbox, tmp_path)
        write_config(desk, f'"{sandbox.url}"', f'"{url}"\nproxy = "none"')
        yield desk


def test_a_certificate_that_nobody_trusts_is_named(safe_desk):
    found = diagnose(safe_desk, code=5)
    level, text = only(found["tls"])
    assert level == "error"
    assert "Acme Web Gateway (Acme CA)" in text
    assert only(found["access"])[0] == "skipped"


def test_a_proxy_of_the_organisation_is_named(safe_desk):
    found = diagnose(safe_desk, SSL_CERT_FILE=safe_desk.certificate)
    level, text = only(found["tls"])
    assert level == "warning"
    assert "Acme Web Gateway (Acme CA), which is not a public authority" in text
    assert only(found["access"])[0] == "ok"


def test_an_authority_that_browsers_know_is_public(safe_desk, monkeypatch):
    """Acme stands for one: no other would sign a certificate for a test."""
    monkeypatch.setenv("SSL_CERT_FILE", safe_desk.certificate)
    monkeypatch.setattr(requests.utils, "DEFAULT_CA_BUNDLE_PATH", safe_desk.certificate)
    url = safe_desk.sandbox.url.replace("http://127.0.0.1", "https://localhost")
    account = Account(name="default", email=sb.EMAIL, api_url=url, proxy="none")
    assert find_certificate(account) == Certificate("Acme Web Gateway (Acme CA)", public=True)


@pytest.mark.parametrize(("kind", "scheme"), [(proxy.Http, ""), (proxy.Socks5, "socks5h://")])
def test_the_certificate_is_looked_at_through_the_proxy(safe_desk, kind, scheme):
    with proxy.run_proxy(kind) as server:
        address = f"{scheme}127.0.0.1:{server.port}"
        write_config(
            safe_desk, 'proxy = "none"', f'proxy = "{scheme or "http://"}127.0.0.1:{server.port}"'
        )
        write_config(safe_desk, "https://localhost", f"https://{proxy.HOST}")
        found = diagnose(safe_desk, SSL_CERT_FILE=safe_desk.certificate)
        assert set(server.asked) == {proxy.HOST}
    assert only(found["proxy"])[1].startswith(
        f"The proxy is {address}, according to the configuration."
    )
    assert "Acme Web Gateway" in only(found["tls"])[1]
    assert only(found["access"])[0] == "ok"


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("http://ana:hush@[broken", "The proxy address [broken is not valid"),
        ("gopher://ana:hush@127.0.0.1:9", "The proxy address gopher://127.0.0.1:9 is not valid"),
        ("socks5h://ana:hush@127.0.0.1:9", "The proxy socks5h://127.0.0.1:9 can't be reached"),
        ("http://ana:hush@127.0.0.1:9", "The proxy 127.0.0.1:9 can't be reached"),
    ],
)
def test_a_proxy_that_does_not_work_is_named_without_its_password(safe_desk, variable, said):
    write_config(safe_desk, 'proxy = "none"', "")
    write_config(safe_desk, "https://localhost", f"https://{proxy.HOST}")
    found = diagnose(
        safe_desk, code=5, HTTPS_PROXY=variable, SSL_CERT_FILE=safe_desk.certificate
    )  # fmt: skip
    words = " ".join(text for findings in found.values() for _, text in findings)
    assert said in words
    assert "hush" not in words
    assert 'proxy = "none"' in words


def test_something_else_than_tls(desk):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        write_config(
            desk, f'"{desk.sandbox.url}"',
            f'"https://localhost:{port}/v1"\nproxy = "none"\nconnect_timeout = 1',
        )  # fmt: skip
        found = diagnose(desk, code=5)
    assert only(found["tls"])[0] == "error"


# --- The bundle -------------------------------------------------------------------------------

#: What must not be found in a bundle, in any case and not in parts.
CANARIES = (
    "Zdenka", "Quillfeather", "Rahman", "Aisha", "Ottokar", "Vanished", "Bewerberin", "Öztürk",
    "Kanarienvogel", "Dompfaff", "zaunkoenig", sb.EMAIL, "recruiter@", sb.READ_WRITE_KEY,
    sb.EXPRESS.key,
)  # fmt: skip
LOG = """\
2026-11-23 19:04:23,123 ERROR watcher.daemon.core: {folder}/Ottokar Vanished.pdf cannot be read
2026-11-23 19:04:24,123 INFO watcher.cli.run: {folder}/Zdenka Quillfeather.pdf {key} {email}
Traceback (most recent call last):
  File "watcher/daemon/core.py", line 131, in start
OSError: [Errno 28] No space left on device: '{folder}/Zdenka Quillfeather.pdf'
"""


@pytest.fixture
def full_desk(desk):
    """A desk with a CV that has arrived, canaries wherever there is room for one."""
    desk.folder = desk.root / "Bewerberin Öztürk"
    desk.folder.mkdir()
    desk.configure(
        'sync_parsing = true\nmetadatas = { note = "Dompfaff" }\n[[folders.rules]]\n'
        'match = "zaunkoenig/*"\ntags = { zaunkoenig = "x" }',
        source=sb.EXPRESS.key,
    )
    write_config(desk, '"Paris"', '"Kanarienvogel"')
    shutil.copy(PDF, desk.folder / "Zdenka Quillfeather.pdf")
    assert desk.run("import", str(desk.folder)).returncode == 0
    values = {"folder": desk.folder, "key": desk.key, "email": sb.EMAIL}
    with open(desk.root / "state" / "hrflow-watcher.log", "a", encoding="utf-8") as log:
        log.write(LOG.format(**values))
    return desk


def unzip(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def leaks(desk, parts):
    everything = "\n".join([*parts, *parts.values()]).casefold()
    ours = [str(desk.root), socket.gethostname(), os.path.expanduser("~")]
    return [each for each in (*CANARIES, *ours) if each.casefold() in everything]


def test_the_bundle_names_nobody(full_desk):
    (entry,) = full_desk.read_json("history")
    assert entry["profile_name"] == "Aisha Rahman"  # the canary is there
    log = (full_desk.root / "state" / "hrflow-watcher.log").read_text(encoding="utf-8")
    assert {"Zdenka", "Ottokar", "Öztürk", full_desk.key} <= set(leaks(full_desk, {"log": log}))
    report = full_desk.root / "report.zip"
    done = full_desk.run("doctor", "--report", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    parts = unzip(report)
    assert leaks(full_desk, parts) == []
    assert f"<folder-1>/file-{entry['id']}.pdf" in parts["log.txt"]
    assert 'core.py", line 131, in start' in parts["log.txt"]
    assert "No space left on device" in parts["log.txt"]
    assert "parsed 1" in parts["counts.txt"]
    assert "folders[1].sync_parsing = true" in parts["config.txt"]
    assert "requests " in parts["versions.txt"]
    assert len(parts["findings.jsonl"].splitlines()) == len(done.stdout.splitlines()) - 1


def test_the_bundle_of_a_broken_configuration_names_nobody(full_desk):
    full_desk.configure('Zdenka = "Quillfeather"\nwatch = "Kanarienvogel"')
    report = full_desk.root / "report.zip"
    assert full_desk.run("doctor", "--report", str(report)).returncode == 5
    parts = unzip(report)
    assert leaks(full_desk, parts) == []
    assert '"check": "config"' in parts["findings.jsonl"]


def test_a_bundle_replaces_nothing(desk):
    report = desk.root / "report.zip"
    report.write_bytes(b"mine")
    done = desk.run("doctor", "--report", str(report))
    assert done.returncode == 5
    assert "already exists" in done.stderr
    assert done.stdout == ""
    assert report.read_bytes() == b"mine"
    assert desk.run("doctor", "--report", str(desk.root / "none" / "r.zip")).returncode == 5
