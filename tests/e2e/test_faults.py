"""What goes wrong between us and HrFlow: only what it concerns stops, and all of it goes on."""

import itertools
import os

import pytest
from msgspec.structs import replace

from tests.support.clock import SetClock
from tests.support.samples import make_pdf
from watcher import sandbox as sb
from watcher.model.holds import hold_key
from watcher.model.kinds import Cause
from watcher.model.settings import (
    Account,
    Changed,
    Config,
    Duplicates,
)
from watcher.pipeline.messages import Resume
from watcher.sandbox import Fault, Kind


def drop(folder, number, size=0):
    for index in range(number):
        make_pdf(os.path.join(folder.path, f"{index}.pdf"), str(index), size)


def held(world):
    return [entry for entry in world.entries() if str(entry.state) == "held"]


def test_a_wrong_key_holds_everything_and_a_right_one_lets_it_go(world, eventually):
    world.keys.key = "ask_" + "0" * 32
    folder = world.folder()
    world.start(folder)
    drop(folder, 5)
    eventually(lambda: len(held(world)) == 5)
    assert all("•••" in str(entry.why) and "0000" not in str(entry.why) for entry in held(world))
    world.keys.key = sb.READ_WRITE_KEY
    world.app.post(Resume())
    world.wait_idle(5)
    assert len(world.arrived()) == 5


def test_a_key_that_was_mended_while_nothing_ran_is_tried_at_the_start(world, eventually):
    world.keys.key = "ask_" + "0" * 32
    folder = world.folder()
    world.start(folder)
    drop(folder, 5)
    eventually(lambda: len(held(world)) == 5)
    world.stop()
    asked = len(world.sandbox.ledger.records())
    world.start(folder)  # still the wrong one: a single file finds out
    eventually(lambda: len(world.sandbox.ledger.records()) > asked)
    eventually(lambda: len(held(world)) == 5)
    world.stop()
    assert len(world.sandbox.ledger.records()) == asked + 1
    world.keys.key = sb.READ_WRITE_KEY
    world.start(folder)
    world.wait_idle(5)
    assert len(world.arrived()) == 5


def test_a_wrong_source_holds_only_its_own_files(world, eventually):
    good, bad = world.folder("good"), world.folder("bad", source_key="0" * 40)
    world.start(good, bad)
    drop(bad, 3)
    make_pdf(os.path.join(good.path, "good.pdf"), "good")
    world.wait_idle(1)
    eventually(lambda: len(held(world)) == 3)
    assert [record.file_name for record in world.arrived()] == ["good.pdf"]


def test_a_corrected_setting_lets_held_files_go(world, eventually):
    folder = world.folder(source_key="0" * 40)
    world.start(folder)
    drop(folder, 3)
    eventually(lambda: len(held(world)) == 3)
    world.app.reload(world.config(world.folder()))
    world.wait_idle(3)
    assert {record.source_key for record in world.arrived()} == {sb.ENGINEERING.key}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.STATUS, status=500, times=3),
        Fault(kind=Kind.STATUS, status=429, retry_after="1", times=2),
        Fault(kind=Kind.HTML, times=2),
        Fault(kind=Kind.CUT_BEFORE_BODY, times=2),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_that_passes_loses_and_doubles_nothing(world, fault):
    world.sandbox.faults.set(fault)
    folder = world.folder()
    world.start(folder, confirm_seconds=2.0)
    drop(folder, 4, size=5_000_000)  # more than a network takes before it tells of a cut
    world.wait_idle(4)
    arrived = world.arrived()
    assert len(arrived) == len({record.sha256 for record in arrived}) == 4


def test_an_answer_that_never_came_is_asked_for_and_not_sent_again(world):
    world.sandbox.faults.set(Fault(kind=Kind.CUT_BEFORE_ANSWER, times=1))
    folder = world.folder()
    world.start(folder)
    drop(folder, 1)
    world.wait_idle(1)
    world.stop()
    assert len(world.sandbox.ledger.records()) == 1
    assert list(world.states().values()) == ["parsed"]


