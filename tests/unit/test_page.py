"""Parts of the page that need no browser: sessions, pauses, data in the frame, rows."""

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.journal import queue
from watcher.cli.orders import parse_span
from watcher.daemon.instance import Instance
from watcher.daemon.state_folder import Places
from watcher.i18n.message import ENGLISH, msg, verbatim
from watcher.journal.writer import Journal
from watcher.model.entries import Entry
from watcher.model.errors import UsageError
from watcher.model.kinds import State
from watcher.model.reasons import IGNORED_BY_USER
from watcher.model.settings import Config
from watcher.model.snapshot import UNTIL_RESUMED, ActiveHold, Snapshot, Watched
from watcher.page import actions, server
from watcher.page.actions import Control, UndoQueue
from watcher.page.activity import Activity, ChangeFeed, read_filter
from watcher.page.auth import LINK_SECONDS, Sessions
from watcher.page.routes import as_script, draw
from watcher.page.server import ActivityPage
from watcher.pipeline.follow_up import NOT_YET
from watcher.pipeline.messages import Pause, ReleaseHold, Snooze
from watcher.present import listing, status
from watcher.present.menu import Action, menu
from watcher.system.clock import next_day

TOKEN = Instance(Places("/nowhere")).token


class Clock:
    now = 0.0

    def tick(self):
        return self.now


def test_a_link_lets_in_once_and_soon():
    clock = Clock()
    sessions = Sessions(clock.tick, TOKEN, lambda _: None)
    code = sessions.link()
    session = sessions.enter(code)
    assert sessions.session(session.cookie) == session
    assert sessions.enter(code) is None
    late = sessions.link()
    clock.now = LINK_SECONDS
    assert sessions.enter(late) is None
    assert sessions.enter("") is None


def test_codes_cannot_be_guessed_from_each_other():
    sessions = Sessions(Clock().tick, TOKEN, lambda _: None)
    session = sessions.enter(sessions.link())
    every = {sessions.token, session.cookie, session.proof, sessions.link()}
    assert len(every) == 4
    assert all(len(each) >= 43 for each in every)
    assert session.cookie not in repr(session)
    assert not sessions.is_token("")
    assert not sessions.is_token("ü")
    assert sessions.is_token(sessions.token)


def test_failed_attempts_cost_more_and_more_up_to_a_cap():
    sessions = Sessions(Clock().tick, TOKEN, lambda _: None)
    costs = [sessions.count_failure() for _ in range(12)]
    assert costs == sorted(costs)
    assert (costs[0], costs[-1]) == (0.1, 3.0)
    sessions.reset_delay()
    assert sessions.count_failure() == 0.1


def test_old_browsers_have_to_go_when_there_are_many():
    sessions = Sessions(Clock().tick, TOKEN, lambda _: None)
    opened = [sessions.enter(sessions.link()) for _ in range(25)]
    known = [sessions.session(each.cookie) is not None for each in opened]
    assert known == [False] * 5 + [True] * 20


@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=8
    )
)
def test_data_in_the_frame_ends_no_element(value):
    text = as_script(value)
    assert not set("<>&") & set(text)
    assert json.loads(text) == value


def test_the_frame_is_whole_and_escaped():
    page = draw(ENGLISH, 'a"b', {"evil": "</script><script>alert(1)</script>"})
    assert page.count("<script") == 2
    assert 'data-proof="a&quot;b"' in page
    assert "[[" not in page
    assert "{{" not in page
    assert "style=" not in page
    assert "onclick" not in page


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h", 3600), ("1h30m", 5400), ("2d", 172800), ("1H 5M", 3900)],
)
def test_spans(text, seconds):
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1", "1y", "-1h", "1h x"])
def test_what_is_no_span(text):
    with pytest.raises(UsageError):
        parse_span(text)


@given(st.floats(0, 4e9))
def test_the_next_day_is_near_and_begins_at_midnight(now):
    then = next_day(now)
    assert 0 < then - now <= 25 * 3600
    assert time.localtime(then)[3:6] in ((0, 0, 0), (1, 0, 0))  # where midnight is left out


@pytest.mark.parametrize(
    ("state", "why", "filed_to", "can", "reason"),
    [
        (State.REFUSED, "no", "", True, "it lies where it was"),
        (State.REFUSED, "no", "/f/Refused/a.pdf", False, "it was moved away"),
        (State.IGNORED, IGNORED_BY_USER, "", True, "it was a person's word"),
        (State.IGNORED, verbatim("matches *.tmp"), "", False, "the rules say so"),
        (State.PARSED, "", "", False, "it is there"),
    ],
)
def test_what_can_be_tried_again(state, why, filed_to, can, reason):
    entry = Entry(1, "/f", "/f/a.pdf", state, why=why, filed_to=filed_to)
    assert listing.can_retry(entry) == can, reason


