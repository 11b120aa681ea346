"""The example is complete, true, and valid once the source keys are filled in."""

import json
import os
import re
import tomllib

import msgspec
import pytest

from watcher.config import load
from watcher.config.sense import PLACEHOLDER_KEY
from watcher.errors import ConfigError
from watcher.settings import Account, Config, Folder, Label, Rule

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
    """The example with every commented key in force."""
    lines, inside = [], False
    for line in text.splitlines():
        if COMMENTED.fullmatch(line):
            inside = line.rstrip().endswith("[")
            lines.append(line[2:])
        elif inside and line.startswith("#"):
            inside = line != "# ]"
            lines.append(line[2:])
        else:
            lines.append(line)
    return "\n".join(lines)


def test_it_is_valid_once_the_source_keys_are_filled_in(tmp_path):
    loaded = load_text(tmp_path, filled_in())
    (folder,) = loaded.config.folders
    assert folder.source_key == KEY
    assert len(folder.rules) == 2
    assert not loaded.warnings


def test_as_it_stands_it_says_that_the_source_key_is_missing(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, read_example())
    assert all("source_key" in mistake for mistake in caught.value.mistakes)


def test_it_is_valid_with_every_comment_taken_away(tmp_path):
    loaded = load_text(tmp_path, without_comments(filled_in()))
    assert loaded.config.folders[0].ignore == ("*draft*", "private/**")


def names(struct, leave_out=()):
    return {field.name for field in msgspec.structs.fields(struct)} - set(leave_out)


@pytest.mark.parametrize(
    ("struct", "leave_out", "section"),
    [
        (Config, ("accounts", "folders"), ""),
        (Account, ("name",), "account"),
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
        "defaults": set(raw["defaults"]) | {"source_key"},  # stands in the folder
        "folders": set(raw["defaults"]) | set(raw["folders"][0]),
        "rules": set().union(*raw["folders"][0]["rules"]),
        "labels": set(re.findall(r"\w+_\w+|stage|rating", text)),
    }[section]
    assert not names(struct, leave_out) - present


#: Commented keys that show how to write something, not what holds without it.
SHOWN = {"ignore", "sync_parsing_indexing", "media_types", "accept", "source_key", "reference"}


def test_what_it_calls_a_default_is_the_default():
    rules_from = read_example().index("[[folders.rules]]")
    defaults = {
        field.name: field.default
        for struct in (Rule, Config, Account, Folder)
        for field in msgspec.structs.fields(struct)
    }
    checked = 0
    for found in COMMENTED.finditer(read_example()[:rules_from]):
        if found["key"] in SHOWN or found["key"] == "account":
            continue
        value = tomllib.loads(f"x = {found['value']}")["x"]
        value = 100_000_000 if value == "100 MB" else value
        default = msgspec.to_builtins(defaults[found["key"]])
        assert json.dumps(value or 0) == json.dumps(default or 0), found["key"]
        checked += 1
    assert checked > 20
