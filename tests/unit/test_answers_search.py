"""What answers about sources and to searches mean."""

import json

import pytest

from watcher.hrflow.answers import (
    Answer,
    finding,
    page_count,
    profile_page,
    source_facts,
    upload_outcome,
)
from watcher.i18n.message import verbatim
from watcher.model.uploads import (
    Held,
    NoSync,
    ProfilePage,
    Refused,
    SourceFacts,
    Unknown,
    Unreadable,
    Wait,
)


def answer(code, message="m", status=None, **more):
    body = {"code": code, "message": message, **more}
    return Answer(status or code, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("code", "message", "sync", "kind"),
    [
        (400, "Sync parsing is not enabled for this source", True, NoSync),
        (403, "sync_parsing not allowed", True, NoSync),
        (400, "Synchronous parsing is not activated", True, NoSync),
        (400, "Sync parsing is not enabled for this source", False, Refused),  # not asked for
        (400, "async parsing failed", True, Refused),
        (400, "Invalid field tags", True, Refused),
        (401, "Invalid secret key: x for permission: write", True, Held),
    ],
)
def test_a_source_that_does_not_parse_at_once_is_recognised(code, message, sync, kind):
    assert isinstance(upload_outcome(answer(code, message), 0.0, sync=sync), kind)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (
            answer(200, data={"name": "Engineering", "sync_parsing": True}),
            SourceFacts("Engineering", True),
        ),
        (answer(200, data={"name": "E", "sync_parsing": 1}), SourceFacts("E", True)),
        (answer(200, data={"name": "E", "sync_parsing": 0}), SourceFacts("E", False)),
        (answer(200, data={"name": "E", "sync_parsing": "1"}), SourceFacts("E", True)),
        (answer(200, data={"name": "E", "sync_parsing": 2}), SourceFacts("E")),
        (answer(200, data={"name": "E", "sync_parsing": [1]}), SourceFacts("E")),
        (answer(200, data={"name": 5}), SourceFacts("")),
        # Half a character, where a server has cut a name, and what could forge a line.
        (answer(200, data={"name": "Caf\ud83d\n"}), SourceFacts("Caf")),
        (answer(200, data=[]), Unknown()),
        (answer(400, "Unable to find object: source"), Unknown()),
        (answer(401, "no access"), Unreadable(verbatim("no access"), source=True)),
    ],
)
def test_what_is_said_of_a_source(given, meant):
    assert source_facts(given, 0.0) == meant


@pytest.mark.parametrize("read", [source_facts, profile_page])
@pytest.mark.parametrize(
    "given",
    [answer(429), answer(503), Answer(200, {}, b"<html>"), Answer(302), answer(200, status=500)],
)
def test_what_is_no_answer_is_waited_for(read, given):
    assert isinstance(read(given, 0.0), Wait)


PROFILE = {
    "key": "k", "reference": "r", "created_at": "2026-11-23T10:00:00+00:00",
    "updated_at": "2026-11-23T11:00:00", "info": {"full_name": "Aisha Rahman", "email": "a@example.org"},
    "attachments": [
        {"type": "photo", "original_file_name": "me.png"},
        {"type": "resume", "file_name": "x.pdf", "original_file_name": "cv.pdf", "file_size": "123",
         "created_at": "2026-11-23T10:30:00Z"},
    ],
}  # fmt: skip


def test_what_a_search_lists():
    found = profile_page(answer(200, data={"profiles": [PROFILE]}, meta={"maxPage": 3}), 0.0)
    (listed,) = found.profiles
    assert found.pages == 3
    assert (listed.profile.key, listed.profile.name) == ("k", "Aisha Rahman")
    assert (listed.file_name, listed.size, listed.reference) == ("cv.pdf", 123, "r")
    assert listed.came_at - listed.created_at == 1800


@pytest.mark.parametrize(
    "profile",
    [None, 5, {}, {"key": 5}, {"key": "k", "attachments": 5}, {"key": "k", "attachments": [5]},
     {"key": "k", "created_at": 5, "attachments": [{"file_size": -1}]},
     {"key": "k", "created_at": "99999-99-99", "attachments": [{"file_size": "9" * 30}]}],
)  # fmt: skip
def test_odd_profiles_harm_nothing(profile):
    found = profile_page(answer(200, data={"profiles": [profile]}, meta={"maxPage": "x"}), 0.0)
    assert isinstance(found, ProfilePage)
    assert all(listed.size == 0 and listed.file_name == "" for listed in found.profiles)


@pytest.mark.parametrize(
    ("meta", "page", "listed", "pages"),
    [
        ({"maxPage": 3}, 1, 30, 3),
        ({"maxPage": 0, "total": 90}, 1, 0, 0),
        ({"total": 31}, 1, 30, 2),
        ({"total": 30}, 1, 30, 1),
        ({"maxPage": "3"}, 2, 30, 3),  # none of its kind: a full page has another behind it
        ({}, 2, 30, 3),
        ({}, 2, 29, 2),
        (None, 1, 0, 1),
        ([], 1, 5, 1),
        ({"maxPage": True, "total": None}, 1, 5, 1),
    ],
)
def test_how_many_pages_there_are(meta, page, listed, pages):
    assert page_count(meta, page, listed) == pages


def test_stored_profiles_are_listed_without_a_frame():
    found = profile_page(answer(200, data=[PROFILE], meta={"maxPage": 2}), 0.0)
    assert [each.profile.key for each in found.profiles] == ["k"]
    assert found.pages == 2


def test_a_source_that_the_key_has_no_access_to_says_nothing_of_the_key():
    given = answer(401, "Unauthorized Access to source key: abc")
    assert profile_page(given, 0.0) == Unreadable(verbatim(given_message(given)), source=True)
    assert finding(given, 0.0) == Unreadable(verbatim(given_message(given)), source=True)
    wrong = answer(401, "Unauthorized. Invalid secret key: x for permission: read")
    assert not profile_page(wrong, 0.0).source
    assert not finding(wrong, 0.0).source


def given_message(given):
    return json.loads(given.body)["message"]


def test_who_may_not_search():
    assert profile_page(answer(401, "no"), 0.0) == Unreadable(verbatim("no"))
    assert profile_page(answer(400, "unknown parameter"), 0.0) == Unknown()
