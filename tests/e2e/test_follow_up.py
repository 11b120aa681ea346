"""What became of it: asked for by reference, told by the webhook, found by a search."""

import hashlib
import json
import os
import shutil
import socket
import sys
from dataclasses import replace

import pytest
from pypdf import PdfWriter

from tests.conftest import wait_until
from tests.e2e.test_clock import SetClock
from tests.e2e.test_journey import PDF, make_pdf
from watcher import sandbox as sb
from watcher.i18n.message import Message
from watcher.model.errors import CredentialError
from watcher.model.records import Entry
from watcher.model.settings import AfterUpload, Hooks, Label, Webhook, replaced
from watcher.pipeline.follow_up import DAILY, NEVER, NOT_YET, WINDOW
from watcher.pipeline.messages import Connection, Forget, Resume, Retry
from watcher.present import listing
from watcher.sandbox import Fault, Kind

SECRET = "a secret of the webhook"


@pytest.fixture
def clock(world):
    world.sandbox.api.parse_seconds = 0.0  # the sandbox's clock is not the one that is set here
    return SetClock()


def one(world):
    (entry,) = world.entries()
    return entry


def sentences(world):
    return [str(news) for news in world.news if isinstance(news, Message | str)]


def asked(world, path="/profile/parsing?"):
    return [call for call in world.sandbox.ledger.calls() if call.target.startswith("/v1" + path)]


def let_pass(world, clock, seconds):
    """Have time pass once nothing is under way: an answer belongs to the time of its question."""
    pipeline = world.app._engine._pipeline
    world.nudge()
    assert wait_until(lambda: not pipeline._dispatch.running + pipeline._aftermath.running, 30)
    world.nudge()  # the last answer is noted, too
    clock.passed += seconds
    world.nudge()


def send(world, clock, name="Aisha.pdf", **account):
    """Send the sample of Aisha Rahman; returns once it has arrived."""
    folder = world.folder()
    world.start(folder, clock=clock, **account)
    shutil.copy(PDF, os.path.join(folder.path, name))
    world.wait_idle(1)
    return folder


def test_a_person_sees_who_came_where(world, clock, eventually):
    send(world, clock)
    assert one(world).state == "accepted"
    let_pass(world, clock, 6)
    eventually(lambda: one(world).state == "parsed", within=30)
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
    eventually(lambda: one(world).state == "parsed", within=30)
    entry = one(world)
    assert (entry.profile_name, entry.profile_email) == ("", "")
    assert entry.profile_key


def test_names_that_are_known_go_once_settings_say_so(world, clock, eventually):
    folder = send(world, clock)
    let_pass(world, clock, 6)
    eventually(lambda: one(world).profile_name == "Aisha Rahman", within=30)
    config = world.config(folder)
    world.app.reload(replaced(config, keep_names=False))
    eventually(lambda: one(world).profile_name == "", within=30)
    assert one(world).profile_email == ""


def test_what_takes_long_is_asked_for_ever_more_rarely_and_then_daily(world, clock, eventually):
    world.sandbox.api.parse_seconds = 1e9
    send(world, clock)
    questions = 0
    while clock.passed < WINDOW:
        questions += 1
        let_pass(world, clock, clock.passed * 1.1 + 6)
        eventually(lambda expected=questions: len(asked(world)) >= expected, within=30)
    let_pass(world, clock, DAILY)
    eventually(lambda: one(world).why == NOT_YET, within=30)
    assert listing.summary(one(world)).endswith(str(NOT_YET))
    assert len(asked(world)) <= 14
    for day in range(1, 10):
        before = len(asked(world))
        let_pass(world, clock, DAILY)
        if day <= 6:
            eventually(lambda before=before: len(asked(world, "/")) > before, within=30)
    eventually(lambda: one(world).state == "parse_failed", within=30)
    assert one(world).why == NEVER


def test_a_result_is_still_asked_for_after_a_restart(world, clock, eventually):
    folder = send(world, clock)
    world.stop()
    clock.passed += 3600
    world.start(folder, clock=clock)
    eventually(lambda: one(world).state == "parsed", within=30)


