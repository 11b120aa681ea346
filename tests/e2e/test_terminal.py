"""What commands draw at a terminal, and what they must never write to one."""

import shutil

import pytest

from tests.support.samples import PDF, make_pdf
from watcher import sandbox as sb
from watcher.cli.output import fit


def test_a_terminal_gets_tables_and_colours_unless_its_owner_does_not_want_them(desk):
    shutil.copy(PDF, desk.folder)
    written, code = desk.at_terminal("import", str(desk.folder))
    assert code == 0
    assert "Uploading" in written
    assert "\x1b[" in written
    history, _ = desk.at_terminal("history")
    assert "Result" in history
    assert "\x1b[32m" in history
    plain, _ = desk.at_terminal("status", NO_COLOR="1")
    assert "\x1b[32m" not in plain
    assert "Uploaded" in plain


def test_names_that_could_mislead_are_written_out(desk):
    name = "x\x1b[2Jy\n\u202efdp.pdf"
    shutil.copy(PDF, desk.folder / name)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 0
    for output in (desk.run("history").stdout, desk.run("history", "--json").stdout):
        assert "\\x1b[2Jy\\x0a\\u202efdp.pdf" in output.replace("\\\\", "\\")
        assert "\x1b" not in output
    written, _ = desk.at_terminal("history", NO_COLOR="1")
    assert "\x1b[2J" not in written


def test_a_long_import_shows_its_rate_and_the_time_left(desk):
    desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.DELAY, delay=0.1))
    for number in range(60):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    written, code = desk.at_terminal("import", str(desk.folder))
    assert code == 0
    assert "/60" in written
    assert "files/s" in written
    assert " left" in written


def test_ctrl_c_leaves_the_terminal_as_it_was(desk):
    desk.sandbox.faults.set(
        sb.Fault(kind=sb.Kind.DELAY, delay=0.1, times=40), sb.Fault(kind=sb.Kind.DELAY, delay=2.0)
    )
    for number in range(100):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    written, code = desk.at_terminal("import", str(desk.folder), interrupt_at="files/s")
    assert code == 130
    assert "Traceback" not in written
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")  # the cursor is shown again


def test_a_narrow_terminal_cuts_nothing_off(desk):
    written, code = desk.at_terminal("config", "show", columns=60, NO_COLOR="1")
    assert code == 0
    first_column = "".join(line.split()[0] for line in written.splitlines() if line.split())
    assert "accounts.default.max_requests_per_minute" in first_column


def words_of(written):
    return {word.strip('",[]{}') for word in written.split()}


def test_a_narrow_terminal_breaks_no_short_word(desk):
    make_pdf(desk.folder / "a rather long name of a CV.pdf", "a")
    desk.run("import", str(desk.folder))
    shown, _ = desk.at_terminal("config", "show", columns=60, NO_COLOR="1")
    assert {"default", "upload", "folders[1].webhook_parsing_sending"} <= words_of(shown)
    history, _ = desk.at_terminal("history", columns=60, NO_COLOR="1")
    assert {"a", "rather", "long", "name", "of"} <= words_of(history)
    folders, _ = desk.at_terminal("folder", "list", columns=40, NO_COLOR="1")
    assert {"Source", "After", "keep", "office=Paris", "Engineering"} <= words_of(folders)


@pytest.mark.parametrize(
    ("widths", "words", "room", "expected"),
    [
        # (whole cells, longest words, room, widths): who gives, and how far
        ([5, 9], [5, 9], 20, [5, 9]),
        ([5, 90], [5, 8], 20, [5, 15]),  # the long one folds
        ([5, 90], [5, 90], 20, [5, 15]),
        ([39, 600, 40], [39, 54, 30], 52, [34, 9, 9]),  # the first keeps its words longest
        ([39, 600, 40], [39, 54, 30], 40, [16, 12, 12]),
        ([39, 16, 40], [39, 16, 30], 40, []),  # not without breaking short words
    ],
)
def test_who_gives_when_room_is_short(widths, words, room, expected):
    assert fit(widths, words, room) == expected
