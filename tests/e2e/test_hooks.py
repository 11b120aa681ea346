"""Hooks: a person's own commands, run for each result."""

import json
import os

from tests.support.bare_python import BARE
from tests.support.follow_up import let_pass, send, sentences
from tests.support.samples import make_pdf
from watcher.model.settings import (
    Hooks,
)


def test_a_command_is_run_for_what_is_parsed_and_for_what_is_refused(world, clock, eventually):
    note = world.root / "notes"
    note.mkdir()
    code = "import json, os, sys, uuid; "
    code += (
        f"open(os.path.join({str(note)!r}, uuid.uuid4().hex), 'w').write(json.dumps(sys.argv[1:]))"
    )
    command = (*BARE, code)
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
    eventually(lambda: len(world.arrived()) == 2)
    let_pass(world, clock, 6)
    let_pass(world, clock, 60)  # what is no document is given its time to become one
    eventually(lambda: len(list(note.iterdir())) == 3)

    def read():
        return sorted(json.loads(each.read_text()) for each in note.iterdir() if each.read_text())

    eventually(lambda: len(read()) == 3)
    keys = {os.path.basename(e.path): e.profile_key for e in world.entries()}
    by_path = {os.path.basename(row[1]): row for row in read()}
    odd = by_path["$(touch hacked) ; 'x'.pdf"]
    assert odd[0] == "parsed"
    assert odd[2:] == [keys["$(touch hacked) ; 'x'.pdf"], "; echo {"]
    assert by_path["bad.pdf"][0] == "refused"


def test_a_command_that_fails_is_told_once(world, clock, eventually):
    world.settings = {"hooks": Hooks(parsed=(*BARE, "import sys; sys.exit(3)"))}
    folder = send(world, clock)
    make_pdf(os.path.join(folder.path, "b.pdf"), "b")
    eventually(lambda: len(world.arrived()) == 2)
    let_pass(world, clock, 6)
    let_pass(world, clock, 6)
    eventually(lambda: {str(e.state) for e in world.entries()} == {"parsed"})
    world.wait_for(lambda: any("exit code 3" in each for each in sentences(world)))
    assert len([each for each in sentences(world) if "exit code 3" in each]) == 1


def test_a_command_that_was_under_way_at_the_end_is_run_again(world, clock, eventually):
    note = world.root / "note"
    code = f"import os, time\npath = {str(note)!r}\nagain = os.path.exists(path)\n"
    code += "open(path, 'a').write('x')\nif not again: time.sleep(600)"
    world.settings = {"hooks": Hooks(parsed=(*BARE, code))}
    folder = send(world, clock)
    let_pass(world, clock, 6)
    eventually(lambda: note.exists() and note.read_text() == "x")
    world.stop()
    world.start(folder, clock=clock)
    eventually(lambda: note.read_text() == "xx")
    world.nudge()
    assert note.read_text() == "xx"
