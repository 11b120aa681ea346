"""The shared ledger's tables on a real PostgreSQL: who may send a content, and what became of it."""

import contextlib
import hashlib
import threading
import uuid

import pytest

from tests.support.postgres import need_postgres
from watcher.model.errors import LedgerError
from watcher.model.ledger import Content, Record, Standing, TakeShare, source_fingerprint

need_postgres()

from watcher.ledger import claims, schema  # noqa: E402 - they need psycopg
from watcher.ledger.connection import connect, connected  # noqa: E402

SOURCE = source_fingerprint("https://api.hrflow.ai/v1", "a source key")


def contents(number, start=0):
    return [
        Content(SOURCE, hashlib.sha256(b"%d" % each).digest())
        for each in range(start, start + number)
    ]


class Desktop:
    """A machine's session."""

    def __init__(self, url, name, instance=None):
        self.connection = connect(url, "")
        self.instance = instance or uuid.uuid4()
        self.session = claims.begin_session(self.connection, self.instance, name, "1.0")

    def claim(self, wanted, room=100, checked=()):
        return claims.claim(self.connection, self.session, wanted, room, checked)

    def standings(self, wanted, room=100, checked=()):
        return [each.standing for each in self.claim(wanted, room, checked)]

    def record(self, *arrived, profile_key=""):
        claims.record(self.connection, self.session, [Record(c, profile_key) for c in arrived])

    def give_back(self, *given):
        claims.give_back(self.connection, self.session, given)

    def keep(self, *sent):
        claims.keep(self.connection, self.session, sent)

    def take(self, wanted, used=0, most=10):
        asked = TakeShare(bytes(16), used, wanted, most)
        found = claims.take_share(self.connection, self.session, asked)
        return found.places, found.is_scarce

    def lapse(self):
        """What the ledger sees of a machine that was silent for too long."""
        self.connection.execute(
            "UPDATE sessions SET lease_until = now() - interval '1 s' WHERE id = %s",
            (self.session,),
        )

    def listen(self):
        self.heard = []
        self.connection.add_notify_handler(lambda note: self.heard.append(note.payload))
        self.connection.execute(f"LISTEN {claims.CHANNEL}")


@pytest.fixture
def desktops(database):
    """Makes sessions on one ledger."""
    with connected(database, "", migrating=True) as connection:
        schema.migrate(connection)
    made = []

    def make(name="FRONTDESK", instance=None):
        made.append(Desktop(database, name, instance))
        return made[-1]

    yield make
    for each in made:
        each.connection.close()


# -- the schema


