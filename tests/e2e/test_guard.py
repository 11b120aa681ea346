"""A guard for the bill: very many files at once, and a month's limit, wait for a person's yes."""

import os
import time

import pytest
from msgspec.structs import replace

from tests.support.clock import SetClock
from tests.support.documents import zipped
from tests.support.mails import mail, pdf, save
from tests.support.samples import drop, make_pdf
from tests.support.world import wait_for
from watcher.daemon.recovery import standalone
from watcher.daemon.state_folder import Places
from watcher.model.holds import HOUR, burst_key, existing_key, hold_key, month_end
from watcher.model.kinds import Cause
from watcher.model.settings import Archives, Existing
from watcher.pipeline.messages import ApproveBelow, Ignore, Pause, ReleaseHold, Resume

MONTH = hold_key(Cause.MONTHLY_LIMIT, "default")


def names(first, last):
    return [f"{number:02}.pdf" for number in range(first, last + 1)]


def drop_all(folder, wanted):
    for name in wanted:
        drop(folder, name)


def holds(world):
    return {hold.key: hold.files for hold in world.app.snapshot().holds}


def sent(world):
    return sorted(name for name, state in world.outcomes().items() if state == "sent")


def let_pass(world, clock, seconds):
    """Let time pass, as far as everything has noticed."""
    world.nudge()
    clock.passed += seconds
    world.nudge()
    world.nudge()


@pytest.fixture
def ask(world, eventually):
    """A folder of which four files were sent and others are held; three go without a yes."""

    def ask(files=6, **settings):
        folder = world.folder(ask_above=3, **settings)
        world.start(folder)
        drop_all(folder, names(1, 3))
        eventually(lambda: len(sent(world)) == 3)
        drop_all(folder, names(4, files))
        eventually(lambda: holds(world) == {burst_key(folder.path): files - 3})
        return folder

    return ask


def test_more_new_files_than_allowed_in_an_hour_wait_for_a_yes(world, ask, eventually):
    folder = ask()
    (hold,) = world.app.snapshot().holds
    assert hold.why.args == {"folder": folder.path, "limit": 3}
    assert hold.size == sum(os.path.getsize(f"{folder.path}/{name}") for name in names(4, 6))
    world.app.post(Resume())  # "try everything again" is no yes
    world.nudge()
    assert len(world.arrived()) == 3
    world.app.post(ReleaseHold(hold.key))
    eventually(lambda: len(sent(world)) == 6)
    drop_all(folder, names(7, 14))  # the rest of what is being copied
    eventually(lambda: len(sent(world)) == 14)
    assert holds(world) == {}


def test_files_that_are_queued_wait_with_those_that_came_after_them(world, eventually):
    folder = world.folder(ask_above=3)
    world.start(folder)
    world.app.post(Pause(time.time() + HOUR))
    drop_all(folder, names(1, 5))
    eventually(lambda: holds(world) == {burst_key(folder.path): 5})
    assert not world.arrived()


def test_the_question_stays_over_a_restart_and_so_does_the_answer(world, ask, eventually):
    folder = ask()
    world.stop()
    world.start(folder)
    drop_all(folder, ["more.pdf"])
    eventually(lambda: holds(world) == {burst_key(folder.path): 4})
    world.stop()
    with standalone(Places(world.places.state)) as journal:
        journal.carry_out(ReleaseHold(burst_key(folder.path)))
    world.start(folder)
    drop_all(folder, names(7, 12))
    eventually(lambda: len(sent(world)) == 13)


def test_what_came_before_a_restart_counts(world, ask, eventually):
    folder = world.folder(ask_above=3)
    world.start(folder)
    drop_all(folder, names(1, 3))
    eventually(lambda: len(sent(world)) == 3)
    world.stop()
    world.start(folder)
    drop(folder, "04.pdf")
    eventually(lambda: holds(world) == {burst_key(folder.path): 1})


