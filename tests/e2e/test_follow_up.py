"""What became of an upload: asked for by reference, found by a search."""

import os
import shutil

import pytest
from msgspec.structs import replace
from pypdf import PdfWriter

from tests.support.follow_up import asked, let_pass, one, send, sentences
from tests.support.samples import PDF, make_pdf
from watcher import sandbox as sb
from watcher.model.entries import Entry
from watcher.model.settings import Account, Config, Label
from watcher.pipeline.follow_up import DAILY, NEVER, NOT_YET, WINDOW
from watcher.pipeline.messages import Forget, Reachability, Resume
from watcher.present import listing
from watcher.sandbox import Fault, Kind


def test_a_person_sees_who_came_where(world, clock, eventually):
    send(world, clock)
    assert one(world).state == "accepted"
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed")
    entry = one(world)
    assert listing.summary(entry) == "Aisha Rahman → Engineering"
    assert entry.profile_key == world.sandbox.profiles()[0].key
    assert "@" in entry.profile_email
    assert (entry.pages, entry.total_pages) == (1, 1)
    record = listing.record(entry)
    assert record["parse_seconds"] >= 6
    assert record["upload_seconds"] is not None
    assert record["profile_name"] == "Aisha Rahman"
    assert len(asked(world)) == 1
    assert len(asked(world, "/source?")) == 1


def test_names_are_not_kept_where_settings_say_so(world, clock, eventually):
    world.settings = {"keep_names": False}
    send(world, clock)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed")
    entry = one(world)
    assert (entry.profile_name, entry.profile_email) == ("", "")
    assert entry.profile_key


def test_names_that_are_known_go_once_settings_say_so(world, clock, eventually):
    folder = send(world, clock)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).profile_name == "Aisha Rahman")
    config = world.config(folder)
    world.app.reload(replace(config, keep_names=False))
    eventually(lambda: one(world).profile_name == "")
    assert one(world).profile_email == ""


def test_what_takes_long_is_asked_for_ever_more_rarely_and_then_daily(world, clock, eventually):
    world.sandbox.api.parse_seconds = 1e9
    send(world, clock)
    questions = 0
    while clock.passed < WINDOW:
        questions += 1
        let_pass(world, clock, clock.passed * 1.1 + 6)
        eventually(lambda expected=questions: len(asked(world)) >= expected)
    let_pass(world, clock, DAILY)
    eventually(lambda: one(world).why == NOT_YET)
    assert listing.summary(one(world)).endswith(str(NOT_YET))
    assert len(asked(world)) <= 14
    for day in range(1, 10):
        before = len(asked(world))
        let_pass(world, clock, DAILY)
        if day <= 6:
            eventually(lambda before=before: len(asked(world, "/")) > before)
    eventually(lambda: one(world).state == "parse_failed")
    assert one(world).why == NEVER


def test_a_result_is_still_asked_for_after_a_restart(world, clock, eventually):
    folder = send(world, clock)
    world.stop()
    clock.passed += 3600
    world.start(folder, clock=clock)
    eventually(lambda: one(world).state == "parsed")


def test_a_key_that_may_only_write_is_explained_once(world, clock, eventually):
    world.keys.key = sb.WRITE_KEY
    folder = send(world, clock)
    let_pass(world, clock, 6)
    world.wait_for(lambda: any("write-only" in each for each in sentences(world)))
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2)
    for _ in range(3):
        let_pass(world, clock, 600)
    assert len([each for each in sentences(world) if "write-only" in each]) == 1
    assert len(asked(world)) == 1
    world.stop()
    world.start(folder, clock=clock)
    let_pass(world, clock, DAILY)
    eventually(lambda: len(asked(world)) > 1)  # as it may be another key
    world.nudge()
    assert [each for each in sentences(world) if "write-only" in each] == []  # not once more
    world.keys.key = sb.READ_WRITE_KEY
    world.app.post(Resume())
    let_pass(world, clock, DAILY)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"})


def test_while_offline_nothing_is_given_up(world, clock, eventually):
    send(world, clock)
    world.sandbox.faults.set(Fault(kind=Kind.HTML, times=None))
    for _ in range(5):
        let_pass(world, clock, 300)
    eventually(lambda: len(asked(world)) >= 2)
    world.sandbox.faults.clear()
    let_pass(world, clock, 300)
    eventually(lambda: one(world).state == "parsed")


