"""When a file is taken: a table with the reason beside each row, and properties of any history."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model.entries import Stat
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.model.reasons import BEING_WRITTEN, INCOMPLETE
from watcher.pipeline.settle import (
    EMPTY_FACTOR,
    PATIENCE_FACTOR,
    SHOWN_AFTER,
    Doubt,
    Settled,
    Settling,
)

SECONDS = 2.0
WALL = 1_700_000_000.0
CLOSED, CHANGED, SCANNED, REMOVED = Sign.CLOSED, Sign.CHANGED, Sign.SCANNED, Sign.REMOVED
NO, YES, LAST = Settled.NO, Settled.YES, Settled.LAST
NEW, BIG, EMPTY, GONE = "new", "big", "empty", None
STATS = {
    NEW: Stat(10, int((WALL - 0.5) * 1e9), 1, 1),
    BIG: Stat(20, int((WALL - 0.5) * 1e9), 1, 1),
    EMPTY: Stat(0, int((WALL - 0.5) * 1e9), 1, 1),
    "later": Stat(10, int((WALL - 0.1) * 1e9), 1, 1),
    "other": Stat(10, int((WALL - 0.5) * 1e9), 1, 2),
    "old": Stat(10, int((WALL - 2) * 1e9), 1, 1),
    "old empty": Stat(0, int((WALL - 99) * 1e9), 1, 1),
    "future": Stat(10, int((WALL + 99) * 1e9), 1, 1),
    GONE: None,
}
AGAIN = {"changed": True}

TABLE = [
    # what is seen, (when, sign, stat[, changed]) one after the other; what comes of the last; why
    ([(0, CLOSED, NEW)], YES, "its writer closed it"),
    ([(0, CHANGED, NEW), (0.1, CLOSED, NEW)], YES, "created, written, closed: no waiting"),
    ([(0, CHANGED, EMPTY), (0.1, CLOSED, NEW)], YES, "was empty when it was created"),
    ([(0, CHANGED, NEW)], NO, "perhaps it is still being written"),
    ([(0, CHANGED, NEW), (1.9, CHANGED, NEW)], NO, "not long enough"),
    ([(0, CHANGED, NEW), (2, CHANGED, NEW)], YES, "size and time stayed the same"),
    ([(0, CHANGED, NEW), (1, CHANGED, BIG), (2.5, CHANGED, BIG)], NO, "a slow copy grew"),
    ([(0, CHANGED, NEW), (1, CHANGED, BIG), (3, CHANGED, BIG)], YES, "a slow copy came to rest"),
    ([(0, CHANGED, NEW), (1, CHANGED, "later"), (2.5, CHANGED, "later")], NO, "preallocated: only the time changes"),
    ([(0, CHANGED, NEW), (1, CHANGED, "other"), (2.5, CHANGED, "other")], NO, "replaced by another file"),
    ([(0, CHANGED, NEW), (2.5, CHANGED, BIG), (2.6, CLOSED, BIG)], YES, "closed after all"),
    ([(0, CHANGED, NEW), (1, CHANGED, GONE), (1.1, CHANGED, NEW)], NO, "gone is forgotten"),
    ([(0, CHANGED, NEW), (1, REMOVED, NEW), (2.1, CHANGED, NEW)], NO, "removed is forgotten"),
    ([(0, CLOSED, GONE)], NO, "download-then-rename: the first name is no more"),
    ([(0, CLOSED, EMPTY)], NO, "an empty file is never whole at once"),
    ([(0, CLOSED, EMPTY), (19.9, CHANGED, EMPTY)], NO, "it waits ten times as long"),
    ([(0, CLOSED, EMPTY), (20, CHANGED, EMPTY)], LAST, "and is then said to be empty"),
    ([(0, SCANNED, "old empty")], NO, "old and empty: its writer may come back"),
    ([(0, CLOSED, EMPTY), (5, CHANGED, NEW), (7, CHANGED, NEW)], YES, "filled later"),
    ([(0, SCANNED, "old")], YES, "at rest for long enough already"),
    ([(0, SCANNED, NEW)], NO, "found while it may be being written"),
    ([(0, SCANNED, NEW), (2, CHANGED, NEW)], YES, "found, and came to rest"),
    ([(0, SCANNED, "future")], NO, "a time to come says nothing"),
    ([(0, SCANNED, "future"), (2, SCANNED, "future")], YES, "but does not keep it waiting for ever"),
    ([(0, CHANGED, NEW), (0.1, SCANNED, "old")], NO, "its time was set back: the writer is at work"),
    ([(0, CLOSED, NEW, AGAIN)], NO, "an editor saves again and again"),
    ([(0, CLOSED, NEW, AGAIN), (1, CLOSED, NEW, AGAIN)], NO, "closed again without a change"),
    ([(0, CLOSED, NEW, AGAIN), (2, CHANGED, NEW, AGAIN)], YES, "saved and left alone"),
    ([(0, CLOSED, NEW, AGAIN), (1, CLOSED, BIG, AGAIN), (2, CHANGED, BIG, AGAIN)], NO, "saved once more"),
]  # fmt: skip


def candidate(sign=CHANGED, path="/w/cv.pdf"):
    return Candidate("/w", path, sign)


def see(settling, now, sign, stat, more=None):
    return settling.observe(candidate(sign), STATS[stat], now, SECONDS, wall=WALL, **(more or {}))


@pytest.mark.parametrize(("seen", "settled", "why"), TABLE)
def test_what_comes_of_what_is_seen(seen, settled, why):
    settling = Settling()
    answers = [see(settling, *row) for row in seen]
    assert answers == [NO] * (len(seen) - 1) + [settled], why
    assert len(settling) == (0 if settled or seen[-1][1] is REMOVED or seen[-1][2] is GONE else 1)


def test_without_a_wait_everything_with_content_is_whole_at_once():
    settling = Settling()
    for stat, expected in [(NEW, YES), (EMPTY, LAST)]:
        assert settling.observe(candidate(), STATS[stat], 0, 0, wall=WALL) is expected


DEFERRED = [
    (Doubt.BROKEN_OFF, [(19.9, CHANGED, NEW)], NO, "patience: it may be downloaded further"),
    (Doubt.BROKEN_OFF, [(20, CHANGED, NEW)], LAST, "it is not: it is refused"),
    (Doubt.BROKEN_OFF, [(1, CLOSED, NEW)], NO, "closed, but the same content breaks off as before"),
    (Doubt.BROKEN_OFF, [(1, SCANNED, NEW)], NO, "found again: it is waited for"),
    (Doubt.BROKEN_OFF, [(1, CLOSED, BIG)], YES, "another content, closed"),
    (Doubt.BROKEN_OFF, [(1, CHANGED, BIG)], NO, "another content, perhaps not whole"),
    (Doubt.BROKEN_OFF, [(1, CHANGED, BIG), (3, CHANGED, BIG)], YES, "another content, at rest"),
    (Doubt.BROKEN_OFF, [(1, CHANGED, GONE)], NO, "gone"),
    (Doubt.BEING_WRITTEN, [(1, CHANGED, NEW)], NO, "still open"),
    (Doubt.BEING_WRITTEN, [(1, CLOSED, NEW)], YES, "its writer had written everything, and closes"),
    (Doubt.BEING_WRITTEN, [(20, CHANGED, NEW)], LAST, "open for ever"),
]


@pytest.mark.parametrize(("doubt", "seen", "settled", "why"), DEFERRED)
def test_what_was_put_back(doubt, seen, settled, why):
    settling = Settling()
    assert see(settling, 0, CLOSED, NEW) is YES
    settling.defer(candidate(), STATS[NEW], 0, SECONDS, doubt)
    assert [see(settling, *row) for row in seen][-1] is settled, why


def test_what_is_waited_for_is_tried_once_for_each_version():
    settling = Settling()
    path = "/w/cv.pdf"
    assert not settling.try_early(path), "nobody knows it"
    tries = []
    for now, stat in enumerate([EMPTY, NEW, NEW, BIG, BIG]):
        see(settling, now / 10, SCANNED, stat)
        tries.append(settling.try_early(path))
    assert tries == [False, True, False, True, False]
    settling.defer(candidate(), STATS[BIG], 1, SECONDS, Doubt.BEING_WRITTEN)
    assert not settling.try_early(path), "it was looked at and put back"


def test_due_names_what_is_to_be_looked_at():
    settling = Settling()
    settling.observe(candidate(path="/w/a"), STATS[NEW], 0, 2, wall=WALL)
    settling.observe(candidate(SCANNED, path="/w/b"), STATS[NEW], 1, 2, wall=WALL)
    assert (settling.next_due(), settling.due(1.9)) == (2, [])
    assert settling.due(2) == [Candidate("/w", "/w/a", CHANGED, STATS[NEW])]
    assert settling.due(2) == []
    assert settling.due(3) == [Candidate("/w", "/w/b", CHANGED, STATS[NEW])]


def test_a_file_that_is_due_but_not_observed_is_named_again():
    settling = Settling()
    settling.observe(candidate(), STATS[NEW], 0, 2, wall=WALL)
    assert len(settling.due(2)) == 1
    assert settling.next_due() == 4
    assert len(settling.due(4)) == 1


def test_a_change_puts_the_look_off():
    settling = Settling()
    see(settling, 0, CHANGED, NEW)
    see(settling, 1.5, CHANGED, BIG)
    assert (settling.due(2), settling.next_due()) == ([], 3.5)


def test_forgotten_files_are_not_due():
    settling = Settling()
    for path in ("/w/a", "/w/b"):
        settling.observe(candidate(path=path), STATS[NEW], 0, 2, wall=WALL)
    settling.forget("/w/a")
    assert [found.path for found in settling.due(9)] == ["/w/b"]
    settling.forget("/w/b")
    settling.forget("/w/never/seen")
    assert (settling.next_due(), len(settling), settling.due(99)) == (None, 0, [])


def test_many_pending_files_take_little_memory():
    count = 20_000
    settling = Settling()
    paths = [f"/w/{number}.pdf" for number in range(count)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number, path in enumerate(paths):
        stat = Stat(1000 + number, 10**18 + number, 2049, 10**6 + number)
        settling.observe(Candidate("/w", path, CHANGED, stat), stat, 10.0 + number, 2, wall=WALL)
    each = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    assert each < 600
    assert len(settling.due(10.0 + count + 2)) == count


def test_a_file_that_changes_all_the_time_does_not_fill_the_heap():
    settling = Settling()
    for number in range(5000):
        settling.observe(candidate(), Stat(1, number), number / 1000, 2, wall=WALL)
    assert len(settling._looks) < 100


# -- what people are shown


def shown(settling, now):
    return [(found.path, why) for found, why in settling.to_show(now)]


def test_what_is_complete_soon_is_not_shown():
    settling = Settling()
    assert not see(settling, 0, CHANGED, NEW)
    assert shown(settling, SHOWN_AFTER - 0.1) == []
    assert see(settling, SHOWN_AFTER - 0.1, CLOSED, NEW)
    settling.forget(candidate().path)
    assert shown(settling, 2 * SHOWN_AFTER) == []
    assert settling.next_due() is None


def test_a_file_that_grows_is_shown_once_it_is_waited_for_long_enough():
    settling = Settling()
    for now in range(int(SHOWN_AFTER) + 1):
        see(settling, now, CHANGED, NEW if now % 2 else BIG)
    assert settling.next_due() == SHOWN_AFTER
    assert shown(settling, SHOWN_AFTER) == [(candidate().path, BEING_WRITTEN)]
    assert shown(settling, SHOWN_AFTER) == []


@pytest.mark.parametrize(
    ("doubt", "stat", "why"),
    [
        (Doubt.BEING_WRITTEN, NEW, BEING_WRITTEN),
        (Doubt.NO_END, NEW, BEING_WRITTEN),
        (Doubt.BROKEN_OFF, NEW, INCOMPLETE),
        (Doubt.NONE, EMPTY, INCOMPLETE),
    ],
)
def test_a_file_that_is_put_back_was_waited_for_all_the_time(doubt, stat, why):
    settling = Settling()
    see(settling, 0, CHANGED, stat)
    if stat != EMPTY:
        assert see(settling, 9, CHANGED, stat)  # taken, and looked into
        settling.defer(candidate(), STATS[stat], 9, SECONDS, doubt)
    assert shown(settling, SHOWN_AFTER) == [(candidate().path, why)]


def test_what_is_gone_or_decided_upon_is_not_shown():
    settling = Settling()
    see(settling, 0, CHANGED, NEW)
    see(settling, 1, CHANGED, GONE)
    assert shown(settling, SHOWN_AFTER) == []
    see(settling, 20, CHANGED, NEW)
    settling.forget(candidate().path)
    assert shown(settling, 20 + SHOWN_AFTER) == []


STEPS = st.lists(
    st.tuples(
        st.floats(0, 5),  # time that passes
        st.sampled_from([CHANGED, SCANNED]),
        st.sampled_from([NEW, BIG, "later", EMPTY, "future"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(STEPS)
def test_never_taken_while_it_changes_always_after_rest(steps):
    settling, now, last, since = Settling(), 0.0, object(), 0.0
    for passed, sign, stat in steps:
        now += passed
        if stat != last:
            last, since = stat, now
        if see(settling, now, sign, stat):
            needed = SECONDS * (EMPTY_FACTOR if stat == EMPTY else 1)
            assert now - since >= needed - 1e-6 * needed
            last = object()
    rest_of(settling, now)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["see", "due", "defer"]),
                          st.sampled_from([NEW, BIG, EMPTY]), st.booleans()), max_size=30))  # fmt: skip
def test_whatever_happens_no_file_waits_for_ever(steps):
    settling, now = Settling(), 0.0
    for passed, what, stat, changed in steps:
        now += passed
        if what == "see":
            see(settling, now, CHANGED, stat, {"changed": changed})
        elif what == "due":
            settling.due(now)
        else:
            settling.defer(candidate(), STATS[stat], now, SECONDS)
    rest_of(settling, now)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 10), st.sampled_from(["see", "defer"]),
                          st.sampled_from([NEW, BIG, EMPTY])), max_size=6),
       st.sampled_from([NEW, BIG, EMPTY, GONE]), st.booleans())  # fmt: skip
def test_a_change_right_before_a_close_makes_no_difference(steps, stat, changed):
    """The pipeline leaves such a hint out."""
    both, alone = Settling(), Settling()
    now, again = 0.0, {"changed": changed}
    for passed, what, seen in steps:
        now += passed
        for settling in (both, alone):
            if what == "see":
                see(settling, now, CHANGED, seen, again)
            else:
                settling.defer(candidate(), STATS[seen], now, SECONDS)
    # What has waited long enough is taken by either; whether as the last try, the close may tell.
    found = see(both, now, CHANGED, stat, again) or see(both, now, CLOSED, stat, again)
    assert bool(found) == bool(see(alone, now, CLOSED, stat, again))
    assert both._pending == alone._pending


def rest_of(settling, now):
    """From now on nothing changes: whoever looks when told to gets every file in time."""
    end = now + SECONDS * max(EMPTY_FACTOR, PATIENCE_FACTOR) * 2 + 2
    while (when := settling.next_due()) is not None:
        now = max(now, when)
        assert now <= end
        settling.to_show(now)
        for found in settling.due(now):
            settling.observe(found, found.stat, now, SECONDS, wall=WALL)
    assert len(settling) == 0