def test_files_that_come_in_their_time_are_not_asked_about(world, eventually):
    clock = SetClock()
    folder = world.folder(ask_above=3)
    world.start(folder, clock=clock)
    for hour in range(3):
        drop_all(folder, [f"{hour}-{name}" for name in names(1, 3)])
        eventually(lambda hour=hour: len(sent(world)) == 3 * (hour + 1))
        let_pass(world, clock, HOUR)
    assert holds(world) == {}


def test_after_an_hour_a_yes_is_over(world, eventually):
    clock = SetClock()
    folder = world.folder(ask_above=3)
    world.start(folder, clock=clock)
    world.app.post(ApproveBelow(folder.path))
    world.nudge()
    drop_all(folder, names(1, 5))
    eventually(lambda: len(sent(world)) == 5)
    let_pass(world, clock, HOUR + 1)
    drop_all(folder, names(6, 9))
    eventually(lambda: holds(world) == {burst_key(folder.path): 4} or len(world.arrived()) > 5)
    eventually(lambda: sum(holds(world).values()) + len(sent(world)) == 9)
    assert burst_key(folder.path) in holds(world)


def test_skipped_files_are_left_out_and_the_next_is_sent(world, ask, eventually):
    folder = ask()
    held = tuple(each.file_id for each in world.entries() if each.state == "held")
    world.app.post(Ignore(held))
    eventually(lambda: holds(world) == {})
    drop(folder, "next.pdf")
    wait_for(world, eventually, "next.pdf", "sent")


def test_files_that_are_taken_out_again_end_the_question(world, ask, eventually):
    folder = ask()
    for name in names(4, 6):
        os.unlink(f"{folder.path}/{name}")
    eventually(lambda: holds(world) == {})
    drop(folder, "next.pdf")
    wait_for(world, eventually, "next.pdf", "sent")


def test_nothing_else_waits(world, ask, eventually):
    ask()
    other = world.folder("other", ask_above=3)
    world.app.reload(replace(world.app.config, folders=(*world.app.config.folders, other)))
    drop(other, "elsewhere.pdf")
    wait_for(world, eventually, "elsewhere.pdf", "sent")
    assert len(world.arrived()) == 4


def test_other_settings_neither_answer_the_question_nor_ask_anew(world, ask, eventually):
    folder = ask()
    key = burst_key(folder.path)
    other = replace(folder, tags=(), max_size=5_000_000)
    world.app.reload(replace(world.app.config, folders=(other,)))
    world.nudge()
    eventually(lambda: holds(world) == {key: 3})
    assert len(world.arrived()) == 3
    world.app.post(Pause(time.time() + HOUR))
    world.app.post(ReleaseHold(key))
    eventually(lambda: holds(world) == {})
    again = replace(other, max_size=6_000_000)
    world.app.reload(replace(world.app.config, folders=(again,)))
    world.nudge()
    world.app.post(Pause(0.0))
    eventually(lambda: len(sent(world)) == 6)


