"""What we send, field by field, against what the vendor's own SDK sends for the same file."""

import json
import os
import shutil
from datetime import UTC, datetime

from hrflow import Hrflow

from tests.support.samples import SAMPLES
from watcher import sandbox as sb
from watcher.model.settings import Item, Label

NAME = "CV María José.doc"
TAGS = [{"name": "office", "value": "Paris"}, {"name": "blacklist", "value": True},
        {"name": "floor", "value": 3}, {"name": "share", "value": 0.5}]  # fmt: skip
METADATAS = [{"name": "mail", "value": "test@test.com"}]
LABELS = [{"job_key": "j1", "stage": "yes", "stage_timestamp": 1585662186, "rating": 0.5}]


def send_with_sdk(sandbox, path):
    sdk = Hrflow(api_url=sandbox.url + "/", api_secret=sb.READ_WRITE_KEY, api_user=sb.EMAIL)
    changed = datetime.fromtimestamp(int(os.stat(path).st_mtime), UTC)
    with open(path, "rb") as file:
        answer = sdk.profile.parsing.add_file(
            sb.SALES.key,
            profile_file=file,
            profile_content_type="application/msword",
            reference="sent with the SDK",
            created_at=changed.isoformat(timespec="seconds"),
            tags=TAGS,
            metadatas=METADATAS,
            labels=LABELS,
        )
    assert answer["code"] == 202, answer


def test_field_by_field(world):
    folder = world.folder(
        source_key=sb.SALES.key,
        tags=tuple(Item(**tag) for tag in TAGS),
        metadatas=tuple(Item(**item) for item in METADATAS),
        labels=tuple(Label(**label) for label in LABELS),
        sync_parsing_indexing=True,  # the SDK's default; we leave it to the server
    )
    world.start(folder)
    path = os.path.join(folder.path, NAME)
    shutil.copy2(os.path.join(SAMPLES, NAME), path)
    world.wait_idle(1)
    send_with_sdk(world.sandbox, path)
    ours, theirs = world.sandbox.ledger.records()
    mine, vendors = dict(ours.fields), dict(theirs.fields)
    assert set(mine) == set(vendors)
    for name in ("labels", "tags", "metadatas"):
        assert json.loads(mine.pop(name)) == json.loads(vendors.pop(name)), name
    assert mine.pop("reference") == ours.sha256
    assert vendors.pop("reference") == "sent with the SDK"
    assert mine == vendors
    assert (ours.sha256, ours.size, ours.file_name) == (theirs.sha256, theirs.size, NAME)
    assert theirs.file_name == NAME
    # The SDK names no type for the file's part; ours is what the content is.
    assert (ours.content_type, theirs.content_type) == ("application/msword", "")
