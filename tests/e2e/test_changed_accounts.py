"""Accounts and sources that change in the settings while files are on their way to them."""

import pytest

from tests.support.samples import drop
from tests.support.world import wait_for
from watcher import sandbox as sb
from watcher.model.settings import Config
from watcher.sandbox import Fault, Kind


def make_uncertain(world, eventually, *, stored):
    """Have a file of account "paris" of which nobody knows whether it has arrived."""
    world.sandbox.faults.set(
        Fault(kind=Kind.STATUS, status=504, method="POST", stored=stored, times=1),
        Fault(kind=Kind.STATUS, status=503),
    )
    folder = world.folder(account="paris")
    world.start(folder, name="paris", confirm_seconds=1.0)
    drop(folder, "a.pdf")
    wait_for(world, eventually, "a.pdf", "uncertain")


def rename(world, name):
    """Give the account another name, in the settings of its folder too."""
    folder = world.folder(account=name)
    world.app.reload(world.config(folder, name=name, confirm_seconds=1.0))


@pytest.mark.parametrize("stored", [True, False])
def test_an_uncertain_upload_is_asked_for_through_the_renamed_account(world, eventually, stored):
    make_uncertain(world, eventually, stored=stored)
    rename(world, "office")
    world.sandbox.faults.clear()
    wait_for(world, eventually, "a.pdf", "parsed")
    assert len(world.sandbox.ledger.records()) == (1 if stored else 2)
    assert [*world.sandbox.parses().values()] == [1]
    assert [entry.account for entry in world.entries()] == ["office"]


def test_so_is_one_whose_folder_is_not_watched_any_more(world, eventually):
    make_uncertain(world, eventually, stored=True)
    other = world.folder("other", account="office")
    world.app.reload(world.config(other, name="office", confirm_seconds=1.0))
    world.sandbox.faults.clear()
    wait_for(world, eventually, "a.pdf", "parsed")


def test_it_is_told_that_nobody_can_ask_and_asked_once_somebody_can(world, eventually):
    make_uncertain(world, eventually, stored=True)
    other = world.folder("other", account="office")
    accounts = [world.config(name=name).accounts[0] for name in ("office", "lyon")]
    world.app.reload(Config(accounts=tuple(accounts), folders=(other,)))
    eventually(lambda: "paris" in str(world.entries()[0].why))
    assert world.entries()[0].due_at == 0
    world.sandbox.faults.clear()
    paris = world.config(name="paris", confirm_seconds=1.0).accounts[0]
    world.app.reload(Config(accounts=(*accounts, paris), folders=(other,)))
    wait_for(world, eventually, "a.pdf", "parsed")


def test_the_result_of_an_upload_is_asked_for_through_the_renamed_account(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.STATUS, status=503, method="GET"))
    folder = world.folder(account="paris")
    world.start(folder, name="paris")
    drop(folder, "a.pdf")
    wait_for(world, eventually, "a.pdf", "accepted")
    rename(world, "office")
    world.sandbox.faults.clear()
    wait_for(world, eventually, "a.pdf", "parsed")
    assert len(world.sandbox.ledger.records()) == 1


@pytest.mark.parametrize("status", [401, 402, 429, 504])
def test_what_fails_after_its_account_was_renamed_goes_through_the_new_one(
    world, eventually, status
):
    fault = Fault(kind=Kind.STATUS, status=status, method="POST", delay=3.0, times=1)
    world.sandbox.faults.set(fault)
    folder = world.folder(account="paris")
    world.start(folder, name="paris", confirm_seconds=1.0)
    drop(folder, "a.pdf")
    eventually(lambda: [record for record in world.sandbox.ledger.records() if record.whole])
    rename(world, "office")
    wait_for(world, eventually, "a.pdf", "parsed")
    assert [entry.account for entry in world.entries()] == ["office"]
    eventually(lambda: not world.app.snapshot().holds)


def test_what_a_wrong_source_refuses_goes_to_the_one_that_was_named_meanwhile(world, eventually):
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, method="POST", delay=3.0, times=1))
    folder = world.folder(source_key="0" * 40)
    world.start(folder)
    drop(folder, "a.pdf")
    eventually(lambda: [record for record in world.sandbox.ledger.records() if record.whole])
    world.app.reload(world.config(world.folder(source_key=sb.SALES.key)))
    wait_for(world, eventually, "a.pdf", "parsed")
    assert [record.source_key for record in world.arrived()] == [sb.SALES.key]
    eventually(lambda: not world.app.snapshot().holds)
