"""Names and times that people really have: compared as seen, believed as far as they can be."""

import json
import os
import time
from datetime import UTC, datetime

import pytest

from tests.support.samples import make_pdf
from watcher import sandbox as sb
from watcher.journal.reader import Reader
from watcher.model.settings import (
    AfterRefusal,
    AfterUpload,
    CreatedAtFormat,
    Duplicates,
    Label,
    Rule,
)

YEAR = 31_557_600


def put(folder, *parts, seconds=None):
    path = os.path.join(folder.path, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    make_pdf(path, "/".join(parts))
    if seconds is not None:
        os.utime(path, (seconds, seconds))


def test_names_are_compared_as_people_see_them(world):
    folder = world.folder(
        ignore=("*écarté*", "private/**"),
        rules=(
            Rule(match="Reçus/**", source_key=sb.SALES.key),
            Rule(
                match="{job}/{stage:yes|no}/*",
                labels=(Label(job_reference="{job}", stage="{stage}"),),
            ),
        ),
    )
    put(folder, "Rec\u0327us ", "1.pdf")
    put(folder, "reçus", "2.pdf")
    put(folder, "Re\u0301gie", "Yes ", "3.pdf")
    put(folder, "cv e\u0301carte\u0301.pdf")
    put(folder, "Private ", "4.pdf")
    world.start(folder)
    world.wait_idle(3)
    records = {record.file_name: record for record in world.arrived()}
    assert sorted(records) == ["1.pdf", "2.pdf", "3.pdf"]
    assert {records[name].source_key for name in ("1.pdf", "2.pdf")} == {sb.SALES.key}
    labels = json.loads(dict(records["3.pdf"].fields)["labels"])
    assert labels == [{"job_reference": "Régie", "stage": "yes"}]


def test_folders_that_nothing_is_filed_into_are_a_person_s_own(world):
    folder = world.folder()
    put(folder, "Sent", "1.pdf")
    put(folder, "Refused", "2026-01-01", "2.pdf")
    world.start(folder)
    world.wait_idle(2)
    put(folder, "Sent", "later.pdf")
    world.wait_idle(3)
    world.stop()
    moving = world.folder(
        after_upload=AfterUpload.MOVE, after_refusal=AfterRefusal.MOVE, sent_folder="Done"
    )
    world.start(moving)
    put(moving, "3.pdf")
    world.wait_idle(1)
    world.wait_for(lambda: not os.path.exists(os.path.join(folder.path, "3.pdf")))
    world.stop()
    put(folder, "Done", "put there.pdf")  # where files were filed: it was the program's once
    put(folder, "Refused", "5.pdf")
    world.start(folder)
    world.wait_idle(1)
    names = sorted(record.file_name for record in world.arrived())
    assert names == ["1.pdf", "2.pdf", "3.pdf", "5.pdf", "later.pdf"]


@pytest.mark.parametrize("form", CreatedAtFormat)
def test_the_date_of_a_profile_is_one_that_can_be(world, form):
    before = int(time.time())
    folder = world.folder(created_at_format=form)
    likely = {"1991": 21.5 * YEAR, "yesterday": before - 86_400}
    odd = {year: (int(year) - 1970) * YEAR for year in ("1903", "1970", "1980", "2097", "2446")}
    for name, seconds in (likely | odd).items():
        put(folder, f"{name}.pdf", seconds=int(seconds))
    world.start(folder)
    world.wait_idle(7)
    after = time.time()
    found = {}
    for record in world.arrived():
        text = dict(record.fields)["created_at"]
        moment = float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()
        found[record.file_name.removesuffix(".pdf")] = moment
    assert {name: found[name] for name in likely} == {
        name: int(seconds) for name, seconds in likely.items()
    }
    for name in odd:
        assert before <= found[name] <= after, (name, datetime.fromtimestamp(found[name], UTC))


def steps(world):
    """How many steps each file has gone."""
    reader = Reader(world.places.journal)
    try:
        return {e.path: len(reader.events(e.file_id)) for e in reader.history(limit=100)}
    finally:
        reader.close()


def test_settings_that_do_not_route_have_nothing_read_again(world):
    rules = (Rule(match="no*", ignore=True),)
    folder = world.folder(rules=rules)
    for name in ("no.pdf", "sent.pdf"):
        put(folder, name)
    with open(os.path.join(folder.path, "refused.pdf"), "w") as file:
        file.write("no document")
    world.start(folder)
    world.wait_idle(3)
    before = steps(world)
    world.stop()
    other = world.folder(rules=rules, poll_seconds=7.0, duplicates=Duplicates.UPLOAD)
    world.start(other)
    world.nudge()
    put(other, "later.pdf")
    world.wait_idle(1)
    assert {path: number for path, number in steps(world).items() if path in before} == before
    world.app.reload(world.config(world.folder(ignore=("no*",))))
    world.wait_for(lambda: world.states()["refused.pdf"] == "refused" and steps(world) != before)
    world.wait_for(lambda: world.states()["no.pdf"] == "ignored")


def test_what_waits_is_left_out_once_settings_say_so(world, eventually):
    world.keys.key = "ask_" + "0" * 32
    folder = world.folder()
    for parts in (("old draft.pdf",), ("below", "deep.pdf"), ("cv.pdf",)):
        put(folder, *parts)
    world.start(folder)
    eventually(lambda: list(world.states().values()) == ["held"] * 3)
    world.keys.key = sb.READ_WRITE_KEY
    world.app.reload(world.config(world.folder(ignore=("*draft*",), recursive=False)))
    eventually(lambda: "parsed" in world.states().values())
    whys = sorted(str(entry.why) for entry in world.entries() if entry.state == "ignored")
    assert whys == [
        "This file is in a subfolder, and subfolders of this folder are not included (recursive = false).",
        "This file matches the ignored pattern *draft*.",
    ]
    assert len(world.arrived()) == 1


def test_commands_find_files_by_their_names_as_people_see_them(desk):
    place = desk.folder / "Rec\u0327us "
    place.mkdir()
    make_pdf(str(place / "Rene\u0301e.pdf"), "x")
    named = str(desk.folder / "Reçus" / "Renée.pdf")
    (verdict,) = desk.read_json("check", named)
    assert verdict["verdict"] == "Would be uploaded"
    (summary,) = desk.read_json("import", str(desk.folder / "Reçus"))
    assert summary["files"] == 1
    for wanted in (str(desk.folder / "Reçus"), named, "reçus/renée", "renee"):
        assert len(desk.read_json("history", wanted)) == 1, wanted
    assert desk.read_json("history", str(desk.folder / "Recus")) == []
    (place / "Rene\u0301e.pdf").unlink()
    (done,) = desk.read_json("forget", named, "--yes")
    assert done == {"forgotten": 1, "kept": 0, "is_overwritten": True}


@pytest.mark.parametrize("seconds", [9_300_000_000, -9_300_000_000], ids=["2264", "1675"])
def test_a_file_of_an_impossible_date_is_sent_like_any_other(world, seconds):
    folder = world.folder()
    outside = os.path.join(world.root, "x.pdf")
    make_pdf(outside, "x")
    os.utime(outside, (seconds, seconds))
    world.start(folder)
    os.rename(outside, os.path.join(folder.path, "x.pdf"))
    make_pdf(os.path.join(folder.path, "y.pdf"), "y")
    world.wait_idle(2)
    assert len(world.arrived()) == 2
    world.stop()
    world.start(folder)  # and it is known again
    make_pdf(os.path.join(folder.path, "z.pdf"), "z")
    world.wait_idle(1)
    assert len(world.arrived()) == 3
