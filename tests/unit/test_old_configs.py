"""The configuration of every earlier version is valid, and means what it meant."""

import json
import os
import re

import pytest

from tests.support.earlier_versions import CONFIGS, NAMES, ROOT, read_config

RELEASED = re.compile(r"^## \[(\d[^\]]*)\]", re.MULTILINE)


def lost(before, after):
    """Where ``after`` does not say what ``before`` said; more may be said."""
    if isinstance(before, dict):
        return [
            f"{key}.{each}".rstrip(".")
            for key, value in before.items()
            for each in (lost(value, after[key]) if key in after else ["is gone"])
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for pair in zip(before, after, strict=True) for each in lost(*pair)]
    return [] if before == after else [f": {after!r} instead of {before!r}"]


@pytest.mark.parametrize("name", NAMES)
def test_it_means_what_it_meant(name):
    with open(os.path.join(CONFIGS, f"{name}.json"), encoding="utf-8") as file:
        assert lost(json.load(file), read_config(name)) == []


def test_there_is_one_of_every_release():
    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        released = RELEASED.findall(file.read())
    assert [version for version in released if version not in NAMES] == []


def test_what_is_lost_is_found():
    assert lost({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}) == []
    assert lost({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == ["a.b.: 2 instead of 1"]
    assert lost({"a": 1, "b": 2}, {"a": 1}) == ["b.is gone"]
