"""The README's section "Set up", followed to the letter."""

import os
import pathlib
import re
import shlex
import sys

import pytest

from tests.support.secret_service import SecretService, needs_secret_service
from tests.support.terminal import CTRL_C, Terminal
from tests.support.waiting import wait_until
from watcher import sandbox as sb

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"


def commands(section, number=0):
    """The commands of a section's block of that number, without their comments."""
    text = re.search(rf"^## {section}\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)[1]
    block = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[number]
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", "").splitlines()]


@pytest.fixture
def newcomer(tmp_path):
    """Somebody with a desktop session, a checkout that was set up before, and nothing else.

    What differs from a person's case: HrFlow is the sandbox, and no time goes into installing.
    """
    (tmp_path / "session").mkdir()
    service = SecretService(tmp_path / "session")
    service.start(unlocked=True)
    environ = {
        **os.environ, **service.environ, "HRFLOW_WATCHER_VENV": sys.prefix, "PYTHONUTF8": "1",
        "XDG_STATE_HOME": str(tmp_path / "session" / "home" / "state"),
        "COLUMNS": "200",
    }  # fmt: skip
    for name in ("HRFLOW_API_KEY", "PYTHON_KEYRING_BACKEND", "HRFLOW_WATCHER_STATE"):
        environ.pop(name, None)
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        terminals = []

        def start(words, *more):
            run = [sys.executable, str(ROOT / words[1]), *words[2:], *more]
            terminals.append(Terminal(run, environ))
            return terminals[-1]

        start.sandbox, start.home = sandbox, pathlib.Path(environ["HOME"])
        yield start
        for terminal in terminals:
            terminal.close()
    service.close()


@needs_secret_service
@pytest.mark.skipif(
    not os.path.exists(os.path.join(sys.prefix, "bootstrap.stamp")),
    reason="bootstrap.py has not made this environment, and would have to install into it",
)
def test_set_up_as_the_readme_says(newcomer):
    setup, doctor, run = commands("Set up")
    assert [words[0] for words in (setup, doctor, run)] == ["python3"] * 3

    terminal = newcomer(setup, "--api-url", newcomer.sandbox.url)
    for question, text in (
        ("Email", sb.EMAIL),
        ("API key", sb.READ_WRITE_KEY),
        ("Folder to watch", "~/CVs"),
        ("Add another folder", ""),
        ("Source for", "Engineering"),
        ("Tags", "office=Paris"),
        ("After upload", ""),
        ("Create it?", "y"),
        ("Start automatically", "n"),
        ("Save these settings?", "y"),
        ("sample CV", "n"),
    ):
        terminal.answer(question, text)
    assert terminal.end() == 0, terminal.text
    assert sb.READ_WRITE_KEY not in terminal.raw

    terminal = newcomer(doctor)
    assert terminal.end() == 0, terminal.text
    assert "Engineering" in terminal.text
    assert "✗" not in terminal.text

    terminal = newcomer(run)
    terminal.wait_for("Watching")
    (newcomer.home / "CVs" / "cv.pdf").write_bytes(PDF)
    terminal.wait_for("✓ cv.pdf")
    terminal.type(CTRL_C)
    assert terminal.end() == 0, terminal.text
    (record,) = newcomer.sandbox.ledger.records()
    assert record.source_key == sb.ENGINEERING.key
    assert wait_until(lambda: '"office"' in dict(record.fields)["tags"])
