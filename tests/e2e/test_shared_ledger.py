"""Several machines with a shared ledger: processes of their own on one folder, a real PostgreSQL."""

import contextlib
import os
import shutil
import socket
import uuid

import pytest

from tests.support import file_keyring
from tests.support.postgres import need_postgres
from tests.support.waiting import wait_until
from watcher import sandbox as sb
from watcher.model.errors import LedgerError
from watcher.model.ledger import Content, Record, source_fingerprint
from watcher.model.lifecycle import OPEN
from watcher.model.reasons import SENT_BY
from watcher.sandbox import Fault, Kind

need_postgres()

import psycopg  # noqa: E402 - it need not be installed

from tests.support.share import Share, set_up  # noqa: E402 - likewise
from watcher.ledger import claims  # noqa: E402 - likewise
from watcher.ledger.connection import connected  # noqa: E402 - likewise


@pytest.fixture
def ledger(database):
    """The address of a ledger that was set up."""
    set_up(database)
    return database


@pytest.fixture
def share(tmp_path, ledger, start_process):
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = Share(tmp_path, ledger, sandbox, start_process)
        yield made
        made.close()


def psql(url, statement, *values):
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("SET search_path TO hrflow_watcher")
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def wait_for_states(desk, *states):
    assert wait_until(lambda: desk.states() == sorted(states)), desk.states()


def test_machines_on_one_folder_send_every_content_once(share):
    desks = [share.desk(account="parallel_uploads = 4") for _ in range(3)]
    share.drop(30)
    for desk in desks:
        desk.start("run", "--quiet")
    share.drop(30, start=30)
    share.check(60)
    senders = [sum(state != "duplicate" for state in desk.states()) for desk in desks]
    assert sum(senders) == 60
    assert psql(share.url, "SELECT count(*) FROM contents WHERE arrived") == [(60,)]


def test_what_was_sent_elsewhere_says_by_whom_and_when(share):
    first, second = share.desk(), share.desk()
    share.drop(1)
    first.start("run", "--quiet")
    assert wait_until(lambda: first.states() == ["parsed"])
    second.start("run", "--quiet")
    wait_for_states(second, "duplicate")
    (entry,) = second.read_json("history")
    assert entry["why_message"]["id"] == SENT_BY.text, entry
    assert entry["why_message"]["args"]["machine"] == socket.gethostname()
    assert len(share.references()) == 1


def test_a_restart_after_a_kill_goes_on_at_once(share):
    """Its claims are its own again: nothing waits for the end of a lease."""
    share.sandbox.api.parse_seconds = 0.0
    desk = share.desk(account="confirm_seconds = 1")
    share.drop(40)
    running = desk.start("run", "--quiet")
    assert wait_until(lambda: len(share.references()) >= 5)
    running.process.kill()
    running.end()
    desk.start("run", "--quiet")
    share.check(40)


def test_status_says_for_whom_files_wait(share):
    share.sandbox.faults.set(Fault(kind=Kind.NEVER, method="POST"))
    first, second = share.desk(), share.desk()
    share.drop(2)
    first.start("run", "--quiet")
    assert wait_until(lambda: len(share.sandbox.ledger.records()) == 2)
    second.start("run", "--quiet")
    expected = {"machines": 2, "waits": {socket.gethostname(): 2}}
    assert wait_until(lambda: second.read_json("status")[0]["ledger"] == expected)
    share.sandbox.faults.set()


def die(desk, url):
    """Kill a desk's program, and let its lease run out at once."""
    desk.processes[-1].process.kill()
    desk.processes[-1].end()
    psql(url, "UPDATE sessions SET lease_until = now() - interval '1 s'")


def test_the_profile_of_what_was_sent_is_known_once_it_is_parsed(share):
    desk = share.desk()
    share.drop(1)
    desk.start("run", "--quiet")
    wait_for_states(desk, "parsed")
    keys = "SELECT profile_key FROM contents"
    (profile,) = [each["profile_key"] for each in desk.read_json("history")]
    assert wait_until(lambda: psql(share.url, keys) == [(profile,)]), psql(share.url, keys)


