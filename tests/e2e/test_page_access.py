"""Who may talk to the running program, and what others get who try to."""

import http.client
import os
import stat
import subprocess
import sys
import time

import pytest

from tests.support.outcomes import ARRIVED
from watcher.model.errors import UsageError
from watcher.page.auth import is_other_user


def test_the_way_in_is_for_its_owner_alone(office):
    assert stat.S_IMODE(os.stat(office.places.instance).st_mode) == 0o600


#: What strangers show, and with the right token all the same; and who they are.
STRANGERS = (
    ({}, "no ticket"),
    ({"X-Watcher-Token": "guessed"}, "a wrong token"),
    ({"Cookie": "watcher=guessed"}, "a wrong cookie"),
    ({"Host": "evil.example:80", "X-Watcher-Token": None}, "a name bound to this machine"),
    ({"Host": "127.0.0.1", "X-Watcher-Token": None}, "another port"),
    ({"Origin": "http://evil.example", "X-Watcher-Token": None}, "another page"),
    ({"Origin": "null", "X-Watcher-Token": None}, "a page without an origin"),
    ({"Sec-Fetch-Site": "cross-site", "X-Watcher-Token": None}, "another page's script"),
)


def test_strangers_get_nothing(office):
    for path in ("/", "/api/now", "/api/files.csv", "/api/setup"):
        for headers, why in STRANGERS:
            office.channel.get("/api/days")  # a right ticket: the wrong ones stay quick
            shown = {name: value or office.channel.token for name, value in headers.items()}
            status, text, _ = office.ask("GET", path, **shown)
            assert status in (403, 429), why
            assert office.channel.token not in text


def test_a_change_needs_the_pages_own_proof(office):
    _, cookie, proof = office.enter()
    origin = f"http://127.0.0.1:{office.channel.port}"
    for act in ("pause", "stop", "retry", "setup/save", "show", "link"):
        for headers in (
            {"Origin": origin},
            {"Origin": origin, "X-Watcher-Proof": "guessed"},
            {"X-Watcher-Proof": proof},
            {"X-Watcher-Proof": proof, "Origin": "http://evil.example"},
        ):
            done = office.ask("POST", f"/api/{act}", "{}", Cookie=cookie, **headers)
            assert done[0] == 403, (act, headers)
    assert office.process.process.poll() is None
    assert not office.channel.get("/api/now")["now"]["paused"]


def test_a_browser_that_was_let_in_can_change_things(office, eventually):
    said, cookie, proof = office.enter()
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(said.split("; "))
    origin = f"http://127.0.0.1:{office.channel.port}"
    headers = {"Cookie": cookie, "Origin": origin, "X-Watcher-Proof": proof}
    assert office.ask("POST", "/api/pause", "{}", **headers)[0] == 200
    eventually(lambda: office.channel.get("/api/now")["now"]["paused"])


def test_every_answer_forbids_what_no_answer_needs(office):
    for path in ("/", "/api/now", "/static/page.js", "/enter?code=no", "/nowhere"):
        for token in (office.channel.token, ""):
            _, _, headers = office.ask("GET", path, **{"X-Watcher-Token": token})
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert (headers["X-Frame-Options"], headers["Cache-Control"]) == ("DENY", "no-store")
            assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_but_its_own_files_is_served(office):
    for path in ("/static/..%2fserver.py", "/static/../routes.py", "/static/page.html",
                 "/static/.", "/static//etc/passwd", "/static/%2e%2e"):  # fmt: skip
        assert office.ask("GET", path, **{"X-Watcher-Token": office.channel.token})[0] == 404, path