def test_a_folder_that_is_not_watched_any_more_sends_nothing_until_it_is_again(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.HTML, times=None))
    folder, other = world.folder(), world.folder("other")
    world.start(folder, other, confirm_seconds=1.0)
    drop(folder, 2)
    eventually(lambda: len(world.sandbox.ledger.records()) >= 1)
    world.app.reload(world.config(other, confirm_seconds=1.0))
    world.nudge()
    eventually(lambda: "uploading" not in world.states().values())
    world.sandbox.faults.clear()
    make_pdf(os.path.join(other.path, "other.pdf"), "other")
    eventually(lambda: len(world.arrived()) == 1)
    assert world.arrived()[0].file_name == "other.pdf"
    world.app.reload(world.config(folder, other, confirm_seconds=1.0))
    eventually(lambda: len(world.arrived()) == 3)


def test_the_profile_of_an_earlier_version_proves_nothing(world, eventually):
    folder = world.folder(reference="{stem}", changed=Changed.UPLOAD)
    world.start(folder, confirm_seconds=1.0)
    path = os.path.join(folder.path, "jane.pdf")
    make_pdf(path, "first")
    eventually(lambda: "parsed" in world.states().values())
    world.sandbox.faults.set(Fault(kind=Kind.HTML, method="POST", times=1))  # stores nothing
    make_pdf(path, "second", 10)
    world.nudge()
    eventually(lambda: len({record.sha256 for record in world.arrived()}) == 2)


def test_a_used_up_quota_is_a_cause_of_its_own(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=402, message="Quota exceeded"))
    folder = world.folder()
    world.start(folder)
    drop(folder, 3)
    eventually(lambda: len(held(world)) == 3)
    (hold,) = world.app.snapshot().holds
    assert hold.key == hold_key(Cause.QUOTA, "default")
    assert {entry.why for entry in held(world)} == {hold.why}
    assert "quota" in str(hold.why)
    assert "key" not in str(hold.why)
    assert world.keys.asked_anew == 0, "the key is fine"
    world.sandbox.faults.clear()
    world.app.post(Resume())
    world.wait_idle(3)
    assert len(world.arrived()) == 3


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "Unauthorized Access to source key: 0000"),
        (400, "Invalid parameters. Unable to find object: source"),
        (400, "Could not find a source matching this query."),
    ],
)
def test_a_source_that_is_not_to_be_had_holds_only_its_own_files(
    world, eventually, status, message
):
    good, bad = world.folder("good"), world.folder("bad", source_key=sb.SALES.key)
    fault = Fault(kind=Kind.STATUS, status=status, message=message, source_key=sb.SALES.key)
    world.sandbox.faults.set(fault)
    world.start(good, bad)
    drop(bad, 3)
    make_pdf(os.path.join(good.path, "good.pdf"), "good")
    world.wait_idle(1)
    eventually(lambda: len(held(world)) == 3)
    assert [hold.key for hold in world.app.snapshot().holds] == [
        hold_key(Cause.SOURCE, "default", sb.SALES.key)
    ]
    assert world.keys.asked_anew == 0
    world.sandbox.faults.clear()
    world.app.post(Resume())
    world.wait_idle(4)
    assert len(world.arrived()) == 4


def test_a_reference_is_measured_with_what_is_added_to_it(world):
    folder = world.folder(reference="r" * 250, duplicates=Duplicates.UPLOAD)
    world.start(folder)
    for name in ("a.pdf", "b.pdf"):
        make_pdf(os.path.join(folder.path, name), "the same")
        world.wait_idle(1 if name == "a.pdf" else 2)
    (refused,) = [entry for entry in world.entries() if str(entry.state) == "refused"]
    assert "reference would be empty or longer than 255 characters" in str(refused.why)
    assert len(world.sandbox.ledger.records()) == 1