def test_questions_that_fail_hold_no_upload_back(world, clock, eventually):
    """As where something between here and HrFlow lets uploads through and nothing else."""
    world.sandbox.faults.set(Fault(kind=Kind.HTML, method="GET", times=None))
    folder = world.folder()
    world.start(folder, clock=clock)
    for number in range(6):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), str(number))
        eventually(lambda expected=number + 1: len(world.arrived()) == expected)
        let_pass(world, clock, 30)
        eventually(lambda expected=number + 1: len(asked(world, "/")) > expected)
    assert not [news for news in world.news if isinstance(news, Reachability)]
    assert {str(entry.state) for entry in world.entries()} == {"accepted"}


def test_questions_never_take_what_an_upload_waits_for(world, clock, eventually):
    """Four requests a minute, half of them for questions: never more, uploads first."""
    folder = world.folder()
    world.start(folder, clock=clock, max_requests_per_minute=4, follow_up_share=0.5)
    for number in range(10):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), str(number))
    eventually(lambda: len(world.arrived()) == 4)
    let_pass(world, clock, 0)
    assert len(asked(world, "/")) == 4
    minutes = []
    while not done(world) and len(minutes) < 20:
        before = len(asked(world, "/"))
        let_pass(world, clock, 61)
        let_pass(world, clock, 0)  # all that may start by now has ended
        calls = asked(world, "/")[before:]
        kinds = [call.method for call in calls]
        minutes.append((kinds.count("POST"), kinds.count("GET")))
    assert done(world), minutes
    assert all(sent + questions <= 4 and questions <= 2 for sent, questions in minutes), minutes


def done(world):
    entries = world.entries()
    return len(entries) == 10 and {str(entry.state) for entry in entries} == {"parsed"}


# -- synchronous parsing


def test_a_source_without_sync_parsing_gets_its_uploads_all_the_same(world, clock, eventually):
    folder = world.folder(sync_parsing=True)
    world.start(folder, clock=clock)
    for name in "abc":
        make_pdf(os.path.join(folder.path, f"{name}.pdf"), name)
        world.wait_idle(ord(name) - ord("a") + 1)
    assert [record.status for record in world.sandbox.ledger.records()].count(400) == 1
    assert len(world.arrived()) == 3
    said = [each for each in sentences(world) if "sync_parsing" in each]
    assert len(said) == 1
    world.stop()
    world.start(folder, clock=clock)
    make_pdf(os.path.join(folder.path, "d.pdf"), "d")
    world.wait_idle(1)
    assert [record.status for record in world.sandbox.ledger.records()].count(400) == 1
    assert [each for each in sentences(world) if "sync_parsing" in each] == []  # not once more


def test_nothing_is_said_of_sync_parsing_where_nobody_wants_it(world, clock, eventually):
    folder = world.folder()
    world.start(folder, clock=clock)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: world.entries() and one(world).source_name == "Engineering")
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    world.wait_idle(2)
    world.nudge()
    assert [each for each in sentences(world) if "sync_parsing" in each] == []


def test_sync_parsing_carries_it_all(world, clock, eventually):
    folder = world.folder(sync_parsing=True, source_key=sb.EXPRESS.key)
    world.start(folder, clock=clock)
    shutil.copy(PDF, folder.path)
    world.wait_idle(1)
    assert one(world).profile_name == "Aisha Rahman"
    eventually(lambda: one(world).source_name == "Express")
    let_pass(world, clock, 600)
    assert not asked(world)


def test_a_source_that_parses_at_once_unasked_is_believed(world, clock, eventually):
    world.sandbox.api.sources = (replace(sb.ENGINEERING, always_sync=True),)
    folder = world.folder()
    world.start(folder, clock=clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])
    assert one(world).profile_name == "Aisha Rahman"
    assert not asked(world)


# -- by lists


