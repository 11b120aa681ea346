"""How commands write lines: never wider than the terminal, never what could mislead it."""

import contextlib
import io
import itertools
import re

import pytest

from watcher.cli.output import Styled, say, say_json, say_table, shown_files
from watcher.i18n.message import msg

HOSTILE = "x\x1b[2Jy\n\u202efdp\udcff.pdf"
WRITTEN_OUT = "x\\x1b[2Jy\\x0a\\u202efdp\\xff.pdf"
SENTENCE = (
    "! The keyring keeps keys as plain text, which everybody can read who can read your files, so"
    " it is not used. Start GNOME Keyring or KWallet, or put the key into the environment variable"
    " HRFLOW_API_KEY."
)


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    """Gives what was written to a terminal of so many columns."""
    monkeypatch.setenv("NO_COLOR", "1")

    def written(columns, write):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = Screen()
        with contextlib.redirect_stdout(shown):
            write()
        return shown.getvalue()

    return written


@pytest.mark.parametrize("columns", [80, 60])
def test_lines_are_broken_between_words(screen, columns):
    written = screen(columns, lambda: say(Styled(SENTENCE, "busy")))
    lines = written.splitlines()
    assert max(map(len, lines)) <= columns
    assert written.split() == SENTENCE.split()
    assert all(line.startswith("  ") for line in lines[1:]), "indented behind the sign"
    for line, following in itertools.pairwise(lines):
        assert len(line) + 1 + len(following.split()[0]) > columns, "no line is broken too early"


@pytest.mark.parametrize("columns", [80, 60])
def test_parts_of_a_line_are_broken_together(screen, columns):
    parts = ("05:37:24", " ", Styled("✓ a CV.pdf", "good"), f" {SENTENCE}")
    lines = screen(columns, lambda: say(*parts, hang=11)).splitlines()
    assert max(map(len, lines)) <= columns
    assert {re.match(" *", line)[0] for line in lines[1:]} == {" " * 11}


def test_a_word_wider_than_the_terminal_stays_in_one_piece(screen):
    path = "/home/" + "x" * 100 + "/CVs"
    assert screen(60, lambda: say(f"Watching {path}")) == f"Watching {path}\n"


@pytest.mark.parametrize("columns", [80, 60])
def test_paths_in_tables_are_broken_behind_slashes(screen, columns):
    path = "/home/somebody/Documents/Recruiting/2026/CVs of November/jane doe.pdf"
    rows = [["✓ sent", "2026-11-29 05:34:23", path, "Jane Doe → Engineering"]]
    written = screen(columns, lambda: say_table(["State", "Changed", "File", "Result"], rows))
    for part in ("somebody/", "Documents/", "Recruiting/", "November/"):
        assert part in written


def test_long_names_in_tables_are_broken_between_their_words(screen):
    name = "CV_of_somebody_with-a-very-long-name_(final,really_final).pdf"
    rows = [["✓ sent", name, "in words that need as much room " * 2]]
    written = screen(60, lambda: say_table(["State", "File", "Result"], rows))
    assert name not in written
    for part in ("somebody_", "long-", "really_", "final)."):
        assert part in written


def test_a_terminal_is_shown_no_empty_column(screen):
    def write():
        say_table(["Name", "Account", "Note"], [["a", "", "one"], ["b", "", ""]])

    assert "Account" not in screen(80, write)
    assert "Note" in screen(80, write)


def test_files_of_several_folders_begin_with_the_folder_s_name(screen):
    sales, other = "/home/jo/CVs/Sales", "/srv/CVs/Sales"
    files = [(sales, f"{sales}/a/b.pdf"), ("/srv/Paris", "/srv/Paris/c.pdf")]

    def shown(files):
        return screen(80, lambda: [say(name) for name in shown_files(files)]).splitlines()

    assert shown(files) == ["Sales/a/b.pdf", "Paris/c.pdf"]
    assert shown(files[:1]) == ["a/b.pdf"], "the only one need not be named"
    same = [*files, (other, f"{other}/b.pdf")]
    assert shown(same) == [path for _, path in same], "two have the same name"


def test_whatever_is_written_is_made_harmless(screen, capsys):
    assert screen(80, lambda: say(msg("{file} is here", file=HOSTILE))) == (
        f"{WRITTEN_OUT} is here\n"
    )
    assert WRITTEN_OUT in screen(80, lambda: say_table(["File"], [[HOSTILE]]))
    as_json = screen(80, lambda: say_json({HOSTILE: [HOSTILE, {"a": (HOSTILE, 1)}]}))
    assert as_json.count(WRITTEN_OUT.replace("\\", "\\\\")) == 3
    say(HOSTILE, err=True)
    assert capsys.readouterr().err == f"{WRITTEN_OUT}\n"
