"""Which notifications a person gets, and when. Times are seconds from the first look."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from watcher.i18n.languages import catalog
from watcher.model.entries import Entry
from watcher.model.kinds import State
from watcher.model.settings import Notifications
from watcher.model.snapshot import ActiveHold, Snapshot, Watched
from watcher.present.menu import ATTENTION, SET_UP, Action
from watcher.present.notifications import (
    LONGEST_DELAY,
    NAME_SECONDS,
    OFFLINE_SECONDS,
    REPEAT_SECONDS,
    SPACING_SECONDS,
    Kind,
    NotificationTracker,
)

ALL = Notifications()
QUIET = Snapshot(at=1.0)
BEGAN = 5.5


def refused(number, at=None):
    return Entry(number, "/cvs", f"/cvs/cv{number}.pdf", State.REFUSED, "It is no document.",
                 changed_at=float(number if at is None else at))  # fmt: skip


def with_refused(count, **more):
    files = tuple(refused(number) for number in range(count, 0, -1))
    return Snapshot(at=1.0, attention=files[:30], counts={State.REFUSED: count}, **more)


class Person:
    """Looks at a run of snapshots as the program does, and keeps what was told."""

    def __init__(self, wanted=ALL, silent_until=0.0, first=QUIET):
        self.notices = NotificationTracker(catalog("en"))
        self.wanted, self.silent_until = wanted, silent_until
        self.told = []
        self.now = 0.0
        self.snapshot = first
        self.look()

    def look(self):
        notice = self.notices.update(self.snapshot, self.wanted, self.silent_until, self.now)
        if notice is not None:
            self.told.append((self.now, notice))

    def see(self, snapshot):
        self.snapshot = snapshot
        self.look()

    def wait(self, seconds):
        """Let time pass; it is looked again whenever that was asked for."""
        end, looks = self.now + seconds, 0
        while self.notices.due <= end:
            assert self.notices.due > self.now or not looks, "it asks to be asked for ever"
            self.now, looks = max(self.now, self.notices.due), looks + 1
            self.look()
        self.now = end

    def kinds(self):
        return [notice.kind for _, notice in self.told]

    def texts(self):
        return [(notice.title, notice.text) for _, notice in self.told]


def test_one_refused_file_is_told_with_its_reason_once_no_other_follows():
    person = Person()
    person.see(with_refused(1))
    assert person.told == []
    person.wait(60)
    ((title, text),) = person.texts()
    assert title.startswith("cv1.pdf ")
    assert text.splitlines()[0] == "It is no document."


def test_a_burst_is_one_message():
    person = Person()
    for count in range(1, 51):
        person.see(with_refused(count))
        person.wait(0.5)
    person.wait(60)
    assert len(person.told) == 1
    assert person.told[0][0] <= LONGEST_DELAY, "somebody who goes on refusing is told in the end"
    person.wait(REPEAT_SECONDS)
    title, text = person.texts()[0]
    assert title.endswith("files were not accepted")
    assert text.splitlines()[0].endswith("more")
    assert len(person.told) <= 2, "what came after that is told later, and once"


def test_more_refused_files_are_told_after_a_while_only():
    person = Person()
    person.see(with_refused(1))
    person.wait(60)
    person.see(with_refused(3))
    person.wait(60)
    assert len(person.told) == 1
    person.wait(REPEAT_SECONDS)
    title, text = person.texts()[1]
    assert title == "2 files were not accepted"
    assert text.splitlines()[0] == "cv3.pdf, cv2.pdf"


def test_what_was_refused_before_the_program_began_is_known():
    person = Person(first=with_refused(5, since=BEGAN))
    person.wait(3600)
    assert person.told == []
    person.see(with_refused(6))
    person.wait(60)
    assert len(person.told) == 1


def test_what_was_mended_in_time_is_not_told():
    person = Person()
    person.see(with_refused(1))
    person.see(QUIET)
    person.wait(60)
    assert person.told == []


HELD = Snapshot(holds=(ActiveHold("account:default", "HrFlow rejected the key.", 12),))
ROWS = [
    (HELD, "12 files are on hold", "HrFlow rejected the key.", 10),
    (Snapshot(holds=(ActiveHold("existing:/cvs", "They were there first.", 137),)),
     "137 files are waiting for your approval", "They were there first.", 10),
    (Snapshot(watched=(Watched("/mnt/cvs", problem="The drive is not there."),)),
     "mnt/cvs can't be watched", "The drive is not there.", 60),
    (Snapshot(at=86_400.0, offline_since=86_300.0, counts={State.WAITING: 5}),
     "HrFlow has been unreachable since ", "5 files are waiting; they will be uploaded automatically.", 900),
]  # fmt: skip


@pytest.mark.parametrize(("snapshot", "title", "text", "after"), ROWS)
def test_what_keeps_uploads_back_is_told_once_when_it_lasts(snapshot, title, text, after):
    person = Person()
    person.see(snapshot)
    person.wait(after - 1)
    assert person.told == []
    person.wait(2)
    assert person.kinds() == [Kind.HELD]
    assert person.texts()[0][0].startswith(title)
    assert person.texts()[0][1].splitlines()[0] == text
    for count in range(20):  # more files by the same cause are no news
        person.see(replace(snapshot, today=count))
        person.wait(60)
    assert len(person.told) == 1


ASKS = Snapshot(holds=(ActiveHold("existing:/cvs", "They were there first.", 137),))


def test_a_message_that_asks_has_a_button_for_each_answer():
    person = Person()
    person.see(ASKS)
    person.wait(11)
    ((_, told),) = person.told
    assert [button.action for button in told.buttons] == [
        Action("retry", {"cause": "existing:/cvs"}),
        Action("ignore", {"cause": "existing:/cvs"}),
    ]


def test_buttons_that_could_be_taken_for_those_of_several_are_not_shown():
    person = Person()
    person.see(replace(ASKS, holds=(*ASKS.holds, *HELD.holds)))
    person.wait(11)
    ((_, told),) = person.told
    assert told.buttons == ()


def test_what_passes_at_once_is_not_told_and_what_returns_is():
    person = Person()
    person.see(HELD)
    person.wait(5)
    person.see(QUIET)
    person.wait(60)
    assert person.told == []
    for _ in range(2):
        person.see(HELD)
        person.wait(60)
        person.see(QUIET)
    assert person.kinds() == [Kind.HELD, Kind.HELD]


def test_being_offline_with_nothing_to_send_concerns_nobody():
    person = Person()
    person.see(Snapshot(at=1e6, offline_since=1e6))
    person.wait(2 * OFFLINE_SECONDS)
    assert person.told == []


def test_the_first_success_is_told_and_no_later_one():
    person = Person()
    person.see(Snapshot(counts={State.UPLOADING: 1}))
    person.see(Snapshot(counts={State.ACCEPTED: 1}))
    person.see(Snapshot(counts={State.PARSED: 2}))
    person.wait(3600)
    assert person.kinds() == [Kind.FIRST_SUCCESS]
    assert Person(first=Snapshot(since=BEGAN, counts={State.PARSED: 7})).told == []


def test_the_first_success_says_who_is_now_where():
    arrived = Entry(1, "/cvs", "/cvs/cv1.pdf", State.ACCEPTED, source_name="Engineering")
    parsed = replace(arrived, state=State.PARSED, profile_name="Aisha Rahman")
    person = Person()
    person.see(Snapshot(counts={State.ACCEPTED: 1}, recent=(arrived,)))
    person.wait(NAME_SECONDS / 2)
    assert person.told == []
    person.see(Snapshot(counts={State.PARSED: 1}, recent=(parsed,)))
    assert [title for title, _ in person.texts()] == ["Aisha Rahman is now in Engineering"]


def test_a_candidate_who_stays_unknown_has_the_name_of_the_file():
    arrived = Entry(1, "/cvs", "/cvs/cv1.pdf", State.ACCEPTED, source_name="Engineering")
    person = Person()
    person.see(Snapshot(counts={State.ACCEPTED: 1}, recent=(arrived,)))
    person.wait(2 * NAME_SECONDS)
    assert [title for title, _ in person.texts()] == ["cv1.pdf is now in Engineering"]


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("existing:/cvs", ATTENTION),
        ("account:default", SET_UP),
        ("credential:default", SET_UP),
        ("source:default/k", SET_UP),
        ("quota:default", ATTENTION),
    ],
)
def test_a_click_leads_to_where_the_problem_is_solved(key, action):
    person = Person()
    person.see(Snapshot(holds=(ActiveHold(key, "Why.", 1),)))
    person.wait(60)
    assert person.told[0][1].action == action


def test_what_comes_at_once_is_one_message_that_leads_to_the_most_important():
    person = Person()
    person.see(replace(with_refused(1), holds=HELD.holds))
    person.wait(SPACING_SECONDS)
    person.see(replace(person.snapshot, watched=(Watched("/a/b", problem="Gone."),)))
    person.wait(3600)
    moments = [when for when, _ in person.told]
    assert all(b - a >= SPACING_SECONDS for a, b in itertools.pairwise(moments))


def test_what_came_between_the_program_s_begin_and_the_first_look_is_news():
    arrived = replace(refused(9), state=State.PARSED)
    first = Snapshot(since=BEGAN, counts={State.PARSED: 1, State.REFUSED: 6}, recent=(arrived,),
                     attention=(refused(6), refused(5)))  # fmt: skip
    person = Person(first=first)
    person.wait(60)
    assert person.kinds() == [Kind.FIRST_SUCCESS, Kind.REFUSED]
    assert person.texts()[1][0].startswith("cv6.pdf ")


def test_the_end_of_a_backlog_is_told_with_what_became_of_it():
    person = Person(first=Snapshot(since=0.5, counts={State.PARSED: 7}))
    for done in range(40):
        person.see(with_refused(done // 20, total=40, done=done))
        person.wait(1)
    person.see(replace(with_refused(2), counts={State.PARSED: 45, State.REFUSED: 2}))
    person.wait(3600)
    # Files that were refused early are told early; those that came later, with the end.
    assert person.kinds() == [Kind.REFUSED, Kind.BACKLOG]
    assert person.texts()[1] == (
        "All 40 files processed", "38 files were uploaded. 2 files need attention."
    )  # fmt: skip


def test_the_numbers_at_the_end_of_a_backlog_agree():
    """Some files were done before the last ones were noticed, and others needed attention before."""
    person = Person(first=Snapshot(since=0.5, counts={State.PARSED: 7, State.REFUSED: 3}))
    person.see(Snapshot(total=100, done=1, counts={State.PARSED: 12, State.REFUSED: 3}))
    person.see(Snapshot(counts={State.PARSED: 12, State.REFUSED: 103}))
    person.wait(3600)
    assert person.texts()[-1] == (
        "All 105 files processed", "5 files were uploaded. 103 files need attention."
    )  # fmt: skip


def test_a_few_files_are_no_backlog_and_a_pause_in_one_is_not_its_end():
    person = Person()
    person.see(Snapshot(total=24, done=1))
    person.see(QUIET)
    person.wait(60)
    assert person.told == []
    person.see(Snapshot(total=30, done=1))
    person.see(QUIET)
    person.see(Snapshot(total=60, done=31))
    person.wait(60)
    assert person.told == []
    person.see(QUIET)
    person.wait(60)
    assert [title for title, _ in person.texts()] == ["All 60 files processed"]


def test_in_quiet_hours_nothing_is_told_and_afterwards_what_still_holds():
    person = Person(silent_until=1000.0)
    person.see(replace(with_refused(2), holds=HELD.holds))
    person.see(replace(person.snapshot, counts={State.REFUSED: 2, State.PARSED: 1}))
    person.wait(999)
    assert person.told == []
    person.wait(60)
    (notice,) = (notice for _, notice in person.told)  # and a first success is old news
    assert notice.kind is Kind.HELD
    assert "2 files were not accepted" in notice.text


def test_after_a_time_without_any_there_is_no_heap_of_old_ones():
    person = Person(silent_until=math.inf)
    person.see(replace(with_refused(2), holds=HELD.holds))
    person.wait(3600)
    person.silent_until = 0.0
    person.look()
    person.wait(3600)
    assert person.told == []


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_switch(kind):
    person = Person(wanted=Notifications(**{kind: False}))
    person.see(replace(with_refused(1), total=40, done=3, holds=HELD.holds))
    person.wait(60)
    person.see(replace(with_refused(1), counts={State.REFUSED: 1, State.PARSED: 39}))
    person.wait(60)
    assert set(person.kinds()) == set(Kind) - {kind}


def test_all_can_be_switched_off():
    person = Person(wanted=Notifications(enabled=False))
    person.see(replace(with_refused(1), holds=HELD.holds))
    person.wait(3600)
    assert person.told == []


steps = st.lists(
    st.tuples(
        st.builds(
            with_refused, st.integers(0, 40), total=st.integers(0, 60), done=st.just(0),
            holds=st.sampled_from([(), HELD.holds]), offline_since=st.sampled_from([0.0, 5.0]),
        ),
        st.floats(0, 4000),
    ),
    max_size=12,
)  # fmt: skip


@given(steps, st.sampled_from([0.0, 1000.0, math.inf]))
def test_whatever_happens_there_are_few_and_none_in_silence(steps, silent_until):
    person = Person(silent_until=silent_until)
    for snapshot, seconds in steps:
        person.see(snapshot)
        person.wait(seconds)
    assert all(when >= silent_until for when, _ in person.told)
    times = [when for when, _ in person.told]
    assert all(b - a > SPACING_SECONDS - 1e-3 for a, b in itertools.pairwise(times))
    moments = [when for when, notice in person.told if notice.kind is Kind.REFUSED]
    assert all(b - a > REPEAT_SECONDS - 1e-3 for a, b in itertools.pairwise(moments))
