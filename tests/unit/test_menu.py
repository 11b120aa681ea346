"""The one word, the one line and the menu, from how things are."""

import json
import math
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from watcher.i18n.languages import catalog
from watcher.i18n.message import verbatim
from watcher.model.entries import Entry
from watcher.model.holds import burst_key
from watcher.model.kinds import State
from watcher.model.snapshot import ActiveHold, AppState, LedgerUse, Snapshot, Watched
from watcher.present import view
from watcher.present.menu import (
    ATTENTION,
    SEPARATOR,
    SET_UP,
    Action,
    IconView,
    MenuItem,
    cut,
    icon_view,
    menu,
)
from watcher.present.status import app_state, headline, ledger_use

EN, FR = catalog("en"), catalog("fr_FR.UTF-8")
NOON = datetime(2026, 3, 5, 12, 0).timestamp()  # noqa: DTZ001 - local, as people read it
TWO = datetime(2026, 3, 5, 14, 2).timestamp()  # noqa: DTZ001 - likewise
KEY = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"


def entry(number=1, name="jane.pdf", state=State.PARSED, **more):
    return Entry(number, "/cvs", f"/cvs/{name}", state, **more)


NOT_A_DOCUMENT = entry(5, "tool.pdf", State.REFUSED, why=verbatim("This is a program."))
FOLDER = Watched("/home/jo/CVs", "default", KEY)
NO_KEY = ActiveHold("credential:default", "There is no key for the account.", 0)
ASKS = ActiveHold("existing:/home/jo/CVs", "They were there first.", 137, 812_000_000)

