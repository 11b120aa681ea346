"""The example is complete, true, and valid once the source keys are filled in."""

import os
import re
import tomllib

import msgspec
import pytest

from watcher.config import MachineFile, load
from watcher.config.checks import PLACEHOLDER_KEY
from watcher.config.types import LOCKED
from watcher.model.errors import ConfigError
from watcher.model.settings import (
    Account,
    Config,
    Folder,
    Hooks,
    Label,
    Ledger,
    Notifications,
    Rule,
    Webhook,
)

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "config.example.toml")
KEY = "e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09"
COMMENTED = re.compile(r"# (?P<key>[a-z_0-9]+) = (?P<value>.*)")


def read_example():
    with open(EXAMPLE, encoding="utf-8") as file:
        return file.read()


def filled_in():
    return read_example().replace(PLACEHOLDER_KEY, KEY)


def load_text(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(str(path), environ={}, home=str(tmp_path))


def without_comments(text):
    """The example with every commented key in force but the one that belongs in another file."""
    lines, inside = [], False
    for line in text.splitlines():
        if (found := COMMENTED.fullmatch(line)) and found["key"] != LOCKED:
            inside = line.rstrip().endswith("[")
            lines.append(line[2:])
        elif inside and line.startswith("#"):
            inside = line != "# ]"
            lines.append(line[2:])
        else:
            lines.append(line)
    return "\n".join(lines)


def test_it_is_valid_once_the_source_keys_are_filled_in(tmp_path):
    (tmp_path / "CVs").mkdir()
    loaded = load_text(tmp_path, filled_in())
    (folder,) = loaded.config.folders
    assert folder.source_key == KEY
    assert len(folder.rules) == 2
    assert not loaded.warnings


def test_as_it_stands_it_says_that_the_source_key_is_missing(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, read_example())
    assert all("source_key" in str(mistake) for mistake in caught.value.mistakes)


def test_it_is_valid_with_every_comment_taken_away(tmp_path):
    loaded = load_text(tmp_path, without_comments(filled_in()))
    assert loaded.config.folders[0].ignore == ("*draft*", "private/**")


def names(struct, leave_out=()):
    return {field.name for field in msgspec.structs.fields(struct)} - set(leave_out)


@pytest.mark.parametrize(
    ("struct", "leave_out", "section"),
    [
        (Config, ("accounts", "folders", "remarks"), ""),
        (Notifications, (), "notifications"),
        (Account, ("name",), "account"),
        (Webhook, (), "webhook"),
        (Hooks, (), "hooks"),
        (Ledger, (), "ledger"),
        (Folder, ("path", "rules"), "defaults"),
        (Folder, ("rules",), "folders"),
        (Rule, (), "rules"),
        (Label, (), "labels"),
    ],
)
def test_no_key_is_missing_from_it(struct, leave_out, section):
    text = without_comments(filled_in())
    raw = tomllib.loads(text)
    present = {
        "": set(raw),
        "account": set(raw["account"]),
        "notifications": set(raw["notifications"]),
        "webhook": set(raw["webhook"]),
        "hooks": set(raw["hooks"]),
        "ledger": set(raw["ledger"]),
        "defaults": set(raw["defaults"]) | {"source_key"},  # stands in the folder
        "folders": set(raw["defaults"]) | set(raw["folders"][0]),
        "rules": set().union(*raw["folders"][0]["rules"]),
        "labels": set(re.findall(r"\w+_\w+|stage|rating", text)),
    }[section]
    assert not names(struct, leave_out) - present


def blocks(text):
    """(first line, last line, key) of each commented key."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if found := COMMENTED.fullmatch(line):
            last = number
            if found["value"] == "[":
                last = lines.index("# ]", number)
            yield number, last, found["key"]


BLOCKS = [each for each in blocks(filled_in()) if each[2] != LOCKED]
#: Where rules begin: their commented keys show how they are written, as they stand in a rule.
RULES = filled_in().splitlines().index("[[folders.rules]]")
#: Keys that are shown with something else than what holds without them: that would say nothing.
SHOWN = {"ignore", "sync_parsing_indexing", "profile_url", "url"}
DEFAULT_IN_RULES = {"min_size", "max_size"}
#: Of this table all commands are shown, and none holds by default.
HOOKS = filled_in().splitlines().index("[hooks]")
SHOWN_HOOKS = {HOOKS + 1: "parsed", HOOKS + 2: "refused"}


@pytest.mark.parametrize(
    ("first", "last", "key"),
    [pytest.param(*each, id=f"{each[0] + 1}-{each[2]}") for each in BLOCKS],
)
def test_each_comment_taken_away_alone_is_valid_and_the_default_if_it_says_so(
    tmp_path, first, last, key
):
    lines = filled_in().splitlines()
    lines[first : last + 1] = [line[2:] for line in lines[first : last + 1]]
    is_default = key in DEFAULT_IN_RULES if first > RULES else key not in SHOWN
    is_default = is_default and first not in SHOWN_HOOKS
    found = load_text(tmp_path, "\n".join(lines)).config
    assert (found == load_text(tmp_path, filled_in()).config) == is_default


def test_all_commented_keys_are_looked_at():
    assert len(BLOCKS) + 1 == len(COMMENTED.findall(read_example())) > 30


def test_what_it_locks_can_be_locked_in_the_machine_wide_file_and_there_alone(tmp_path):
    locked = re.search(rf"^# ({LOCKED} = .*)$", filled_in(), re.MULTILINE)[1]
    machine = tmp_path / "machine.toml"
    machine.write_text(f"{locked}\n{filled_in()}", encoding="utf-8")
    own = str(tmp_path / "none.toml")
    named = MachineFile(str(machine), is_own=True)
    loaded = load(own, environ={}, home=str(tmp_path), machine=named)
    assert {"accounts.default.api_url", "folders[1].existing", "hooks.parsed"} <= {
        name for name, origin in loaded.origins.items() if origin.is_locked
    }
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, f"{locked}\n{filled_in()}")
    assert "is only allowed in the system-wide configuration" in str(caught.value.mistakes[0])