@pytest.mark.parametrize(
    ("state", "filed_to", "said"),
    [
        (State.REFUSED, "", ""),
        (
            State.REFUSED,
            "/f/Refused/2026-11-24/a.pdf",
            "It is now in Refused/2026-11-24/a.pdf. Put",
        ),
        (State.REFUSED, "/elsewhere/a.pdf", "It is now in /elsewhere/a.pdf. Put it back"),
        (State.REFUSED, "/f2/a.pdf", "It is now in /f2/a.pdf. Put it back"),
        (State.PARSED, "/f/Sent/2026-11-24/a.pdf", ""),
    ],
)
def test_a_file_out_of_the_way_says_where_it_lies(state, filed_to, said):
    row = listing.row(
        Entry(1, "/f", "/f/a.pdf", state, why=verbatim("no"), filed_to=filed_to), ENGLISH
    )
    assert row["moved"].startswith(said)
    assert bool(row["moved"]) == bool(said)
    assert said in row["remark"]


def test_the_time_that_an_upload_took_is_not_that_which_it_waited():
    """It was noticed at 1000, uploads were paused, it went at 8000, and was parsed at 8009."""
    entry = Entry(
        1, "/f", "/f/a.pdf", State.PARSED, noticed_at=1000.0, sent_at=8000.0, arrived_at=8004.0,
        parsed_at=8009.0, changed_at=8009.0,
    )  # fmt: skip
    said = listing.details(entry, [], ENGLISH)
    assert (said["took"], said["after"], said["parsing"]) == (4.0, 7004.0, 5.0)
    waits = listing.details(replace(entry, state=State.QUEUED, arrived_at=0.0), [], ENGLISH)
    assert (waits["took"], waits["after"]) == (None, None)


@pytest.mark.parametrize(
    ("state", "why", "said", "reason"),
    [
        (
            State.ACCEPTED,
            verbatim("Your profile as been sent successfully to the Parsing Queue."),
            "",
            "ok",
        ),
        (State.PARSED, verbatim("Profile's parsing"), "", "said of every file"),
        (State.ACCEPTED, NOT_YET, NOT_YET, "that is news"),
        (
            State.REFUSED,
            verbatim("HrFlow rejected this file (400): no"),
            "HrFlow rejected this file (400): no",
            "needed",
        ),
    ],
)
def test_a_story_has_reasons_and_no_phrases(state, why, said, reason):
    entry = Entry(1, "/f", "/f/a.pdf", State.PARSED)
    (step,) = listing.details(entry, [(1.0, state, why)], ENGLISH)["story"]
    assert step["why"] == str(said), reason


def test_what_is_said_of_now_is_plain_and_finite():
    snapshot = Snapshot(
        at=100.0, paused_until=UNTIL_RESUMED, counts={State.PARSED: 2, State.HELD: 1},
        holds=(ActiveHold("existing:/f", "1 file waits\x1b", 1), ActiveHold("account:a", "key", 0)),
        watched=(Watched("/f", problem="bad\u202e"),),
        recent=(Entry(1, "/f", "/f/a\n.pdf", State.PARSED, profile_name="Eve\u202e"),),
    )  # fmt: skip
    now = status.now(snapshot, ENGLISH)
    text = json.dumps(now, allow_nan=False)
    assert (now["paused"], now["paused_until"], now["state"]) == (True, None, "paused")
    assert now["groups"] == {"attention": 1, "waiting": 0, "arrived": 2, "aside": 0}
    assert [each["asks"] for each in now["held"]] == [True, False]
    assert json.loads(text)["recent"][0]["candidate"] == "Eve\u202e"  # the page makes it harmless


def test_a_filter_says_what_makes_no_sense():
    assert read_filter({"state": "refused"}).states == (State.REFUSED,)
    assert State.HELD in read_filter({"state": "attention"}).states
    assert read_filter({"text": "  a "}).text == "a"
    with pytest.raises(UsageError):
        read_filter({"state": "odd"})


def test_an_order_can_be_taken_back_until_it_is_carried_out():
    posted = []
    queue = UndoQueue(posted.append, seconds=600)
    queue.undo(queue.add(["a"]))
    last = queue.add(["b", "c"])
    assert posted == []
    queue.close()
    assert posted == ["b", "c"], "the program ends: what was ordered is done"
    with pytest.raises(UsageError):
        queue.undo(last)


def test_an_order_is_carried_out_by_itself(eventually):
    posted = []
    queue = UndoQueue(posted.append, seconds=0.01)
    queue.add(["a"])
    eventually(lambda: posted == ["a"])


def test_changes_come_at_once_or_when_there_are_some():
    told, listeners = Snapshot(at=1.0), []

    class App:
        def snapshot(self):
            return told

        def subscribe(self, listener):
            listeners.append(listener)
            return listeners.clear

    feed = ChangeFeed(App(), 0)
    assert not listeners, "while nobody looks nothing is made"
    assert feed.wait(0) == (1, told, 0.0)
    assert feed.wait(1) == (1, None, 2.0), "where nobody may wait, one asks again"
    listeners[0](told)
    assert feed.wait(1) == (2, told, 0.0)
    feed.close()
    assert not listeners
    waiting = ChangeFeed(App(), 1)
    waiting.close()
    assert waiting.wait(1) == (1, None, 2.0)


