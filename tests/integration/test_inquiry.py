"""What setup and doctor ask HrFlow, against the sandbox over real HTTP."""

import time
from contextlib import closing

import pytest
from msgspec.structs import replace

from watcher import sandbox as sb
from watcher.daemon.workspace import ask_hrflow, source_warning
from watcher.hrflow.client import Inquiry, NoAccessError, RefusedKeyError
from watcher.model.errors import CredentialError, UnusableError
from watcher.model.settings import Account
from watcher.sandbox import Fault, Kind, Source


@pytest.fixture
def sandbox():
    with sb.Sandbox() as made:
        yield made


def account_of(sandbox):
    return Account("default", sb.EMAIL, sandbox.url)


@pytest.fixture
def inquiry(sandbox):
    with closing(Inquiry(account_of(sandbox), sb.READ_WRITE_KEY, time.monotonic)) as made:
        yield made


@pytest.mark.parametrize("later", [False, True])
def test_what_a_key_may_do_under_both_names(sandbox, inquiry, later):
    sandbox.api.later = later
    assert inquiry.access().permission == "all"
    with pytest.raises(CredentialError, match="read-only key"):
        ask_hrflow(account_of(sandbox), sb.READ_KEY)


@pytest.mark.parametrize("later", [False, True])
def test_sync_parsing_as_a_boolean_and_as_a_number(sandbox, inquiry, later):
    sandbox.api.later = later
    found = {source.name: source.sync_parsing for source in inquiry.sources()}
    assert found == {"Engineering": False, "Sales": False, "Express": True}
    assert inquiry.source(sb.EXPRESS.key).sync_parsing
    assert not inquiry.source(sb.SALES.key).sync_parsing


def test_a_name_can_be_stored_whatever_the_server_has_cut(sandbox, inquiry):
    sandbox.api.sources = (Source("a" * 40, "Caf\ud83d"),)
    assert ask_hrflow(account_of(sandbox), sb.READ_WRITE_KEY).names == {"a" * 40: "Caf"}


@pytest.mark.parametrize("number", [0, 1, 29, 30, 31, 60, 95])
def test_all_pages_of_sources_are_read_thirty_at_a_time(sandbox, inquiry, number):
    sandbox.api.sources = tuple(Source(f"{each:040x}", f"S{each:03}") for each in range(number))
    assert [source.name for source in inquiry.sources()] == [
        f"S{each:03}" for each in range(number)
    ]
    pages = [call.target for call in sandbox.ledger.calls() if "/sources" in call.target]
    assert len(pages) == max(1, -(-number // 30))
    assert all("limit=30" in page for page in pages)


@pytest.mark.parametrize(
    ("change", "note", "said"),
    [
        ({}, "", None),
        ({"disable": True}, "disabled in HrFlow", "disabled"),
        ({"archived_at": "2026-01-01T00:00:00"}, "archived in HrFlow", "archived"),
        ({"environment": "test"}, "test environment", "test environment"),
        ({"environment": "test", "disable": True}, "disabled in HrFlow", "disabled"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_sources_that_are_not_in_daily_use_are_told_of(sandbox, inquiry, later, change, note, said):
    sandbox.api.later = later
    sandbox.api.sources = (replace(sb.SALES, **change), sb.EXPRESS)
    source = inquiry.source(sb.SALES.key)
    assert str(source.note) == note
    assert not inquiry.source(sb.EXPRESS.key).note
    warned = source_warning(source)
    assert said in str(warned) if said else not warned
    workspace = ask_hrflow(account_of(sandbox), sb.READ_WRITE_KEY)
    assert bool(workspace.warning(sb.SALES.key)) == bool(said)
    assert not workspace.warning(sb.EXPRESS.key)


def test_a_source_that_the_key_has_no_access_to_says_nothing_against_the_key(sandbox, inquiry):
    sandbox.api.forbidden = [sb.SALES.key]
    with pytest.raises(NoAccessError):
        inquiry.source(sb.SALES.key)
    assert inquiry.source(sb.EXPRESS.key).name == "Express"
    assert "Sales" not in {source.name for source in inquiry.sources()}


def test_a_wrong_key_is_one_and_a_used_up_plan_is_none(sandbox, inquiry):
    sandbox.faults.set(Fault(kind=Kind.STATUS, status=402, message="Payment required"))
    with pytest.raises(UnusableError, match="quota is used up"):
        inquiry.access()
    sandbox.faults.set()
    with (
        closing(Inquiry(account_of(sandbox), "ask_" + "e" * 32, time.monotonic)) as other,
        pytest.raises(RefusedKeyError),
    ):
        other.access()