def test_senseless_orders_are_refused_in_a_sentence(office):
    for act, order in (
        ("pause", {"seconds": "long"}), ("pause", {"seconds": -1}), ("pause", {"seconds": 1e300}),
        ("retry", {}), ("retry", {"ids": "all"}), ("retry", {"ids": [True]}),
        ("ignore", {"ids": {"a": 1}}), ("retry", {"cause": 7}), ("show", {"folder": "/etc"}),
        ("check", {}), ("check", {"path": "relative.pdf"}), ("link", {"at": "<script>"}),
        ("setup/save", {"folders": 1}), ("setup/save", {"folders": ["x"]}),
        ("setup/plan", {"email": ["x"]}),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            office.channel.post(f"/api/{act}", **order)
    token = {"X-Watcher-Token": office.channel.token}
    assert office.ask("POST", "/api/pause", "[]", **token)[0] == 400
    assert office.ask("POST", "/api/pause", "not json", **token)[0] == 400
    assert office.ask("POST", "/api/pause", "x" * 2_000_000, **token)[0] == 413
    assert office.ask("GET", "/api/files?state=none", **token)[0] == 400
    assert office.ask("GET", "/api/files?sort=x", **token)[0] == 400
    assert office.ask("GET", "/api/files/99", **token)[0] == 400
    assert office.ask("DELETE", "/api/files/1", **token)[0] == 405


def test_wrong_tokens_become_slow_and_right_ones_do_not(office):
    started = time.monotonic()
    for _ in range(4):
        office.ask("GET", "/api/now", **{"X-Watcher-Token": "guessed"})
    assert time.monotonic() - started > 0.1 + 0.2 + 0.4 + 0.8
    assert office.channel.get("/api/now")["now"]


def test_files_are_downloaded_as_csv(office, eventually):
    office.drop("=HYPERLINK(1).pdf")
    eventually(lambda: office.state("=HYPERLINK(1).pdf") in ARRIVED)
    token = {"X-Watcher-Token": office.channel.token}
    _, text, headers = office.ask("GET", "/api/files.csv?text=hyper", **token)
    assert ",=HYPERLINK" not in text, "a spreadsheet would take that for a formula"
    assert len(text.splitlines()) == 2
    assert headers["Content-Type"].startswith("text/csv")


def test_only_the_same_user_may_connect(office):
    """This process is the same user's; a connection by another one is told apart."""
    if not os.path.exists("/proc/net/tcp"):
        pytest.skip("only Linux tells who is at the other end")
    connection = http.client.HTTPConnection("127.0.0.1", office.channel.port)
    connection.connect()
    address, port = connection.sock.getsockname()
    assert not is_other_user(address, port)
    connection.close()
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    script = (
        "import encodings.idna, http.client, os, sys; os.setuid(65534)\n"
        f"c = http.client.HTTPConnection('127.0.0.1', {office.channel.port})\n"
        "c.request('GET', '/api/now', headers={'X-Watcher-Token': sys.stdin.read()})\n"
        "print(c.getresponse().status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=office.channel.token, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == "403\n", done.stderr


def test_both_kinds_of_loopback_addresses_listen_and_no_other(office):
    found = subprocess.run(
        ["ss", "-Hltn", f"sport = :{office.channel.port}"], capture_output=True, text=True,
        check=False,
    ) if os.path.exists("/usr/bin/ss") or os.path.exists("/bin/ss") else None  # fmt: skip
    if found is None:
        pytest.skip("needs ss")
    addresses = {line.split()[3].rpartition(":")[0] for line in found.stdout.splitlines()}
    assert "127.0.0.1" in addresses
    assert addresses <= {"127.0.0.1", "[::1]"}


def test_no_ticket_stands_in_log_or_journal(office):
    office.enter()
    office.ask("GET", "/api/now", **{"X-Watcher-Token": "guessed"})
    office.desk.run("stop")
    kept = b"".join(
        (office.desk.root / "state" / name).read_bytes()
        for name in os.listdir(office.places.state)
        if os.path.isfile(os.path.join(office.places.state, name))
    )
    assert office.channel.token.encode() not in kept


#: What makes no sense: the answer says so.
NONSENSE = (
    ("POST", "/api/pause", b"[" * 100_000, "nested very deep"),
    ("POST", "/api/pause", b"\xff", "no text"),
    ("POST", "/api/import", b'{"path": "/cvs\\u0000"}', "a name that no file can have"),
    ("POST", "/api/setup/folder", b'{"folder": "\\ud800"}', "half a character"),
    ("GET", "/api/files?search=%ff", b"", "no text"),
    ("GET", "/api/files.csv?state=%ff", b"", "no text"),
    ("GET", "/api/files.csv?state=lost", b"", "no such state"),
    ("GET", "/report?span=%ed%a0%80", b"", "no text"),
    ("GET", "/api/files/99999999999999999999", b"", "no number of the journal"),
)


def test_a_request_that_makes_no_sense_is_the_sender_s_mistake(office):
    token = {"X-Watcher-Token": office.channel.token}
    for method, path, body, why in NONSENSE:
        assert office.ask(method, path, body, **token)[0] == 400, why


def test_a_very_long_number_of_a_snapshot_is_none(office):
    token = {"X-Watcher-Token": office.channel.token}
    assert office.ask("GET", f"/api/now?seen={'9' * 5000}", **token)[0] == 200
    assert office.ask("GET", "/api/files?search=%5Cu0000", **token)[0] == 200
    assert office.ask("POST", "/api/check", b'{"path": "/\\\\u0000"}', **token)[0] == 200
