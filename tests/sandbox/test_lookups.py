"""The GET endpoints, and what is no endpoint at all."""

import json

import pytest

from watcher.sandbox import (
    EMAIL,
    ENGINEERING,
    EXPRESS,
    READ_KEY,
    READ_WRITE_KEY,
    SALES,
    WRITE_KEY,
    Source,
)

BY_REFERENCE = {"source_key": ENGINEERING.key, "reference": "r"}


def test_a_profile_is_unknown_until_it_is_parsed(client, clock):
    client.upload(reference="r")
    clock.now += 1.9
    unknown = client.get("/profile/parsing", **BY_REFERENCE)
    assert (unknown.status, unknown.json["code"]) == (400, 400)
    assert "Unable to find object" in unknown.message
    clock.now += 0.2
    assert client.get("/profile/parsing", **BY_REFERENCE).status == 200


def test_parsing_has_the_documented_fields(client, sandbox, clock):
    client.upload(reference="r")
    clock.now += 2
    data = client.get("/profile/parsing", **BY_REFERENCE).json["data"]
    assert data["key"] == sandbox.profiles()[0].key
    assert data["file_name"] == "cv.txt"
    assert data["persons"] == [{"full_name": "Jane Example"}]
    assert data["emails"] == ["jane@example.org"]
    assert (data["total_pages"], data["processed_pages"]) == (1, 1)


def test_a_stored_profile_has_the_documented_fields(client, clock):
    tags = [{"name": "blacklist", "value": True}]
    client.upload(reference="r", tags=json.dumps(tags), created_at="1569320033")
    clock.now += 2
    query = {"source_keys": f'["{ENGINEERING.key}"]', "return_profile": "1"}
    (data,) = client.get("/storing/profiles", **query).json["data"]
    assert data["reference"] == "r"
    assert data["info"]["full_name"] == "Jane Example"
    assert data["tags"] == tags
    assert (data["labels"], data["metadatas"]) == ([], [])
    assert data["created_at"] == "2019-09-24T10:13:53+00:00"
    assert data["source"]["key"] == data["source_key"] == ENGINEERING.key


def test_a_profile_is_found_by_its_key_in_its_source_only(client, sandbox, clock):
    client.upload(reference="r")
    clock.now += 2
    key = sandbox.profiles()[0].key
    assert client.get("/profile/parsing", source_key=ENGINEERING.key, key=key).status == 200
    elsewhere = client.get("/profile/parsing", source_key=SALES.key, key=key)
    assert "Unable to find object: profile" in elsewhere.message


def test_a_profiles_key_is_the_same_every_time(clock, connect, sandbox):
    connect().upload(reference="r")
    [profile] = sandbox.profiles()
    assert profile.key == "ff1f30554056b2ab3c3597f7e19c7e2f1ff87bdf"