def test_what_a_dead_machine_was_sending_is_asked_for_before_it_is_sent_again(share):
    share.sandbox.faults.set(Fault(kind=Kind.NEVER, method="POST"))
    dead, heir = share.desk(), share.desk()
    share.drop(1)
    dead.start("run", "--quiet")
    assert wait_until(share.sandbox.ledger.records)
    assert dead.states() == ["uploading"]
    share.sandbox.faults.set()
    die(dead, share.url)
    heir.start("run", "--quiet")
    wait_for_states(heir, "parsed")
    assert len(share.sandbox.ledger.records()) == 1
    dead.start("run", "--quiet")
    wait_for_states(dead, "parsed")
    assert len(share.sandbox.ledger.records()) == 1


def test_what_a_dead_machine_never_sent_is_sent_by_another(share):
    dead, heir = share.desk(), share.desk(account="confirm_seconds = 1")
    dead.start("run", "--quiet")
    assert wait_until(lambda: psql(share.url, "SELECT id FROM sessions"))
    die(dead, share.url)
    share.drop(1)
    source = source_fingerprint(share.sandbox.url, sb.ENGINEERING.key)
    claim = "INSERT INTO contents (source, content, session) SELECT %s, %s, max(id) FROM sessions"
    psql(share.url, claim, source, share.digest(0))
    heir.start("run", "--quiet")
    wait_for_states(heir, "parsed")
    assert len(share.references()) == 1
    assert psql(share.url, "SELECT arrived FROM contents") == [(True,)]


def test_one_machine_files_away_and_the_others_see_it_as_done(share):
    desks = [share.desk(folder='after_upload = "move"') for _ in range(3)]
    share.drop(20)
    for desk in desks:
        desk.start("run", "--quiet")
    moved = share.folder / "Sent"
    assert wait_until(lambda: moved.exists() and len(list(moved.glob("*/*.pdf"))) == 20)
    assert wait_until(lambda: all(not OPEN & set(desk.states()) for desk in desks))
    assert len(share.references()) == 20
    assert not list(share.folder.glob("*.pdf"))


@pytest.mark.parametrize("has_arrived", [True, False])
def test_a_file_that_goes_while_another_machine_sends_it_is_gone_only_if_that_fails(
    share, has_arrived
):
    desk = share.desk()
    share.drop(1)
    content = Content(source_fingerprint(share.sandbox.url, sb.ENGINEERING.key), share.digest(0))
    with connected(share.url, "") as other:
        session = claims.begin_session(other, uuid.uuid4(), "FRONTDESK-2", "1")
        claims.claim(other, session, [content], 1)
        desk.start("run", "--quiet")
        wait_for_states(desk, "waiting")
        (share.folder / "cv 0.pdf").unlink()
        if has_arrived:
            claims.record(other, session, [Record(content)])
        else:
            claims.give_back(other, session, [content])
    wait_for_states(desk, "duplicate" if has_arrived else "gone")


def test_the_limit_of_requests_a_minute_holds_over_all_machines(share):
    share.sandbox.api.parse_seconds = 0.0
    limit = "max_requests_per_minute = 12\nparallel_uploads = 8\nfollow_up_share = 0"
    desks = [share.desk(account=limit) for _ in range(3)]
    share.drop(20)
    for desk in desks:
        desk.start("run", "--quiet")
    share.check(20)
    times = sorted(record.received_at for record in share.sandbox.ledger.records())
    assert all(later - first >= 60.0 for first, later in zip(times, times[12:], strict=False))


def most_at_once(records, seconds):
    """The most requests that were under way together, each of which takes so many seconds."""
    times = [record.received_at for record in records]
    return max(sum(0 <= later - each < seconds for later in times) for each in times)


def test_the_limit_of_uploads_at_once_holds_over_all_machines(share):
    share.sandbox.api.parse_seconds = 0.0
    share.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.3, method="POST"))
    desks = [share.desk("parallel_uploads = 3") for _ in range(3)]
    for desk in desks:
        desk.start("run").wait_for("Watching")
    share.drop(24)
    share.check(24)
    assert most_at_once(share.sandbox.ledger.records(), 0.3) == 3


# -- the ledger fails


@pytest.fixture
def office(tmp_path, own_cluster, start_process):
    """A share whose ledger can be stopped."""
    url = own_cluster.new_database()
    set_up(url)
    with sb.Sandbox(parse_seconds=0.0) as sandbox:
        made = Share(tmp_path, url, sandbox, start_process)
        made.cluster = own_cluster
        yield made
        made.close()