@pytest.mark.parametrize("can_list", [True, False])
def test_a_list_tells_of_many_uploads_or_their_references_do(world, clock, eventually, can_list):
    if not can_list:
        world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=400, path="/storing/profiles"))
    folder = world.folder()
    world.start(folder, clock=clock)
    for number in range(40):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), f"person {number}")
    world.wait_idle(40)
    for _ in range(8):
        let_pass(world, clock, 15.0)
    eventually(lambda: {entry.state for entry in world.entries()} == {"parsed"})
    lists, references = asked(world, "/storing/profiles"), asked(world)
    assert (len(lists) <= 4 and not references) if can_list else len(references) >= 40, (
        len(lists),
        len(references),
    )


def test_a_walk_through_a_list_that_a_restart_cut_is_made_up_for(world, clock, eventually):
    path = "/storing/profiles"
    world.sandbox.faults.set(
        Fault(kind=Kind.DELAY, path=path, delay=0.01, times=1),  # only the first page is there
        Fault(kind=Kind.STATUS, status=503, path=path),
    )
    folder = world.folder()
    world.start(folder, clock=clock)
    for number in range(59):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), f"person {number}")
    world.wait_idle(59)
    for _ in range(4):
        let_pass(world, clock, 15.0)
    states = [str(entry.state) for entry in world.entries()]
    assert states.count("parsed") >= 30
    assert states.count("accepted") >= 15
    world.stop()
    world.sandbox.faults.clear()
    world.start(folder, clock=clock)
    for _ in range(8):
        let_pass(world, clock, 15.0)
    eventually(lambda: {entry.state for entry in world.entries()} == {"parsed"})


# -- by search


def test_without_a_reference_of_its_own_a_file_is_found_probably(world, clock, eventually):
    world.sandbox.api.references = "never"
    folder = world.folder(reference="the-same-for-all")
    world.start(folder, clock=clock)
    make_pdf(os.path.join(folder.path, "other.pdf"), "other")
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(2)
    let_pass(world, clock, 6)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"})
    by_name = {os.path.basename(entry.path): entry for entry in world.entries()}
    assert listing.summary(by_name["Aisha.pdf"]) == "probably Aisha Rahman → Engineering"
    keys = {profile.file_name: profile.key for profile in world.sandbox.profiles()}
    assert {name: entry.profile_key for name, entry in by_name.items()} == keys
    assert not asked(world)


def test_a_file_that_replaced_the_one_before_in_its_profile_is_found(world, clock, eventually):
    folder = world.folder(reference="the-same-for-all")
    world.start(folder, clock=clock)
    for number, name in enumerate(("first.pdf", "second.pdf"), 1):
        make_pdf(os.path.join(folder.path, name), name)
        world.wait_idle(number)
        let_pass(world, clock, clock.passed + 6)
        eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"})
    (profile,) = world.sandbox.profiles()
    assert {entry.profile_key for entry in world.entries()} == {profile.key}