#: Changes of a snapshot that is idle → state, first line; the reason stands beside it.
ROWS = [
    ({}, AppState.IDLE, "Up to date"),
    ({"today": 12}, AppState.IDLE, "Up to date · 12 today"),
    ({"today": 12, "counts": {State.NOTICED: 1}}, AppState.IDLE, "1 waiting · 12 today"),
    ({"done": 2, "total": 40}, AppState.WORKING, "Uploading 3 of 40"),
    ({"done": 0, "total": 1}, AppState.WORKING, "Uploading 1 of 1"),
    ({"done": 40, "total": 40}, AppState.IDLE, "Up to date"),
    ({"offline_since": TWO, "counts": {State.WAITING: 4, State.QUEUED: 1}}, AppState.OFFLINE,
     "Offline since 14:02 · 5 waiting"),
    ({"offline_since": TWO - 86_400}, AppState.OFFLINE, "Offline since March 4, 2026 at 14:02"),
    ({"paused_until": TWO}, AppState.PAUSED, "Paused until 14:02"),
    ({"paused_until": math.inf, "counts": {State.QUEUED: 5}}, AppState.PAUSED, "Paused · 5 waiting"),
    ({"paused_until": NOON - 1}, AppState.IDLE, "Up to date"),  # it is over
    ({"counts": {State.REFUSED: 1}}, AppState.ATTENTION, "1 file needs attention"),
    ({"counts": {State.REFUSED: 1, State.PARSE_FAILED: 1}}, AppState.ATTENTION,
     "2 files need attention"),
    ({"attention": (NOT_A_DOCUMENT,), "done": 2, "total": 40}, AppState.ATTENTION,
     "1 file needs attention · Uploading 3 of 40"),
    ({"holds": (replace(NO_KEY, files=3),)}, AppState.ATTENTION, "3 files are on hold"),
    ({"holds": (NO_KEY,)}, AppState.ATTENTION, "Uploads are on hold"),  # the next one would be
    # As many as the page lists: those that are held back are among them.
    ({"holds": (replace(NO_KEY, files=3),), "counts": {State.REFUSED: 5}}, AppState.ATTENTION,
     "8 files need attention"),
    ({"holds": (NO_KEY,), "counts": {State.REFUSED: 1}}, AppState.ATTENTION,
     "Uploads are on hold · 1 file needs attention"),
    ({"holds": (ASKS,), "counts": {State.REFUSED: 5}}, AppState.ATTENTION,
     "142 files need attention"),
    ({"holds": (ASKS,)}, AppState.ATTENTION, "137 files are waiting for your approval"),
    ({"holds": (replace(ASKS, files=1),)}, AppState.ATTENTION, "1 file is waiting for your approval"),
    ({"holds": (replace(ASKS, files=0),)}, AppState.IDLE, "Up to date"),  # nobody is asked for nothing
    ({"watched": (replace(FOLDER, problem="It is not there."),)}, AppState.ATTENTION,
     "1 folder can't be watched"),
    # Nothing is uploaded while HrFlow is asked, or cannot be reached.
    ({"done": 0, "total": 1, "counts": {State.UNCERTAIN: 1}}, AppState.WORKING, "Checking 1 file"),
    ({"done": 3, "total": 5, "counts": {State.UNCERTAIN: 1, State.QUEUED: 1}}, AppState.WORKING,
     "Uploading 4 of 5"),
    ({"offline_since": TWO, "done": 0, "total": 1, "counts": {State.REFUSED: 1, State.UNCERTAIN: 1}},
     AppState.ATTENTION, "Offline since 14:02 · 1 file needs attention · 1 waiting"),
    # Everything that the page has a card for.
    ({"remarks": ("The new one is not used.",)}, AppState.IDLE,
     "Up to date · 1 problem in the configuration"),
    ({"remarks": ("One.", "Two."), "done": 2, "total": 40}, AppState.WORKING,
     "Uploading 3 of 40 · 2 problems in the configuration"),
    ({"watched": (replace(FOLDER, problem="It is not there."),), "counts": {State.REFUSED: 1}},
     AppState.ATTENTION, "1 file needs attention · 1 folder can't be watched"),
    ({"holds": (replace(NO_KEY, files=3), ASKS)}, AppState.ATTENTION, "140 files need attention"),
    ({"is_set_up": False, "paused_until": math.inf}, AppState.NOT_SET_UP, "Not set up yet"),
    ({"is_set_up": False, "remarks": ("config.toml:3: nonsense",)}, AppState.NOT_SET_UP,
     "The configuration has mistakes"),
    # What wins: a pause over attention, attention over being offline, that over working.
    ({"paused_until": math.inf, "counts": {State.REFUSED: 1}}, AppState.PAUSED,
     "Paused · 1 file needs attention"),
    ({"offline_since": TWO, "counts": {State.REFUSED: 1}}, AppState.ATTENTION,
     "Offline since 14:02 · 1 file needs attention"),
    ({"offline_since": TWO, "holds": (replace(NO_KEY, files=3),)}, AppState.ATTENTION,
     "Offline since 14:02 · 3 files are on hold"),
    ({"paused_until": TWO, "offline_since": TWO, "holds": (NO_KEY,)}, AppState.PAUSED,
     "Paused until 14:02 · Uploads are on hold"),
    ({"offline_since": TWO, "done": 1, "total": 3}, AppState.OFFLINE, "Offline since 14:02"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected", "line"), ROWS)
def test_one_word_and_one_line_say_it_all(changes, expected, line):
    snapshot = Snapshot(at=NOON, **changes)
    assert app_state(snapshot) is expected
    assert headline(snapshot, EN) == line
    assert menu(snapshot, EN)[0].text == line


def test_in_french_it_says_the_same():
    snapshot = Snapshot(at=NOON, counts={State.REFUSED: 2}, done=2, total=40)
    assert headline(snapshot, FR) == "2 fichiers demandent votre attention · Envoi 3 sur 40"


@pytest.mark.parametrize(
    ("use", "line"),
    [
        (LedgerUse(), "The shared ledger can't be reached."),
        (LedgerUse(1), "Only this computer uses the shared ledger now."),
        (
            LedgerUse(1200, (("DESK", 1), ("ARCHIVE", 4))),
            (
                "1,200 computers use the shared ledger. DESK is uploading 1 file that is also on this computer. "
                "ARCHIVE is uploading 4 files that are also on this computer."
            ),
        ),
    ],
)
def test_who_uses_the_ledger_and_what_waits_for_whom(use, line):
    assert ledger_use(use, EN) == line


def texts(items):
    return [item.text for item in items]


def line(items, text):
    (found,) = [item for item in items if item.text == text]
    return found


FULL = Snapshot(
    at=NOON, version="0.1.0", today=12, counts={State.REFUSED: 30},
    recent=(
        entry(1, "jane.pdf", profile_name="Jane Doe", source_key=KEY, source_name="Engineering"),
        entry(2, "next.pdf", State.UPLOADING, source_key=KEY),
        entry(3, "held.pdf", State.HELD),
        NOT_A_DOCUMENT,
        entry(6, "copy.pdf", State.DUPLICATE),
    ),
    attention=(NOT_A_DOCUMENT, entry(7, "lost.pdf", State.PARSE_FAILED, filed_to="/cvs/Refused/x")),
    holds=(replace(NO_KEY, files=3), ASKS),
    watched=(FOLDER, Watched("/mnt/share", problem="It is not there.")),
)  # fmt: skip


def test_the_menu_has_everything_in_its_order():
    assert texts(menu(FULL, EN)) == [
        "170 files need attention · 1 folder can't be watched", "Open activity", "",
        "✓ Jane Doe → Engineering", "… next.pdf", "… held.pdf", "✗ tool.pdf", "= copy.pdf", "",
        "Needs attention (34)", "Approve uploads…", "",  # 30 failed, 3 held, 1 folder
        "Pause uploads", "Snooze notifications", "",
        "Add folder…", "Open folder", "Set up…", "Help", "", "Quit",
    ]  # fmt: skip
    assert [item.is_default for item in menu(FULL, EN)] == [True] + [False] * 20


def test_a_recent_file_leads_to_its_place_on_the_page():
    first = line(menu(FULL, EN), "✓ Jane Doe → Engineering")
    assert first.action == Action("open", {"at": "file/1"})


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (State.UPLOADING, "… jane.pdf → Sales"),
        (State.ACCEPTED, "✓ jane.pdf → Sales"),
        (State.REFUSED, "✗ jane.pdf"),
        (State.PARSE_FAILED, "✗ jane.pdf"),
    ],
)
def test_only_what_goes_to_a_source_points_there(state, shown):
    recent = (entry(1, "jane.pdf", state, source_key=KEY, source_name="Sales"),)
    assert shown in texts(menu(replace(FULL, recent=recent), EN))


