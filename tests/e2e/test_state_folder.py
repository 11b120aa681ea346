"""A folder of the program's own that cannot be used: which one, why, and exit code 6."""

import contextlib
import json
import subprocess
import sys

import pytest

from tests.support.samples import make_pdf

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts, and errors of Linux")


@contextlib.contextmanager
def mounted(place, options):
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount something")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def full(place, *inner):
    """A folder on a disk without room, or whatever ``inner`` names in it."""
    with mounted(place, "size=64k") as disk:
        there = disk.joinpath(*inner)
        there.mkdir(exist_ok=True)
        with open(disk / "fill", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        yield there


@contextlib.contextmanager
def no_more_files(place):
    """A folder on a disk that has room for what is in files, and none for another one."""
    with mounted(place, "nr_inodes=2") as disk:
        (disk / "one").touch()
        yield disk


def a_file(place):
    place.touch()
    return contextlib.nullcontext(place)


def in_a_file(place):
    place.touch()
    return contextlib.nullcontext(place / "state")


def too_long(place):
    place.mkdir()
    return contextlib.nullcontext(place / ("x" * 300))


def run(desk, state, *arguments):
    desk.options[-1] = str(state)
    return desk.run_apart(*arguments)


PLACES = {
    "a full disk": full,
    "on a full disk": lambda place: full(place, "state"),
    "no more files": no_more_files,
    "read-only": lambda place: mounted(place, "ro"),
    "a file": a_file,
    "in a file": in_a_file,
    "too long": too_long,
}


@pytest.mark.parametrize("make", [a_file, in_a_file, too_long])
@pytest.mark.parametrize("command", ["history", "status", "check", "forget"])
def test_commands_that_only_look_say_so_too(desk, make, command):
    with make(desk.root / "place") as state:
        cv = desk.folder / "cv.pdf"
        make_pdf(str(cv), "x")
        named = [str(cv)] if command in ("check", "forget") else []
        done = run(desk, state, command, *named)
        assert done.returncode == 6, done.stdout + done.stderr
        assert str(state) in done.stderr


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES.keys())
def test_a_folder_that_cannot_be_used_is_named_with_exit_code_6(desk, make):
    with make(desk.root / "place") as state:
        for arguments in (["run"], ["import", str(desk.folder)]):
            done = run(desk, state, *arguments)
            assert done.returncode == 6, done.stderr
            assert str(state) in done.stderr
            assert "Traceback" not in done.stderr
            assert "unexpected" not in done.stderr
    assert not desk.arrived()


def test_doctor_names_a_folder_that_cannot_be_written_to(desk):
    with mounted(desk.root / "place", "ro") as state:
        done = run(desk, state, "doctor", "--json")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 5, done.stderr
        (journal,) = (each for each in found if each["check"] == "journal")
        assert journal["level"] == "error"
        assert str(state) in journal["text"]


def test_what_is_left_by_a_start_on_a_full_disk_is_no_history(desk):
    cv = desk.folder / "cv.pdf"
    make_pdf(str(cv), "x")
    with full(desk.root / "place") as state:
        assert run(desk, state, "run").returncode == 6
        assert not [each.name for each in state.iterdir() if each.suffix == ".part"]
        done = run(desk, state, "check", str(cv))
        assert (done.returncode, done.stderr) == (0, "")
        assert run(desk, state, "history").returncode == 0