def test_a_key_that_may_only_write_is_explained_once(world, clock, eventually):
    world.keys.key = sb.WRITE_KEY
    folder = send(world, clock)
    let_pass(world, clock, 6)
    world.wait_for(lambda: any("write-only" in each for each in sentences(world)))
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2, within=30)
    for _ in range(3):
        let_pass(world, clock, 600)
    assert len([each for each in sentences(world) if "write-only" in each]) == 1
    assert len(asked(world)) == 1
    world.stop()
    world.start(folder, clock=clock)
    let_pass(world, clock, DAILY)
    eventually(lambda: len(asked(world)) > 1, within=30)  # as it may be another key
    world.nudge()
    assert [each for each in sentences(world) if "write-only" in each] == []  # not once more
    world.keys.key = sb.READ_WRITE_KEY
    world.app.post(Resume())
    let_pass(world, clock, DAILY)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"}, within=30)


def test_while_offline_nothing_is_given_up(world, clock, eventually):
    send(world, clock)
    world.sandbox.faults.set(Fault(kind=Kind.HTML, times=None))
    for _ in range(5):
        let_pass(world, clock, 300)
    eventually(lambda: len(asked(world)) >= 2, within=30)
    world.sandbox.faults.clear()
    let_pass(world, clock, 300)
    eventually(lambda: one(world).state == "parsed", within=30)


def test_questions_that_fail_hold_no_upload_back(world, clock, eventually):
    """As where something between here and HrFlow lets uploads through and nothing else."""
    world.sandbox.faults.set(Fault(kind=Kind.HTML, method="GET", times=None))
    folder = world.folder()
    world.start(folder, clock=clock)
    for number in range(6):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), str(number))
        eventually(lambda expected=number + 1: len(world.arrived()) == expected, within=30)
        let_pass(world, clock, 30)
        eventually(lambda expected=number + 1: len(asked(world, "/")) > expected, within=30)
    assert not [news for news in world.news if isinstance(news, Connection)]
    assert {str(entry.state) for entry in world.entries()} == {"accepted"}


def test_questions_never_take_what_an_upload_waits_for(world, clock, eventually):
    """Four requests a minute, half of them for questions: never more, uploads first."""
    folder = world.folder()
    world.start(folder, clock=clock, max_requests_per_minute=4, follow_up_share=0.5)
    for number in range(10):
        make_pdf(os.path.join(folder.path, f"{number}.pdf"), str(number))
    eventually(lambda: len(world.arrived()) == 4, within=30)
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
    eventually(lambda: world.entries() and one(world).source_name == "Engineering", within=30)
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
    eventually(lambda: one(world).source_name == "Express", within=30)
    let_pass(world, clock, 600)
    assert not asked(world)


def test_a_source_that_parses_at_once_unasked_is_believed(world, clock, eventually):
    world.sandbox.api.sources = (replace(sb.ENGINEERING, always_sync=True),)
    folder = world.folder()
    world.start(folder, clock=clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)
    assert one(world).profile_name == "Aisha Rahman"
    assert not asked(world)


# -- by search