def test_the_latest_five_files_are_listed():
    more = replace(FULL, recent=FULL.recent * 2)
    assert texts(menu(more, EN)) == texts(menu(FULL, EN))


def test_what_needs_attention_has_its_reason_and_what_can_be_done():
    cause, folder, refused, lost, more, part, every = line(
        menu(FULL, EN), "Needs attention (34)"
    ).items
    assert cause.text == "✗ 3 files are on hold"
    assert cause.items[0] == MenuItem(NO_KEY.why)  # it tells, and cannot be clicked
    assert line(cause.items, "Retry now").action == Action("retry", {"cause": NO_KEY.key})
    assert folder.text == "✗ mnt/share"
    assert texts(refused.items) == ["This is a program.", "", "Retry", "Show file", "Ignore"]
    assert line(refused.items, "Retry").action == Action("retry", {"ids": [5]})
    assert line(refused.items, "Ignore").action == Action("ignore", {"ids": [5]})
    assert line(refused.items, "Show file").action == Action("show", {"ids": [5]})
    assert lost.items[0].text == "No reason given"
    assert line(lost.items, "Show file").action == Action("show", {"ids": [7]})
    assert more == MenuItem("Show 28 more…", ATTENTION)
    assert part is SEPARATOR
    assert every.action == Action("retry", {"all": True})


def test_a_yes_takes_a_second_click():
    existing = line(menu(FULL, EN), "Approve uploads…")
    assert existing.action is None
    yes, gap, no, other_gap, shows = existing.items
    assert (gap, other_gap, shows.action) == (SEPARATOR, SEPARATOR, ATTENTION)
    assert yes == MenuItem(
        "Upload 137 files from jo/CVs (812.0\u00a0MB)", Action("retry", {"cause": ASKS.key})
    )
    assert no == MenuItem("Ignore 137 files from jo/CVs", Action("ignore", {"cause": ASKS.key}))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (burst_key(FOLDER.path), "Upload 137 files from jo/CVs (812.0\u00a0MB)"),
        ("monthly_limit:default", "Upload 137 files above the monthly limit (812.0\u00a0MB)"),
    ],
)
def test_whatever_waits_for_a_yes_can_be_approved(key, said):
    asks = replace(FULL, holds=(replace(ASKS, key=key),))
    yes, *_ = line(menu(asks, EN), "Approve uploads…").items
    assert yes == MenuItem(said, Action("retry", {"cause": key}))
    assert texts(line(menu(asks, EN), "Needs attention (31)").items)  # and is no failure