WRONG = [
    # path, query, status, what the message says
    ("/profile/parsing", {"reference": "r"}, 400, "Missing parameter: source_key"),
    ("/profile/parsing", {"source_key": ENGINEERING.key}, 400, "Missing parameter: one of key, reference"),
    ("/profile/parsing", {"source_key": "x", "reference": "r"}, 400, "Unable to find object: source"),
    ("/profile/parsing", {**BY_REFERENCE, "email": "x"}, 400, "Unknown parameter: email"),
    ("/profiles/searching", {}, 400, "Missing parameter: source_keys"),
    ("/profiles/searching", {"source_keys": ENGINEERING.key}, 400, "source_keys"),
    ("/profiles/searching", {"source_keys": "[]"}, 400, "source_keys"),
    ("/profiles/searching", {"source_keys": '["x"]'}, 400, "Unable to find object: source"),
    ("/profiles/searching", {"source_keys": "[1]"}, 400, "source_keys"),
    ("/profiles/searching", {"source_keys": f'["{SALES.key}"]', "stage": "old"}, 400, "stage"),
    ("/profiles/searching", {"source_keys": f'["{SALES.key}"]', "page": "0"}, 400, "page"),
    ("/source", {}, 400, "Missing parameter: key"),
    ("/source", {"key": "x"}, 400, "Unable to find object: source"),
    ("/sources", {"limit": "many"}, 400, "limit"),
    ("/sources", {"order_by": "up"}, 400, "order_by"),
    ("/nothing", {}, 404, "Not found: /nothing"),
    ("/", {}, 404, "Not found"),
    ("/profile/parsing/file", {}, 405, "Method GET not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "query", "status", "message"), WRONG)
def test_a_wrong_question_is_refused(client, path, query, status, message):
    answer = client.get(path, **query)
    assert (answer.status, answer.json["code"]) == (status, status)
    assert message in answer.message


def test_what_is_not_below_the_version_is_not_there(client):
    for target in ("/", "/v2/auth", "/v1", "/v1x/auth", "/auth", "/_sandbox"):
        assert client.request("GET", target).status == 404, target


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/profile/parsing/file", "POST"), ("POST", "/auth", "GET")],
)
def test_the_other_method_is_not_allowed(client, method, path, allowed):
    answer = client.request(method, f"/v1{path}", b"{}")
    assert (answer.status, answer.json["code"]) == (405, 405)
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_methods_are_known(client, method):
    answer = client.request(method, "/v1/auth")
    assert (answer.status, answer.json["code"]) == (501, 501)
    assert answer.headers["Connection"] == "close"


GETS = [
    "/profile/parsing",
    "/profiles/searching",
    "/source",
    "/sources",
    "/auth",
]


@pytest.mark.parametrize("path", GETS)
def test_a_key_that_may_only_write_may_not_read(client, path):
    answer = client.get(path, {"X-API-KEY": WRITE_KEY, "X-USER-EMAIL": EMAIL})
    assert answer.status == 401
    assert answer.message == f"Unauthorized. Invalid secret key: {WRITE_KEY} for permission: read"


def test_auth_says_what_a_key_may_do(client):
    for key, permission in ((READ_WRITE_KEY, "all"), (READ_KEY, "read")):
        data = client.get("/auth", {"X-API-KEY": key, "X-USER-EMAIL": EMAIL}).json["data"]
        assert data["api_key_permission"] == permission
        assert data["team_name"]


def test_a_source_is_described(client):
    data = client.get("/source", key=EXPRESS.key).json["data"]
    assert (data["key"], data["name"], data["sync_parsing"]) == (EXPRESS.key, "Express", True)


def test_sources_are_listed_by_page(client):
    everything = client.get("/sources")
    assert {source["name"] for source in everything.json["data"]} == {
        "Engineering",
        "Sales",
        "Express",
    }
    assert everything.json["meta"] == {"page": 1, "maxPage": 1, "count": 3, "total": 3}
    paged = client.get("/sources", page=2, limit=2, order_by="asc")
    assert [Source(s["key"], s["name"]).name for s in paged.json["data"]] == ["Express"]
    assert paged.json["meta"] == {"page": 2, "maxPage": 2, "count": 1, "total": 3}


def test_a_search_lists_visible_profiles_of_its_sources(client, clock):
    label = json.dumps([{"job_key": "j", "stage": "yes"}])
    client.upload(reference="first", labels=label)
    client.upload(reference="second")
    client.upload(reference="elsewhere", source_key=SALES.key)
    clock.now += 2
    client.upload(reference="not yet")

    def search(**query):
        answer = client.get("/profiles/searching", source_keys=f'["{ENGINEERING.key}"]', **query)
        assert answer.json["meta"]["count"] == len(answer.json["data"]["profiles"])
        return [profile["reference"] for profile in answer.json["data"]["profiles"]]

    assert search() == ["second"], "new ones, unless another stage is named"
    assert search(stage="yes") == ["first"]
    assert search(page=2, limit=1) == []
    client.set(may_search=False)
    assert client.get("/profiles/searching", source_keys=f'["{ENGINEERING.key}"]').status == 403


def test_stored_profiles_are_listed_whatever_their_stage(client, clock):
    label = json.dumps([{"job_key": "j", "stage": "yes"}])
    client.upload(reference="first", labels=label)
    client.upload(reference="second")
    client.upload(reference="elsewhere", source_key=SALES.key)
    clock.now += 2
    client.upload(reference="not yet")
    client.set(may_search=False)

    def listed(**query):
        answer = client.get("/storing/profiles", source_keys=f'["{ENGINEERING.key}"]', **query)
        assert answer.json["meta"]["count"] == len(answer.json["data"])
        return answer.json["data"]

    assert [each["reference"] for each in listed()] == ["second", "first"]
    assert set(listed()[0]) == {"key", "reference", "created_at", "updated_at"}
    assert listed(return_profile="True")[0]["info"]["full_name"] == "Jane Example"
    assert [each["reference"] for each in listed(reference="first")] == ["first"]
    assert [each["reference"] for each in listed(order_by="asc", limit=1)] == ["first"]
    assert [each["reference"] for each in listed(page=2, limit=1)] == ["first"]
    assert [each["reference"] for each in listed(key=listed()[0]["key"])] == ["second"]


@pytest.mark.parametrize("path", ["/sources", "/storing/profiles", "/profiles/searching"])
def test_a_page_has_thirty_entries_at_most(client, path):
    query = {} if path == "/sources" else {"source_keys": f'["{ENGINEERING.key}"]'}
    assert client.get(path, limit=30, **query).status == 200
    assert client.get(path, limit=31, **query).status == 400


def test_flags_and_the_permission_as_later_pages_have_them(client):
    client.set(later=True, sources={EXPRESS.key: {"disable": True, "environment": "test"}})
    said = client.get("/source", key=EXPRESS.key).json["data"]
    assert (said["sync_parsing"], said["disable"], said["environment"]) == (1, 1, "test")
    assert type(said["sync_parsing"]) is int
    assert client.get("/auth").json["data"]["api_secret_permission"] == "all"