def test_uploads_are_held_while_the_ledger_cannot_be_reached_and_resume_by_themselves(office):
    office.cluster.stop()
    desk = office.desk()
    office.drop(3)
    running = desk.start("run")
    wait_for_states(desk, "held", "held", "held")
    (status,) = desk.read_json("status")
    assert [hold["cause"] for hold in status["held"]] == ["ledger:default"]
    assert status["ledger"] == {"machines": 0, "waits": {}}
    office.drop(1, start=3)
    wait_for_states(desk, *["held"] * 4)
    office.cluster.start()
    office.check(4)
    running.end()
    assert len([line for line in running.lines if "shared ledger" in line]) == 2, running.lines


def test_uploads_go_on_without_the_ledger_if_that_is_wanted(office):
    """Each machine then has the whole limit, and its share again once the ledger is back."""
    office.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.3, method="POST"))
    more = 'when_unreachable = "send"\nparallel_uploads = 2'
    desk, other = (office.desk(more, account="parallel_uploads = 6") for _ in range(2))
    desk.start("run", "--quiet")
    office.drop(6)
    wait_for_states(desk, *["parsed"] * 6)
    office.cluster.stop()
    office.drop(12, start=6)
    shutil.copy(office.folder / "cv 6.pdf", office.folder / "a copy.pdf")
    wait_for_states(desk, *["parsed"] * 18, "duplicate")
    office.cluster.start()
    arrived = "SELECT count(*) FROM contents WHERE arrived"
    assert wait_until(lambda: psql(office.url, arrived) == [(18,)])
    other.start("run", "--quiet")
    wait_for_states(other, *["duplicate"] * 19)
    office.drop(12, start=18)
    assert wait_until(lambda: office.is_done(31))
    assert len(set(office.references())) == len(office.references()) == 30
    sent = office.sandbox.ledger.records()
    assert [most_at_once(some, 0.3) for some in (sent[:6], sent[6:18], sent[18:])] == [2, 6, 2]


def test_a_restart_of_the_ledger_is_no_news(office):
    desks = [office.desk() for _ in range(2)]
    office.drop(20)
    for desk in desks:
        desk.start("run", "--quiet")
    assert wait_until(lambda: len(office.references()) >= 5)
    office.cluster.stop("immediate")
    office.cluster.start()
    office.drop(20, start=20)
    office.check(40)
    assert not any(desk.read_json("status")[0]["held"] for desk in desks)


# -- commands


def test_the_ledger_is_set_up_and_shown_by_commands(tmp_path, database, start_process):
    with sb.Sandbox(parse_seconds=0.0) as sandbox:
        share = Share(tmp_path, database, sandbox, start_process)
        desk = share.desk()
        assert desk.run("ledger", "status").returncode == LedgerError.exit_code
        assert desk.read_json("ledger", "init") == [{"version_before": 0, "version": 1}]
        assert desk.read_json("ledger", "init") == [{"version_before": 1, "version": 1}]
        assert desk.read_json("ledger", "status") == []
        share.drop(2)
        desk.start("run", "--quiet")
        share.check(2)

        def machines():
            found = desk.read_json("ledger", "status")
            return [(each["machine"], each["in_flight"], each["sent_today"]) for each in found]

        assert wait_until(lambda: machines() == [(socket.gethostname(), 0, 2)]), machines()
        found = next(each for each in desk.read_json("doctor") if each["check"] == "ledger")
        assert found["level"] == "ok"
        assert desk.read_json("status")[0]["ledger"] == {"machines": 1, "waits": {}}
        share.close()


PASSWORD = "a canary password"


def in_environment(desk):
    return {"HRFLOW_LEDGER_PASSWORD": PASSWORD}


def in_systemd_credential(desk):
    (desk.root / "hrflow-ledger-password").write_text(f"{PASSWORD}\n")
    return {"CREDENTIALS_DIRECTORY": str(desk.root)}


def in_pgpass(desk):
    path = desk.root / "pgpass"
    path.write_text(f"*:*:*:*:{PASSWORD}\n")
    path.chmod(0o600)
    return {"PGPASSFILE": str(path)}