def test_a_pause_is_offered_or_its_end():
    actions = [item.action for item in line(menu(FULL, EN), "Pause uploads").items]
    lasting = [{"seconds": 3600}, {"until": "tomorrow"}, {}]
    assert actions == [Action("pause", body) for body in lasting]
    paused = menu(replace(FULL, paused_until=math.inf), EN)
    assert line(paused, "Resume uploads").action == Action("resume")
    assert "Pause uploads" not in texts(paused)


def test_a_snooze_is_offered_or_its_end():
    actions = [item.action for item in line(menu(FULL, EN), "Snooze notifications").items]
    lasting = [{"seconds": 3600}, {"until": "tomorrow"}, {}]
    assert actions == [Action("snooze", body) for body in lasting]
    snoozed = menu(replace(FULL, snoozed_until=NOON + 1), EN)
    assert line(snoozed, "Show notifications again").action == Action("snooze", {"until": 0})


def test_before_it_is_set_up_there_is_nothing_but_that():
    bare = menu(replace(FULL, is_set_up=False), EN)
    assert bare[0].action == SET_UP
    assert texts(bare) == ["Not set up yet", "Open activity", "", "Set up…", "Help", "", "Quit"]


def test_with_nothing_to_show_there_are_no_empty_menus():
    assert not line(menu(Snapshot(at=NOON), EN), "No files yet").is_enabled
    assert not any("attention" in text for text in texts(menu(Snapshot(at=NOON), EN)))
    assert "Open folder" not in texts(menu(Snapshot(at=NOON), EN))


def test_time_alone_changes_nothing():
    assert menu(FULL, EN) == menu(replace(FULL, at=NOON + 60), EN)


@given(st.text(min_size=1), st.integers(3, 60))
def test_long_names_keep_beginning_and_end(text, letters):
    short, text = cut(text, letters), view.safe(text)
    assert len(short) <= letters or text == short
    if len(text) <= letters:
        assert short == text
    else:
        assert "…" in short


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=[]), min_size=1, max_size=300
)
entries = st.builds(
    entry, st.integers(1, 10**9), names, st.sampled_from(State),
    why=names.map(verbatim), profile_name=names, source_key=names,
)  # fmt: skip
names_of_holds = st.sampled_from(["existing:/a", "account:b"])
snapshots = st.builds(
    # By a function: hypothesis would look for types that only a type checker imports.
    lambda **values: Snapshot(**values), at=st.just(NOON), is_set_up=st.booleans(),
    paused_until=st.sampled_from([0.0, NOON + 1, math.inf]),
    offline_since=st.sampled_from([0.0, NOON - 5]), done=st.integers(0, 9), total=st.integers(0, 9),
    today=st.integers(0, 9), counts=st.dictionaries(st.sampled_from(State), st.integers(0, 10**6)),
    recent=st.lists(entries, max_size=12).map(tuple),
    attention=st.lists(entries, max_size=12).map(tuple),
    holds=st.lists(st.builds(lambda *hold: ActiveHold(*hold), names_of_holds, names,
                            st.integers(0, 9)), max_size=3).map(tuple),
    watched=st.lists(st.builds(lambda path, why: Watched(path, problem=why), names.map("/".__add__), names), max_size=3)
    .map(tuple),
)  # fmt: skip


def every(items):
    for item in items:
        yield item
        yield from every(item.items)


@given(snapshots, st.sampled_from([EN, FR]))
def test_whatever_happens_the_menu_can_be_shown_and_misleads_nobody(snapshot, word):
    items = list(every(menu(snapshot, word)))
    for item in items:
        assert len(item.text) < 140
        assert view.safe(item.text) == item.text, "nothing that hides or turns what follows"
        assert "{" not in item.text or "{" in repr(snapshot)
    assert sum(item.is_default for item in items) == 1
    assert items[-1].action == Action("stop")


@given(snapshots)
def test_a_view_is_sent_whole(snapshot):
    shown = icon_view(snapshot, EN)
    line = json.dumps(to_builtins(shown))
    assert "\n" not in line
    line.encode("ascii")
    assert msgspec.convert(json.loads(line), IconView) == shown
