"""The page for whoever rolls it out: what it says to type is what the program understands."""

import pathlib
import re
import shlex
import shutil
import subprocess
import tomllib

import click
import pytest

from installers import assets
from watcher.cli import cli
from watcher.config import MachineFile, load

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "installers" / "ROLLOUT.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
#: A program's name with something behind it that is a command or an option.
CALL = re.compile(
    r"(?:(?<![\w./-])hrflow-watcher|/bin/hrflow-watcher|\$program) (?=[a-z-])([^\n]*)"
)


def blocks(kind):
    return [found[3] for found in BLOCK.finditer(PAGE) if found[2] == kind]


def code():
    """All that is shown as code: blocks, and pieces in the text."""
    whole = [found[3].replace("\\\n", "") for found in BLOCK.finditer(PAGE)]
    return whole + re.findall(r"`([^`\n]+)`", BLOCK.sub("", PAGE))


def calls():
    """The arguments of each call of the program, up to what is the shell's."""
    for text in code():
        for found in CALL.finditer(text):
            lexer = shlex.shlex(found[1], posix=True, punctuation_chars="|<>;&")
            lexer.whitespace_split = True
            words = []
            for word in lexer:
                if word[0] in "|<>;&":
                    break
                words.append(word)
            yield words


CALLS = list(calls())


def test_they_are_found():
    assert ["doctor", "--json"] in CALLS
    assert ["setup", "--non-interactive", "--key-stdin", "--service"] in CALLS
    assert len(CALLS) >= 18


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_every_command_is_one(words):
    context = cli.make_context("hrflow-watcher", list(words))
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    assert not context.args


def test_every_command_is_listed():
    table = PAGE.partition("## Commands")[2].partition("\n\nAll of them")[0]
    first = [
        line.split(" | ")[0].strip("| ") for line in table.splitlines() if line.startswith("| `")
    ]
    listed = {name.split()[0] for cell in first for name in re.findall(r"`([^`]+)`", cell)}
    parts = {
        "uninstall",
        "list",
        "remove",
        "snooze",
        "off",
        "on",
        "show",
        "start",
        "restart",
        "logs",
    }
    assert listed - parts == set(cli.list_commands(click.Context(cli)))


WRITTEN = re.compile(r"^(\[account\]\n.*?)^(?:END|'@)$", re.DOTALL | re.MULTILINE)
#: The reference shows parts of people's own.
MACHINE_WIDE = [text for text in blocks("toml") if text in PAGE.partition("# Reference")[0]]
SCRIPTS = "\n".join(blocks("sh") + blocks("powershell"))


@pytest.mark.parametrize("text", [*MACHINE_WIDE, *WRITTEN.findall(SCRIPTS)])
def test_every_configuration_is_right_as_the_machines(text, tmp_path):
    (tmp_path / "machine.toml").write_text(text, encoding="utf-8")
    loaded = load(
        str(tmp_path / "none.toml"), environ={}, home=str(tmp_path),
        machine=MachineFile(str(tmp_path / "machine.toml"), is_own=True),
    )  # fmt: skip
    assert loaded.warnings == ()
    assert loaded.config.folders[0].create


def test_every_name_that_it_says_can_be_locked_can_be(tmp_path):
    table = PAGE.partition("| name | locks |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    names = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert len(names) >= 12
    text = f"locked = {names}\n[accounts.paris]\nemail = 'a@example.com'\n"
    (tmp_path / "machine.toml").write_text(text, encoding="utf-8")
    machine = MachineFile(str(tmp_path / "machine.toml"), is_own=True)
    loaded = load(str(tmp_path / "no.toml"), environ={}, home="/home/jo", machine=machine)
    assert any(origin.is_locked for origin in loaded.origins.values())


@pytest.mark.parametrize("text", blocks("sh"))
def test_every_script_is_one(text):
    shell = shutil.which("bash") or pytest.skip("bash is missing")
    done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_keys_that_it_promises_are_there():
    """Names in the table of what to ask are those of the answers."""
    table = PAGE.partition("## Check that it works")[2].partition("\n\nRun all")[0]
    status = re.search(r"status --json` \| (.*?) \|", table)[1]
    source = (ROOT / "watcher" / "cli" / "status.py").read_text(encoding="utf-8")
    assert all(f'"{name}"' in source for name in re.findall(r"`(\w+)`", status))


def test_the_identifiers_are_those_of_the_installers():
    iss = (ROOT / "installers" / "windows" / "setup.iss").read_text(encoding="utf-8")
    (app,) = set(re.findall(r"\{([0-9A-F-]{36})\}", PAGE))
    assert f"AppId={{{{{app}}}" in iss
    macos = (ROOT / "installers" / "macos" / "package.py").read_text(encoding="utf-8")
    assert 'IDENTIFIER = "io.github.hrflow-watcher"' in macos
    assert "io.github.hrflow-watcher" in PAGE


def test_the_package_leaves_the_machines_configuration_alone():
    linux = ROOT / "installers" / "linux"
    for name in ("postinst", "prerm", "deb.py", "install.sh"):
        assert "/etc/hrflow-watcher" not in (linux / name).read_text(encoding="utf-8")
    assert not (linux / "conffiles").exists()
    assert not (linux / "postrm").exists()


def test_accounts_of_the_system_do_not_start_it():
    unit = assets.render_shared("/usr/bin/hrflow-watcher")
    head = unit.partition("[Service]")[0]
    assert "\nConditionUser=!@system\n" in head


def test_the_example_is_a_configuration():
    assert "locked" in tomllib.loads(blocks("toml")[0])