@pytest.mark.parametrize("may_search", [False, True])
def test_a_file_is_found_by_a_list_of_what_is_stored_whatever_its_stage(
    world, clock, eventually, may_search
):
    world.sandbox.api.references = "never"
    world.sandbox.api.may_search = may_search
    label = Label(job_key="j", stage="later")
    folder = world.folder(reference="the-same-for-all", labels=(label,))
    world.start(folder, clock=clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(1)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed")
    targets = [call.target for call in world.sandbox.ledger.calls()]
    assert any("/storing/profiles" in target for target in targets)
    assert not any("/profiles/searching" in target for target in targets)


def test_a_list_without_the_profile_is_asked_for_again(world, clock, eventually):
    world.sandbox.api.references = "never"
    world.sandbox.api.may_search = False
    world.sandbox.api.parse_seconds = 1e9
    folder = world.folder(reference="the-same-for-all")
    world.start(folder, clock=clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(1)
    for questions in (1, 2, 3):
        let_pass(world, clock, clock.passed * 1.1 + 6)
        eventually(lambda expected=questions: len(asked(world, "/storing/profiles")) == expected)
    assert not asked(world, "/profiles/searching")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_where_nothing_can_be_listed_every_stage_is_searched(world, clock, eventually, status):
    world.sandbox.faults.set(
        sb.Fault(kind=sb.Kind.STATUS, status=status, path="/storing/profiles", message="not here")
    )
    world.sandbox.api.references = "never"
    label = Label(job_key="j", stage="later")
    folder = world.folder(reference="the-same-for-all", labels=(label,))
    world.start(folder, clock=clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(1)
    for number, stage in enumerate(("new", "yes", "later"), 1):
        let_pass(world, clock, clock.passed * 1.1 + 6)
        eventually(lambda number=number: len(asked(world, "/profiles/searching")) == number)
        assert f"stage={stage}" in asked(world, "/profiles/searching")[-1].target
    eventually(lambda: one(world).state == "parsed")
    assert len(asked(world, "/storing/profiles")) == 1


def test_an_account_that_may_neither_list_nor_search_reads_all_else(world, clock, eventually):
    world.sandbox.faults.set(
        sb.Fault(kind=sb.Kind.STATUS, status=403, path="/storing/profiles", message="no")
    )
    world.sandbox.api.may_search = False
    known = world.folder("known")
    world.start(known, clock=clock)
    shutil.copy(PDF, os.path.join(known.path, "Aisha.pdf"))
    world.wait_idle(1)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed")
    shared = world.folder("shared", reference="the-same-for-all")
    world.app.reload(world.config(known, shared))
    make_pdf(os.path.join(shared.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2)
    let_pass(world, clock, 600)
    make_pdf(os.path.join(known.path, "c.pdf"), "c")
    eventually(lambda: len(world.arrived()) == 3)
    let_pass(world, clock, 600)
    eventually(lambda: world.states()["c.pdf"] == "parsed")
    assert not any("write-only" in each for each in sentences(world))


# -- the webhook


# -- hooks


def test_every_step_is_told(world, clock, eventually):
    send(world, clock)
    let_pass(world, clock, 6)
    world.wait_for(
        lambda: any(
            isinstance(n, Entry) and n.state == "parsed" and n.profile_name for n in world.news
        )
    )


def test_of_a_long_cv_it_is_said_how_much_is_parsed(world, clock, eventually):
    folder = world.folder()
    world.start(folder, clock=clock)
    writer = PdfWriter()
    for _ in range(12):
        writer.add_blank_page(200, 200)
    with open(os.path.join(world.root, "long.pdf"), "wb") as file:
        writer.write(file)
    os.rename(os.path.join(world.root, "long.pdf"), os.path.join(folder.path, "long.pdf"))
    world.wait_idle(1)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed")
    assert listing.summary(one(world)).endswith("Only the first 10 of 12 pages were parsed.")


def test_an_account_that_wants_no_questions_is_asked_none(world, clock, eventually):
    send(world, clock, follow_up_share=0.0)
    let_pass(world, clock, 600)
    let_pass(world, clock, 600)
    assert not asked(world, "/profile/parsing?") and not asked(world, "/source")
    assert one(world).state == "accepted"


def test_a_file_that_is_forgotten_while_it_is_asked_for_harms_nothing(world, clock, eventually):
    folder = send(world, clock)
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, method="GET", delay=0.7))
    let_pass(world, clock, 6)
    eventually(lambda: asked(world))
    world.app.post(Forget((one(world).file_id,)))
    eventually(lambda: not world.entries())
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2)
    let_pass(world, clock, 6)
    eventually(lambda: world.states().get("b.pdf") == "parsed")


def test_an_account_that_cannot_be_asked_keeps_no_other_from_asking(world, eventually):
    # All are under way before the first of them fails: after that only one goes at a time.
    world.sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_ANSWER, method="POST", delay=2.0))
    gone, there = world.folder("gone", account="gone"), world.folder("there")
    accounts = [
        Account(name=name, email=sb.EMAIL, api_url=world.sandbox.url, parallel_uploads=30)
        for name in ("gone", "default")
    ]
    whole = Config(accounts=tuple(accounts), folders=(gone, there))
    world.config = lambda *_, **__: whole
    world.start(gone, there)
    for number in range(25):
        make_pdf(os.path.join(gone.path, f"{number}.pdf"), str(number))
    eventually(lambda: list(world.states().values()) == ["uncertain"] * 25)
    world.app.reload(Config(accounts=(accounts[1],), folders=(there,)))
    make_pdf(os.path.join(there.path, "there.pdf"), "there")
    eventually(lambda: world.states().get("there.pdf") == "parsed")