def test_the_tables_are_created_once_whoever_asks(database):
    found = []

    def set_up():
        with connected(database, "", migrating=True) as connection:
            found.append(schema.migrate(connection))

    threads = [threading.Thread(target=set_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(0, 1), (1, 1), (1, 1), (1, 1)]


def test_a_ledger_that_was_not_set_up_or_is_newer_is_not_used(database):
    with pytest.raises(LedgerError, match="not been set up"):
        connect(database, "")
    with connected(database, "", migrating=True) as connection:
        schema.migrate(connection)
        connection.execute("UPDATE version SET version = 99")
        assert schema.migrate(connection) == (99, 99)
    with pytest.raises(LedgerError, match="newer"):
        connect(database, "")


# -- claims


def test_a_content_is_claimed_by_one(desktops):
    one, two = desktops("ONE"), desktops("TWO")
    wanted = contents(3)
    assert one.standings(wanted) == [Standing.OURS] * 3
    assert one.standings(wanted) == [Standing.OURS] * 3  # as after a lost answer
    verdicts = two.claim(wanted)
    assert {(each.standing, each.machine) for each in verdicts} == {(Standing.BUSY, "ONE")}
    assert all(0 < each.seconds <= 60 for each in verdicts)


def test_no_more_are_claimed_than_there_is_room_for_and_the_most_urgent_first(desktops):
    one, two = desktops(), desktops()
    wanted = contents(5)
    assert one.standings(wanted[:2]) == [Standing.OURS] * 2
    expected = [Standing.BUSY] * 2 + [Standing.OURS] * 2 + [Standing.FREE]
    assert two.standings(wanted, room=2) == expected
    assert one.standings(wanted[4:]) == [Standing.OURS]


def test_what_arrived_is_nobodys_and_names_its_machine_and_profile(desktops):
    one, two = desktops("ONE"), desktops("TWO")
    wanted = contents(2)
    one.claim(wanted)
    one.record(*wanted, profile_key="a profile")
    (verdict, _) = two.claim(wanted)
    assert (verdict.standing, verdict.machine) == (Standing.ARRIVED, "ONE")
    assert verdict.profile_key == "a profile"
    now = two.connection.execute("SELECT extract(epoch FROM now())::float8").fetchone()[0]
    assert abs(verdict.since - now) < 60
    two.record(wanted[0])  # which it had sent when it was cut off: the first one stays
    (verdict, _) = one.claim(wanted)
    assert (verdict.machine, verdict.profile_key) == ("ONE", "a profile")


def test_what_a_lapsed_session_had_is_taken_over_as_uncertain_until_it_was_checked(desktops):
    one, two, three = desktops(), desktops(), desktops()
    wanted = contents(1)
    one.claim(wanted)
    one.lapse()
    assert two.standings(wanted) == [Standing.UNCERTAIN]
    assert three.standings(wanted) == [Standing.BUSY]
    assert two.standings(wanted) == [Standing.UNCERTAIN]  # it ended before it wrote that down
    assert two.standings(wanted, checked=wanted) == [Standing.OURS]
    assert two.standings(wanted) == [Standing.OURS]
    one.record(*wanted)  # it was cut off, not dead: that it has arrived is a fact
    assert two.standings(wanted) == [Standing.ARRIVED]


def test_a_doubt_outlives_the_one_that_gives_it_back(desktops):
    one, two, three = desktops(), desktops(), desktops()
    wanted = contents(1)
    one.claim(wanted)
    one.lapse()
    two.claim(wanted)
    two.give_back(*wanted)
    assert three.standings(wanted) == [Standing.UNCERTAIN]


def test_an_installation_takes_over_its_own_earlier_claims(desktops):
    one = desktops()
    wanted = contents(2)
    one.claim(wanted)
    again = desktops(instance=one.instance)
    assert claims.claimed(again.connection, again.instance) == wanted
    assert again.standings(wanted[:1]) == [Standing.OURS]
    again.give_back(wanted[1])  # of the earlier session
    assert desktops().standings(wanted) == [Standing.BUSY, Standing.OURS]


def test_what_is_given_back_is_free(desktops):
    one, two = desktops(), desktops()
    wanted = contents(2)
    one.claim(wanted)
    two.give_back(*wanted)  # which are not its own
    assert two.standings(wanted) == [Standing.BUSY] * 2
    one.give_back(*wanted)
    assert two.standings(wanted) == [Standing.OURS] * 2


def test_a_session_whose_lease_is_over_claims_nothing_until_it_is_renewed(desktops):
    one = desktops()
    one.lapse()
    assert one.claim(contents(1)) is None
    assert claims.renew(one.connection, one.session, one.instance)
    assert one.standings(contents(1)) == [Standing.OURS]
    assert not claims.renew(one.connection, one.session, uuid.uuid4())
    assert not claims.renew(one.connection, one.session + 1, one.instance)


def test_a_session_that_the_ledger_has_lost_holds_nothing(desktops):
    """As after a failover to a standby that was behind."""
    one, two = desktops(), desktops()
    wanted = contents(1)
    one.claim(wanted)
    one.connection.execute("DELETE FROM sessions WHERE id = %s", (one.session,))
    assert one.claim(wanted) is None
    assert two.standings(wanted) == [Standing.UNCERTAIN]


def test_after_a_failover_whoever_claims_asks_first(desktops):
    one, two = desktops(), desktops()
    wanted, more = contents(2), contents(2, start=2)
    claims.note_server(one.connection)
    assert one.standings(wanted[:1]) == [Standing.OURS]  # it is the server that was set up
    one.connection.execute("UPDATE server SET history = 'another'")
    claims.note_server(one.connection)
    assert one.standings(wanted) == [Standing.OURS, Standing.UNCERTAIN]
    assert two.standings(wanted) == [Standing.BUSY] * 2
    assert one.standings(wanted, checked=wanted) == [Standing.OURS] * 2
    assert two.standings(more, checked=more) == [Standing.OURS] * 2
    one.connection.execute("UPDATE server SET since = now() - interval '2 min'")
    claims.note_server(one.connection)
    assert one.standings(contents(1, start=4)) == [Standing.OURS]


def test_what_is_being_sent_is_kept_from_those_who_only_ask(desktops):
    one, two, three = desktops(), desktops(), desktops()
    lost, asked, sent, arrived = wanted = contents(4)
    one.claim(wanted[1:])
    one.lapse()
    two.claim(wanted[1:])
    two.claim([sent], checked=[sent])
    two.record(arrived)
    claims.renew(one.connection, one.session, one.instance)
    one.keep(*wanted)  # it was silent, not dead
    assert two.standings([lost, asked], checked=[asked]) == [Standing.BUSY] * 2
    assert one.standings(wanted) == [Standing.OURS] * 2 + [Standing.BUSY, Standing.ARRIVED]
    one.lapse()
    assert three.standings([lost]) == [Standing.UNCERTAIN]


def test_a_lease_of_before_the_clock_was_set_back_is_none(desktops):
    one, two = desktops("ONE"), desktops("TWO")
    wanted = contents(1)
    one.claim(wanted)
    one.connection.execute(
        "UPDATE sessions SET lease_until = lease_until + interval '1 h' WHERE id = %s",
        (one.session,),
    )
    assert [each.name for each in claims.machines(two.connection)] == ["TWO"]
    assert two.standings(wanted) == [Standing.UNCERTAIN]
    assert one.claim(contents(1, start=1)) is None  # until its next heartbeat
    claims.renew(one.connection, one.session, one.instance)
    one.keep(*wanted)
    assert two.standings(wanted, checked=wanted) == [Standing.BUSY]


def test_an_ordinary_user_is_enough(shared_cluster):
    url = shared_cluster.new_database(owner="clerk")
    with connected(url, "", migrating=True) as connection:
        schema.migrate(connection)
        claims.note_server(connection)
        assert claims.examine(connection).missing == ()


def test_those_who_wait_hear_of_the_end(desktops):
    one, two = desktops(), desktops()
    wanted = contents(3)
    two.listen()
    one.claim(wanted)
    two.claim(wanted[:2])
    one.record(*wanted[1:])
    one.give_back(wanted[0])
    two.connection.execute("SELECT 1")
    assert two.heard == [wanted[1].content[:8].hex(), wanted[0].content[:8].hex()]


def test_many_at_once_share_without_overlap(desktops):
    """Real races: eight sessions ask for the same contents at the same time."""
    wanted = contents(400)
    made = [desktops() for _ in range(8)]
    won = {each: [] for each in made}
    barrier = threading.Barrier(len(made))

    def work(desktop):
        barrier.wait()
        left = wanted
        while left:
            verdicts = desktop.claim(left, room=7)
            ours = [each.content for each in verdicts if each.standing is Standing.OURS]
            won[desktop] += ours
            desktop.record(*ours)
            left = [e.content for e in verdicts if e.standing in (Standing.FREE, Standing.BUSY)]

    threads = [threading.Thread(target=work, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [content for each in won.values() for content in each]
    assert len(sent) == len(set(sent)) == len(wanted)
    assert sum(each.sent_today for each in claims.machines(made[0].connection)) == len(wanted)


def test_no_statement_reads_the_whole_ledger_even_if_it_was_planned_while_that_was_new(desktops):
    one = desktops()

    def use(start):
        lone, many = contents(1, start), contents(64, start + 1)
        one.claim(lone)
        one.keep(*lone)
        one.record(*lone)
        one.claim(many)
        one.give_back(*many)
        claims.claimed(one.connection, one.instance)

    for each in range(12):  # psycopg prepares a statement, then PostgreSQL keeps its plan
        use(each * 100)
    with one.connection.transaction():
        use(5000)
        query = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'contents'"
        assert one.connection.execute(query).fetchone() == (0,)


# -- machines and limits


def test_machines_are_listed_while_they_live(desktops):
    one, two = desktops("ONE"), desktops("TWO")
    one.claim(contents(3))
    one.record(contents(1)[0])
    found = [(m.name, m.in_flight, m.sent_today) for m in claims.machines(two.connection)]
    assert found == [("ONE", 2, 1), ("TWO", 0, 0)]
    two.connection.execute("UPDATE sessions SET seen = now() - interval '20 s'")
    assert all(20 <= each.silent < 60 for each in claims.machines(two.connection))
    claims.end_session(one.connection, one.session)
    assert [each.name for each in claims.machines(two.connection)] == ["TWO"]


def test_all_sessions_together_have_no_more_places_than_the_limit(desktops):
    one, two = desktops(), desktops()
    assert one.take(7) == (7, False)
    assert two.take(7) == (3, True)
    assert one.take(2) == (2, True)
    assert two.take(20) == (8, True)
    one.lapse()
    assert two.take(20) == (8, True)  # its last requests still count
    one.connection.execute("UPDATE sessions SET lease_until = now() - interval '2 min'")
    assert two.take(20) == (10, True)
    assert two.take(1) == (1, False)


def test_who_wants_places_has_an_equal_part_once_the_others_have_used_theirs(desktops):
    one, two, three = desktops(), desktops(), desktops()
    assert one.take(10) == (10, False)
    assert two.take(9) == (0, True)
    assert one.take(10, used=8) == (5, True)  # it begins nothing, as it uses more than that
    assert two.take(9) == (2, True)
    assert one.take(10, used=1) == (5, True)
    assert two.take(9, used=2) == (5, True)
    assert three.take(2) == (0, True)
    assert one.take(10, used=3) == (4, True)
    assert two.take(9, used=4) == (4, True)
    assert three.take(2) == (2, True)


def test_machines_that_outnumber_the_places_take_turns(desktops):
    one, two, three = made = [desktops() for _ in range(3)]
    assert [each.take(1, most=2)[0] for each in made] == [1, 1, 0]
    assert one.take(1, used=1, most=2) == (1, True)
    assert one.take(1, used=0, most=2) == (0, True)
    assert three.take(1, most=2) == (1, True)
    assert one.take(1, most=2) == (0, True)
    assert two.take(1, used=0, most=2) == (0, True)
    assert one.take(1, most=2) == (1, True)


def test_a_restart_has_the_places_of_the_run_before(desktops):
    one = desktops()
    assert one.take(10) == (10, False)
    again = desktops(instance=one.instance)
    assert again.take(10, used=4) == (10, False)
    assert claims.count_machines(again.connection) == 1


def test_one_connection_at_a_time_is_of_an_installation(desktops):
    one = desktops()
    clone = desktops(instance=one.instance)
    assert claims.lock_instance(one.connection, one.instance)
    assert not claims.lock_instance(clone.connection, one.instance)
    with contextlib.closing(one.connection):
        pass
    deadline = threading.Event()
    while not claims.lock_instance(clone.connection, one.instance):
        deadline.wait(0.01)