def test_documents_in_an_email_count_and_copies_do_not(world, eventually):
    folder = world.folder(ask_above=3)
    world.start(folder)
    save(folder.path, "two.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    eventually(lambda: len(world.arrived()) == 2)
    for number in range(4):
        make_pdf(f"{folder.path}/copy {number}.pdf", "the same")
    eventually(lambda: len(world.arrived()) == 3)
    save(folder.path, "third.eml", mail(("c.pdf", pdf("c"))))
    eventually(lambda: holds(world) == {burst_key(folder.path): 1})


def test_existing_files_that_were_approved_are_not_asked_about_again(world, eventually):
    folder = world.folder(ask_above=3, existing=Existing.UPLOAD)
    drop_all(folder, names(1, 5))
    world.start(folder)
    key = existing_key(folder.path)
    eventually(lambda: holds(world) == {key: 5})  # as many new ones would be asked about, too
    world.app.post(ReleaseHold(key))
    eventually(lambda: len(sent(world)) == 5)
    assert holds(world) == {}


def test_documents_in_existing_files_are_counted_before_the_question_is_answered(world, eventually):
    folder = world.folder(ask_above=3, existing=Existing.UPLOAD, archives=Archives.OPEN)
    drop(folder, "alone.pdf")
    save(folder.path, "pdf.eml", pdf("not an email"))
    save(folder.path, "two.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    save(folder.path, "three.ZIP", zipped(*((f"{n}.pdf", pdf(n)) for n in "345")))
    world.start(folder)
    key = existing_key(folder.path)
    eventually(lambda: holds(world) == {key: 7})
    os.rename(f"{folder.path}/two.eml", f"{folder.path}/renamed.eml")
    eventually(lambda: "renamed.eml" in world.outcomes())
    world.nudge()
    eventually(lambda: holds(world) == {key: 7})
    world.stop()
    world.start(folder)
    assert holds(world) == {key: 7}
    assert not world.arrived()
    world.app.post(ReleaseHold(key))
    eventually(lambda: len(world.arrived()) == 7)
    assert holds(world) == {}


def test_documents_in_existing_files_are_skipped_with_them(world, eventually):
    folder = world.folder(existing=Existing.ASK)
    save(folder.path, "two.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    world.start(folder)
    eventually(lambda: holds(world) == {existing_key(folder.path): 2})
    skipping = replace(folder, existing=Existing.SKIP)
    world.app.reload(replace(world.app.config, folders=(skipping,)))
    eventually(lambda: holds(world) == {})
    drop(folder, "next.pdf")
    wait_for(world, eventually, "next.pdf", "sent")
    assert len(world.arrived()) == 1


def test_existing_files_that_are_uploaded_unasked_are_no_answer(world, eventually):
    folder = world.folder(ask_above=3, existing=Existing.UPLOAD)
    drop(folder, "existing.pdf")
    world.start(folder)
    eventually(lambda: len(sent(world)) == 1)
    drop_all(folder, names(1, 5))
    eventually(lambda: burst_key(folder.path) in holds(world))


def test_a_limit_of_zero_never_asks(world, eventually):
    folder = world.folder(ask_above=0)
    world.start(folder)
    drop_all(folder, names(1, 8))
    eventually(lambda: len(sent(world)) == 8)


def test_other_settings_that_never_ask_let_files_go(world, ask, eventually):
    folder = ask()
    other = replace(folder, ask_above=0)
    world.app.reload(replace(world.app.config, folders=(other,)))
    eventually(lambda: len(sent(world)) == 6)


# -- a limit for the month


def test_files_above_a_monthly_limit_wait_until_the_month_turns(world, eventually):
    clock = SetClock()
    folder = world.folder()
    world.start(folder, clock=clock, monthly_limit=3)
    drop_all(folder, names(1, 5))
    eventually(lambda: holds(world) == {MONTH: 2})
    assert len(world.arrived()) == 3
    world.app.post(Resume())
    world.nudge()
    drop(folder, "06.pdf")
    eventually(lambda: holds(world) == {MONTH: 3})
    world.stop()
    world.start(folder, clock=clock, monthly_limit=3)
    assert holds(world) == {MONTH: 3}
    let_pass(world, clock, month_end(clock.wall()) - clock.wall() + 1)
    eventually(lambda: len(sent(world)) == 6)
    assert holds(world) == {}


def test_a_yes_counts_for_the_files_above_the_monthly_limit_that_wait(world, eventually):
    folder = world.folder()
    world.start(folder, monthly_limit=2)
    drop_all(folder, names(1, 4))
    eventually(lambda: holds(world) == {MONTH: 2})
    world.app.post(ReleaseHold(MONTH))
    eventually(lambda: len(sent(world)) == 4)
    drop(folder, "05.pdf")
    eventually(lambda: holds(world) == {MONTH: 1})
    assert len(world.arrived()) == 4


def test_a_higher_monthly_limit_lets_files_go(world, eventually):
    folder = world.folder()
    world.start(folder, monthly_limit=2)
    drop_all(folder, names(1, 4))
    eventually(lambda: holds(world) == {MONTH: 2})
    world.app.reload(world.config(folder, monthly_limit=3))
    eventually(lambda: holds(world) == {MONTH: 1} and len(sent(world)) == 3)
    world.app.reload(world.config(folder))
    eventually(lambda: len(sent(world)) == 4)