@pytest.mark.parametrize("ends_while_it_is_gone", [True, False])
@pytest.mark.parametrize("kind", [Kind.HTML, Kind.STATUS], ids=["a log-in page", "503"])
def test_an_account_that_goes_and_comes_back_while_it_uploads_is_as_it_was(
    world, eventually, kind, ends_while_it_is_gone
):
    """Neither offline for ever, nor more uploads at once than allowed."""
    folder, other = world.folder(), world.folder("other", account="other")
    both = world.config(folder, other, parallel_uploads=1, read_timeout=60.0)
    more = Account(name="other", email=sb.EMAIL, api_url=world.sandbox.url)
    both = replace(both, accounts=(*both.accounts, more))
    world.config = lambda *_, **__: both
    world.sandbox.faults.set(
        Fault(
            kind=kind, status=503 if kind is Kind.STATUS else 0, method="POST", delay=3.0, times=1
        ),
        Fault(kind=Kind.NEVER, file_name="next*"),
    )
    world.start(folder, other)
    drop(folder, 1)
    eventually(world.sandbox.ledger.records)  # the request is on its way
    world.app.reload(Config(accounts=(more,), folders=(other,)))
    world.nudge()
    if not ends_while_it_is_gone:
        world.app.reload(both)
        world.nudge()
    eventually(lambda: "uncertain" in world.states().values())
    world.app.reload(Config(accounts=(more,), folders=(other,)))
    world.nudge()
    eventually(lambda: not world.app.snapshot().offline_since)
    world.app.reload(both)
    for name in ("next 1.pdf", "next 2.pdf", "next 3.pdf"):
        make_pdf(os.path.join(folder.path, name), name)
    eventually(lambda: len(world.sandbox.ledger.records()) == 2)
    eventually(lambda: list(world.states().values()).count("queued") == 2)
    world.nudge()
    assert len(world.sandbox.ledger.records()) == 2
    world.sandbox.stop()  # which ends what has waited for an answer


def test_held_files_that_went_do_not_use_up_the_probes(world, eventually):
    clock = SetClock()
    right, world.keys.key = world.keys.key, "ask_" + "0" * 32
    folder = world.folder()
    world.start(folder, clock=clock)
    inner = os.path.join(folder.path, "inner")
    os.mkdir(inner)
    for number in range(5):
        make_pdf(os.path.join(inner, f"{number}.pdf"), str(number))
    eventually(lambda: list(world.states().values()) == ["held"] * 5)
    make_pdf(os.path.join(folder.path, "real.pdf"), "real")
    eventually(lambda: world.states().get("real.pdf") == "held")
    os.rename(inner, os.path.join(world.root, "away"))
    eventually(lambda: list(world.states().values()).count("gone") == 5)
    world.keys.key = right
    clock.passed += 3600.0
    world.nudge()
    eventually(lambda: world.outcomes().get("real.pdf") == "sent")


def test_files_that_share_a_reference_go_one_after_the_other(world, eventually):
    """An earlier one that is sent again would replace a later one in HrFlow."""
    world.sandbox.faults.set(
        Fault(kind=Kind.STATUS, status=504, method="POST", times=1),
        Fault(kind=Kind.DELAY, delay=0.5, method="POST"),
    )
    folder = world.folder(reference="the-same-for-all")
    world.start(folder, confirm_seconds=3.0)
    make_pdf(os.path.join(folder.path, "first.pdf"), "first")
    eventually(lambda: world.states().get("first.pdf") == "uncertain")
    for name in ("second", "third"):
        make_pdf(os.path.join(folder.path, f"{name}.pdf"), name)
    world.wait_for(lambda: len(world.arrived()) == 3)
    records = world.sandbox.ledger.records()
    assert [record.file_name for record in records[:2]] == ["first.pdf", "first.pdf"]
    starts = [record.received_at for record in records[1:]]
    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(starts))