def in_keyring(desk):
    environ = file_keyring.environ(desk.root / "keyring")
    done = desk.run("login", "--ledger", "--key-stdin", typed=f"{PASSWORD}\n", **environ)
    assert done.returncode == 0, done.stderr
    return environ


def test_the_password_comes_from_where_it_may_be_and_is_shown_nowhere(
    tmp_path, own_cluster, start_process
):
    own_cluster.demand_password(PASSWORD)
    share_url = own_cluster.new_database()
    with sb.Sandbox(parse_seconds=0.0) as sandbox:
        share = Share(tmp_path, share_url, sandbox, start_process)
        desk = share.desk()
        assert "rejected" in desk.run("ledger", "init").stderr
        for store in (in_environment, in_systemd_credential, in_pgpass, in_keyring):
            done = desk.run("ledger", "init", **store(desk))
            assert done.returncode == 0, (store.__name__, done.stderr)
            assert "canary" not in done.stdout + done.stderr
        share.drop(1)
        running = desk.start("run", **in_keyring(desk))
        share.check(1)
        running.end()
        logged = (tmp_path / "desk-1" / "state" / "hrflow-watcher.log").read_text()
        assert "canary" not in logged + "".join(running.lines)
        share.close()


def test_a_password_in_the_configuration_is_refused(share):
    desk = share.desk()
    text = desk.config.read_text().replace("hrflow@127.0.0.1", "hrflow:secret@127.0.0.1")
    desk.config.write_text(text)
    done = desk.run("config", "check")
    assert done.returncode == 2
    assert "login --ledger" in done.stderr
    assert "secret" not in done.stderr


def test_a_cloned_machine_gets_an_id_of_its_own(share):
    """Its copy of the state has the same id; the lock of the first one shows it."""
    first, clone = share.desk(), share.desk()
    first.start("run", "--quiet")
    assert wait_until(lambda: psql(share.url, "SELECT id FROM sessions"))
    os.makedirs(clone.places.state, mode=0o700)
    shutil.copy(first.places.ledger_instance, clone.places.ledger_instance)
    clone.start("run", "--quiet")
    assert wait_until(lambda: len(psql(share.url, "SELECT DISTINCT instance FROM sessions")) == 2)
    share.drop(10)
    share.check(10)


def test_what_the_machine_wide_configuration_locks_a_person_cannot_change(share):
    desk = share.desk()
    machine = desk.root / "machine"
    machine.mkdir()
    (machine / "config.toml").write_text(f'locked = ["ledger"]\n[ledger]\nurl = "{share.url}"\n')
    text = desk.config.read_text().replace(share.url, "postgresql://elsewhere.example.org/other")
    desk.config.write_text(text)
    desk.start("run", "--quiet")
    share.drop(1)
    share.check(1)
    assert psql(share.url, "SELECT count(*) FROM contents WHERE arrived") == [(1,)]


def test_what_is_claimed_and_not_sent_is_free_again_after_a_regular_end(share):
    share.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.5, method="POST"))
    first, second = share.desk(), share.desk(account="confirm_seconds = 1")
    share.drop(30)
    first.start("run", "--quiet")
    assert wait_until(lambda: len(share.references()) >= 4)
    assert first.processes[-1].end() == 0
    assert "Traceback" not in "".join(first.processes[-1].lines)
    share.sandbox.faults.set()
    sent = psql(share.url, "SELECT count(*) FROM contents WHERE arrived")[0][0]
    claimed = psql(share.url, "SELECT count(*) FROM contents WHERE NOT arrived")[0][0]
    assert sent >= 4
    assert claimed <= 4  # what was cut off at most, of what was claimed ahead nothing
    share.desks.remove(first)
    second.start("run", "--quiet")
    share.check(30)


def test_files_that_go_while_they_are_claimed_block_no_others(share):
    share.sandbox.faults.set(Fault(kind=Kind.STATUS, status=503, method="POST"))
    desk = share.desk(account="parallel_uploads = 1")
    share.drop(6)
    desk.start("run", "--quiet")
    assert wait_until(lambda: len(desk.states()) == 6)
    for number in range(6):
        (share.folder / f"cv {number}.pdf").unlink()
    share.sandbox.faults.set()
    desk.run("resume")
    share.drop(3, start=6)
    assert wait_until(lambda: desk.states().count("parsed") >= 3), desk.states()