def test_without_a_reference_of_its_own_a_file_is_found_probably(world, clock, eventually):
    world.sandbox.api.references = "never"
    folder = world.folder(reference="the-same-for-all")
    world.start(folder, clock=clock)
    make_pdf(os.path.join(folder.path, "other.pdf"), "other")
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(2)
    let_pass(world, clock, 6)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"}, within=30)
    by_name = {os.path.basename(entry.path): entry for entry in world.entries()}
    assert listing.summary(by_name["Aisha.pdf"]) == "probably Aisha Rahman → Engineering"
    keys = {profile.file_name: profile.key for profile in world.sandbox.profiles()}
    assert {name: entry.profile_key for name, entry in by_name.items()} == keys
    assert not asked(world)


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
    eventually(lambda: one(world).state == "parsed", within=30)
    targets = [call.target for call in world.sandbox.ledger.calls()]
    assert any("/storing/profiles" in target for target in targets)
    assert not any("/profiles/searching" in target for target in targets)


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
    eventually(lambda: one(world).state == "parsed", within=30)
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
    eventually(lambda: one(world).state == "parsed", within=30)
    shared = world.folder("shared", reference="the-same-for-all")
    world.app.reload(world.config(known, shared))
    make_pdf(os.path.join(shared.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2, within=30)
    let_pass(world, clock, 600)
    make_pdf(os.path.join(known.path, "c.pdf"), "c")
    eventually(lambda: len(world.arrived()) == 3, within=30)
    let_pass(world, clock, 600)
    eventually(lambda: world.states()["c.pdf"] == "parsed", within=30)
    assert not any("write-only" in each for each in sentences(world))


# -- the webhook


@pytest.fixture
def hooked(world, clock):
    """A world whose sandbox sends webhooks, and the program that receives them."""
    world.settings = {"webhook": Webhook(enabled=True, port=free_port())}
    world.options = {"webhook_secret": lambda allow: SECRET}
    world.sandbox.webhooks.url = f"http://127.0.0.1:{world.settings['webhook'].port}/webhook"
    world.sandbox.webhooks.secret = SECRET
    return world


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start_hooked(world, clock, **settings):
    folder = world.folder(webhook_parsing_sending=True, **settings)
    world.start(folder, clock=clock)
    world.wait_for(lambda: any("webhook is received" in each for each in sentences(world)))
    return folder


def test_the_webhook_tells_at_once(hooked, clock, eventually):
    world = hooked
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)
    assert one(world).profile_name == "Aisha Rahman"
    assert world.sandbox.webhooks.answers == [200]
    assert len(asked(world)) == 1


def test_the_webhook_is_enough_for_a_key_that_may_only_write(hooked, clock, eventually):
    world = hooked
    world.keys.key = sb.WRITE_KEY
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)
    assert one(world).profile_key == world.sandbox.profiles()[0].key


def test_what_cannot_be_parsed_is_sent_again_under_another_reference(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.unparsable = "*.pdf"
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parse_failed"], within=30)
    assert "could not parse" in str(one(world).why)
    first = world.arrived()[0].reference
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: len(world.arrived()) == 2, within=30)
    eventually(lambda: one(world).state == "parse_failed", within=30)
    world.sandbox.api.unparsable = ""
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: one(world).state == "parsed", within=30)
    assert [record.reference for record in world.arrived()] == [first, f"{first}-2", f"{first}-3"]
    assert one(world).profile_key == world.sandbox.profiles()[-1].key


def event_of(path, source=sb.ENGINEERING.key, kind="success", key="k" * 40):
    """What HrFlow tells of a file that is uploaded under the reference of its content."""
    with open(path, "rb") as file:
        reference = hashlib.sha256(file.read()).hexdigest()
    profile = {"key": key, "reference": reference, "source": {"key": source}}
    return {"type": f"profile.parsing.{kind}", "message": "m", "profile": profile}


@pytest.mark.parametrize("kind", ["success", "update", "error"])
def test_an_event_that_is_faster_than_the_answer_survives_a_restart(
    hooked, clock, eventually, kind
):
    world = hooked
    world.keys.key = sb.WRITE_KEY  # so that nothing but the event can tell
    world.sandbox.webhooks.url = f"http://127.0.0.1:{world.settings['webhook'].port}/webhook"
    folder = start_hooked(world, clock)
    event = event_of(PDF, kind=kind)
    assert world.sandbox.webhooks.send(event) == 200
    world.nudge()
    world.stop()
    world.sandbox.webhooks.secret = "nobody's"  # the sandbox's own event is not believed
    world.start(folder, clock=clock)
    world.wait_for(lambda: any("webhook is received" in each for each in sentences(world)))
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    expected = "parse_failed" if kind == "error" else "parsed"
    eventually(lambda: [str(e.state) for e in world.entries()] == [expected], within=30)
    assert one(world).profile_key == ("" if kind == "error" else "k" * 40)


@pytest.mark.parametrize("key", [sb.WRITE_KEY, sb.READ_WRITE_KEY])
def test_an_upload_without_an_answer_is_not_sent_again_once_the_webhook_tells_of_it(
    hooked, clock, eventually, key
):
    world = hooked
    world.keys.key = key
    world.sandbox.faults.set(sb.Fault(kind=sb.Kind.CUT_BEFORE_ANSWER, method="POST", times=1))
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: world.sandbox.webhooks.answers == [200], within=30)
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)
    assert list(world.sandbox.parses().values()) == [1]
    assert one(world).profile_key == world.sandbox.profiles()[0].key


