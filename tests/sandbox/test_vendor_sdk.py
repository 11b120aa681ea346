"""The vendor's own SDK against the sandbox: what it can do there, it can do at HrFlow."""

import os
import shutil

import pytest
from hrflow import Hrflow

from tests.support.samples import SAMPLES
from watcher.sandbox import (
    EMAIL,
    ENGINEERING,
    EXPRESS,
    READ_KEY,
    READ_WRITE_KEY,
    SALES,
    WRITE_KEY,
    Fault,
    Kind,
)


@pytest.fixture
def connect_sdk(sandbox):
    return lambda key=READ_WRITE_KEY: Hrflow(
        api_url=sandbox.url + "/", api_secret=key, api_user=EMAIL
    )


def test_it_adds_a_file_and_reads_the_profile_back(connect_sdk, sandbox, clock):
    sdk = connect_sdk()
    with open(os.path.join(SAMPLES, "Aisha Rahman - CV.pdf"), "rb") as file:
        answer = sdk.profile.parsing.add_file(
            ENGINEERING.key,
            profile_file=file,
            profile_content_type="application/pdf",
            reference="aisha",
            created_at="2024-01-02T03:04:05+00:00",
            tags=[{"name": "blacklist", "value": True}],
            metadatas=[{"name": "mail", "value": "test@test.com"}],
            labels=[{"job_key": "j", "stage": "new"}],
        )
    assert answer["code"] == 202, answer
    assert sdk.profile.parsing.get(ENGINEERING.key, reference="aisha")["code"] == 400
    clock.now += 2
    parsing = sdk.profile.parsing.get(ENGINEERING.key, reference="aisha")
    assert parsing["data"]["persons"] == [{"full_name": "Aisha Rahman"}]
    assert parsing["data"]["file_name"] == "Aisha Rahman - CV.pdf"
    key = parsing["data"]["key"]
    assert sdk.profile.parsing.get(ENGINEERING.key, key=key)["data"] == parsing["data"]
    (profile,) = sdk.profile.storing.list([ENGINEERING.key], key=key, return_profile=True)["data"]
    assert profile["info"]["email"] == "aisha.rahman@example.org"
    assert profile["tags"] == [{"name": "blacklist", "value": True}]
    found = sdk.profile.searching.list(source_keys=[ENGINEERING.key])
    assert [one["key"] for one in found["data"]["profiles"]] == [profile["key"]]


def test_it_adds_a_folder(connect_sdk, sandbox, tmp_path):
    names = ["Łukasz Wójcik.docx", "soren_agard.odt", "O'Brien, John (final).rtf"]
    for name in names:
        shutil.copy(os.path.join(SAMPLES, name), tmp_path)
    result = connect_sdk().profile.parsing.add_folder(SALES.key, str(tmp_path))
    assert result["fail"] == {}
    assert {os.path.basename(path) for path in result["success"]} == set(names)
    assert {profile.file_name for profile in sandbox.profiles()} == set(names)


def test_a_folders_failures_are_seen(connect_sdk, sandbox, tmp_path):
    shutil.copy(os.path.join(SAMPLES, "template.dotx"), tmp_path)
    sandbox.faults.set(Fault(kind=Kind.HTML))
    result = connect_sdk().profile.parsing.add_folder(SALES.key, str(tmp_path))
    # The SDK reports the page as the 200 that came with it, which is why it is not to be imitated.
    assert [answer["code"] for answer in result["success"].values()] == [200]
    sandbox.faults.set(Fault(kind=Kind.STATUS, status=503))
    assert connect_sdk().profile.parsing.add_folder(SALES.key, str(tmp_path))["success"] == {}


def test_it_gets_a_sync_parse(connect_sdk):
    with open(os.path.join(SAMPLES, "Łukasz Wójcik.docx"), "rb") as file:
        answer = connect_sdk().profile.parsing.add_file(
            EXPRESS.key, profile_file=file, sync_parsing=1
        )
    assert answer["code"] == 201, answer
    assert answer["data"]["profile"]["info"]["full_name"] == "Łukasz Wójcik"


def test_it_lists_sources_and_learns_its_rights(connect_sdk):
    sdk = connect_sdk(READ_KEY)
    assert sdk.auth.get()["data"]["api_key_permission"] == "read"
    assert {source["name"] for source in sdk.source.list()["data"]} >= {"Engineering", "Sales"}
    assert sdk.source.get(EXPRESS.key)["data"]["sync_parsing"] is True
    assert sdk.profile.parsing.add_file(SALES.key, profile_file=b"x")["code"] == 401
    assert connect_sdk(WRITE_KEY).auth.get()["code"] == 401


def test_it_lists_what_is_stored(connect_sdk, sandbox, clock):
    sdk = connect_sdk()
    for reference in ("first", "second"):
        sdk.profile.parsing.add_file(SALES.key, profile_file=b"Jane Example", reference=reference)
    clock.now += 2
    listed = sdk.profile.storing.list([SALES.key], limit=1)
    assert listed["meta"] == {"page": 1, "maxPage": 2, "count": 1, "total": 2}
    assert [each["reference"] for each in listed["data"]] == ["second"]
    assert "info" not in listed["data"][0]
    (whole,) = sdk.profile.storing.list(
        [SALES.key], reference="first", return_profile=True, limit=30
    )["data"]
    assert whole["info"]["full_name"] == "Jane Example"
    unknown = sdk.profile.storing.list(["f" * 40])
    assert unknown == {"code": 400, "message": "Invalid parameters. Unable to find object: source"}


def test_under_a_known_reference_it_updates_a_profile(connect_sdk, sandbox):
    sdk = connect_sdk()
    for _ in range(2):
        answer = sdk.profile.parsing.add_file(SALES.key, profile_file=b"x", reference="r")
        assert answer["code"] == 202
    (profile,) = sandbox.profiles()
    assert profile.parses == 2