def test_machines_get_the_message_beside_its_text():
    why = msg('HrFlow answered {code}: "{message}".', code=503, message="busy")
    said = listing.record(Entry(1, "/f", "/f/a.pdf", State.WAITING, why=why))
    assert said["why"] == 'HrFlow answered 503: "busy".'
    assert said["why_message"] == {
        "id": 'HrFlow answered {code}: "{message}".',
        "args": {"code": 503, "message": "busy"},
    }
    assert said["filing_why_message"] is None


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x"])
def test_a_spreadsheet_takes_no_name_for_a_formula(name):
    entry = Entry(1, "/f", "/f/a.pdf", State.PARSED, profile_name=name)
    assert f",'{name}," in listing.to_csv([entry], ENGLISH, head=False)


# --- Clicks on the icon ---------------------------------------------------------------------------


class Desk:
    """As much of the program as a click needs, and what became of the click."""

    config = Config(accounts=())
    facts = import_state = None

    def __init__(self):
        self.done = []

    def post(self, message):
        self.done.append(message)

    def carry_out(self, *orders):
        self.done += orders
        return True

    def snapshot(self):
        return Snapshot(holds=(ActiveHold("existing:/cvs", "Why.", 2),), watched=(Watched("/cvs"),))


@pytest.fixture
def clicked(tmp_path, monkeypatch):
    """What becomes of a click."""

    def click(action):
        desk, places = Desk(), Places(str(tmp_path))
        control = Control(lambda: desk.done.append("stopped"), tuple)
        monkeypatch.setattr(actions, "show_file", desk.done.append)
        page = ActivityPage(desk, Instance(places), places, config="", control=control, environ={})
        page.act(action)
        return desk.done

    return click


@pytest.mark.parametrize(
    ("action", "done"),
    [
        (Action("show", {"folder": "/cvs"}), ["/cvs"]),
        (Action("show", {"folder": "/etc"}), []),
        (Action("retry", {"cause": "existing:/cvs"}), [ReleaseHold("existing:/cvs")]),
        (Action("retry", {"cause": "gone"}), []),
        (Action("pause"), [Pause(math.inf)]),
        (Action("resume"), [Pause(0.0)]),
        (Action("snooze"), [Snooze(math.inf)]),
        (Action("snooze", {"until": "tomorrow"}), [Snooze(next_day(time.time()))]),
        (Action("snooze", {"until": 0}), [Snooze(0)]),
        (Action("stop"), ["stopped"]),
    ],
)
def test_a_click_does_what_it_says(clicked, action, done):
    assert clicked(action) == done


@pytest.mark.parametrize("request_", ["pause", "snooze"])
def test_an_hour_begins_with_the_click(clicked, request_):
    before = time.time()
    (message,) = clicked(Action(request_, {"seconds": 3600}))
    assert before + 3600 <= message.until <= time.time() + 3600


def actions_of(items):
    for item in items:
        if item.action is not None:
            yield item.action
        yield from actions_of(item.items)


@pytest.mark.parametrize("pause", [0.0, math.inf])
def test_every_entry_of_the_menu_is_known(clicked, monkeypatch, pause):
    shown = []
    monkeypatch.setattr(server, "open_link", lambda link, places: shown.append(link))
    monkeypatch.setattr(server, "show_file", lambda path, **_: shown.append(path))
    refused = Entry(7, "/cvs", "/cvs/a.pdf", State.REFUSED)
    everything = Snapshot(
        is_set_up=True, paused_until=pause, snoozed_until=pause,
        recent=(refused,), attention=(refused,), counts={State.REFUSED: 40},
        holds=(ActiveHold("existing:/cvs", "Why.", 2), ActiveHold("account:default", "Why.", 1)),
        watched=(Watched("/cvs", problem="It is not there."),),
    )  # fmt: skip
    actions = list(actions_of(menu(everything, ENGLISH)))
    assert len(actions) > 15
    for action in actions:
        clicked(action)  # one that is not known would raise KeyError
    assert len(shown) == sum(action.request in ("open", "log") for action in actions)


@pytest.mark.parametrize("sort", ["", "name"])
def test_the_list_has_pages_in_every_order_and_all_of_it_as_csv(tmp_path, sort):
    places = Places(str(tmp_path))
    journal = Journal(places.journal)
    for number, name in enumerate("edcba"):
        queue(journal, f"{name}.pdf", now=float(number + 1))
    journal.commit()
    journal.close()
    activity = Activity(places, ENGLISH)
    pages = [activity.page({"limit": "2", "page": str(page), "sort": sort}) for page in (1, 2, 3)]
    names = [[file["name"] for file in page["files"]] for page in pages]
    assert names == [["a.pdf", "b.pdf"], ["c.pdf", "d.pdf"], ["e.pdf"]]
    assert [page["has_more"] for page in pages] == [True, True, False]
    lines = b"".join(activity.table({})).decode().splitlines()
    assert [line.count(".pdf") > 0 for line in lines] == [False] + [True] * 5