def test_a_profile_that_is_parsed_again_changes_nothing_for_a_file_that_is_parsed(
    hooked, clock, eventually
):
    world = hooked
    folder = start_hooked(world, clock)
    path = os.path.join(folder.path, "Aisha.pdf")
    shutil.copy(PDF, path)
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)
    before = one(world)
    event = event_of(path, kind="update", key=before.profile_key)
    assert world.sandbox.webhooks.send(event) == 200
    world.nudge()
    assert one(world) == before
    assert list(world.sandbox.parses().values()) == [1]


def test_an_event_that_nobody_signed_changes_nothing(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.parse_seconds = 1e9
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(1)
    profile = world.sandbox.profiles()[0]
    event = {
        "type": "profile.parsing.error",
        "profile": {"key": profile.key, "reference": profile.reference},
    }
    send = world.sandbox.webhooks.send
    assert send(event, secret="another") == 401
    world.nudge()
    assert one(world).state == "accepted"
    assert send(event) == 200
    eventually(lambda: one(world).state == "parse_failed", within=30)
    assert send(event) == 409
    world.stop()
    world.start(folder, clock=clock)
    world.wait_for(lambda: any("webhook is received" in each for each in sentences(world)))
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: len(world.arrived()) == 2, within=30)
    eventually(lambda: one(world).state == "accepted", within=30)
    assert send(event) == 200  # taken, and known to the journal
    world.nudge()
    assert one(world).state == "accepted"


def no_secret(_allow_insecure):
    raise CredentialError("There is no secret for the webhook.")


def test_without_a_secret_nothing_is_received(world, clock):
    world.settings = {"webhook": Webhook(enabled=True, port=free_port())}
    world.options = {"webhook_secret": no_secret}
    world.start(world.folder(), clock=clock)
    world.wait_for(lambda: any("No webhook is received" in each for each in sentences(world)))
    assert world.app._reception.port == 0


def test_settings_that_change_open_and_close_the_port(hooked, clock, eventually):
    world = hooked
    folder = start_hooked(world, clock)
    first = world.app._reception.port
    other = free_port()
    config = world.config(folder)
    world.app.reload(replaced(config, webhook=Webhook(enabled=True, port=other)))
    eventually(lambda: world.app._reception.port == other, within=30)
    socket.create_server(("127.0.0.1", first)).close()  # it is free again
    world.app.reload(config)
    assert world.app._reception.port == 0
    socket.create_server(("127.0.0.1", other)).close()
    world.app.reload(replaced(config, webhook=Webhook(enabled=True, port=other)))
    eventually(lambda: world.app._reception.port == other, within=30)
    world.sandbox.webhooks.url = f"http://127.0.0.1:{other}/webhook"
    assert world.sandbox.webhooks.send({"type": "x"}) == 200


def test_a_port_that_is_taken_is_said_and_all_else_goes_on(hooked, clock, eventually):
    world = hooked
    with socket.create_server(("127.0.0.1", world.settings["webhook"].port)):
        folder = world.folder()
        world.start(folder, clock=clock)
        world.wait_for(lambda: any("cannot be received" in each for each in sentences(world)))
        make_pdf(os.path.join(folder.path, "a.pdf"))
        world.wait_idle(1)
    world.app.post(Resume())
    eventually(lambda: world.app._reception.port, within=30)


# -- hooks


def test_a_command_is_run_for_what_is_parsed_and_for_what_is_refused(world, clock, eventually):
    note = world.root / "notes"
    note.mkdir()
    code = "import json, os, sys, uuid; "
    code += (
        f"open(os.path.join({str(note)!r}, uuid.uuid4().hex), 'w').write(json.dumps(sys.argv[1:]))"
    )
    command = (sys.executable, "-c", code)
    world.settings = {
        "hooks": Hooks(
            parsed=(*command, "parsed", "{path}", "{profile_key}", "; echo {{"),
            refused=(*command, "refused", "{path}"),
        )
    }
    folder = send(world, clock, name="$(touch hacked) ; 'x'.pdf")
    make_pdf(os.path.join(folder.path, "fine.pdf"))
    with open(os.path.join(folder.path, "bad.pdf"), "wb") as file:
        file.write(b"MZ\x90\x00 this is a program" + b"\x00" * 200)
    eventually(lambda: len(world.arrived()) == 2, within=30)
    let_pass(world, clock, 6)
    let_pass(world, clock, 60)  # what is no document is given its time to become one
    eventually(lambda: len(list(note.iterdir())) == 3, within=60)

    def read():
        return sorted(json.loads(each.read_text()) for each in note.iterdir() if each.read_text())

    eventually(lambda: len(read()) == 3, within=30)
    keys = {os.path.basename(e.path): e.profile_key for e in world.entries()}
    by_path = {os.path.basename(row[1]): row for row in read()}
    odd = by_path["$(touch hacked) ; 'x'.pdf"]
    assert odd[0] == "parsed"
    assert odd[2:] == [keys["$(touch hacked) ; 'x'.pdf"], "; echo {"]
    assert by_path["bad.pdf"][0] == "refused"


def test_a_command_that_fails_is_told_once(world, clock, eventually):
    world.settings = {"hooks": Hooks(parsed=(sys.executable, "-c", "import sys; sys.exit(3)"))}
    folder = send(world, clock)
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2, within=30)
    let_pass(world, clock, 6)
    let_pass(world, clock, 6)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"}, within=30)
    world.wait_for(lambda: any("exit code 3" in each for each in sentences(world)))
    assert len([each for each in sentences(world) if "exit code 3" in each]) == 1


def test_a_command_that_was_under_way_at_the_end_is_run_again(world, clock, eventually):
    note = world.root / "note"
    code = f"import os, time\npath = {str(note)!r}\nagain = os.path.exists(path)\n"
    code += "open(path, 'a').write('x')\nif not again: time.sleep(600)"
    world.settings = {"hooks": Hooks(parsed=(sys.executable, "-c", code))}
    folder = send(world, clock)
    let_pass(world, clock, 6)
    eventually(lambda: note.exists() and note.read_text() == "x", within=30)
    world.stop()
    world.start(folder, clock=clock)
    eventually(lambda: note.read_text() == "xx", within=30)
    world.nudge()
    assert note.read_text() == "xx"


def test_every_step_is_told(world, clock, eventually):
    send(world, clock)
    let_pass(world, clock, 6)
    world.wait_for(
        lambda: any(
            isinstance(n, Entry) and n.state == "parsed" and n.profile_name for n in world.news
        )
    )


def test_an_event_that_is_faster_than_the_uploads_answer_is_not_lost(hooked, clock, eventually):
    world = hooked
    world.keys.key = sb.WRITE_KEY  # so that nobody asks
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, method="POST", delay=0.7))
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: world.sandbox.webhooks.answers == [200], within=30)
    assert [str(entry.state) for entry in world.entries()] == ["uploading"]
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"], within=30)


def test_a_file_that_was_filed_away_is_retried_once_it_is_back(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.unparsable = "*.pdf"
    folder = start_hooked(world, clock, after_upload=AfterUpload.MOVE)
    path = os.path.join(folder.path, "Aisha.pdf")
    shutil.copy(PDF, path)
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parse_failed"], within=30)
    eventually(lambda: one(world).filed_to, within=30)
    world.app.post(Retry((one(world).file_id,)))
    world.wait_for(lambda: any("put it back" in each for each in sentences(world)))
    assert one(world).state == "parse_failed"
    world.sandbox.api.unparsable = ""
    os.rename(one(world).filed_to, path)
    eventually(lambda: world.read_known(path), within=30)
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: one(world).state == "parsed", within=30)
    assert [record.reference[-2:] for record in world.arrived()][1] == "-2"


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
    eventually(lambda: one(world).state == "parsed", within=30)
    assert listing.summary(one(world)).endswith("only the first 10 of 12 pages were parsed")


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
    eventually(lambda: asked(world), within=30)
    world.app.post(Forget((one(world).file_id,)))
    eventually(lambda: not world.entries(), within=30)
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2, within=30)
    let_pass(world, clock, 6)
    eventually(lambda: world.states().get("b.pdf") == "parsed", within=30)
