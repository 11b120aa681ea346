"""Configurations that are read from a text."""

import pytest

from watcher.config import load
from watcher.model.errors import ConfigError


@pytest.fixture
def load_text(tmp_path):
    def load_text(text, **more):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        values = {"environ": {"BASE": "/data"}, "home": "/home/jo", "state_dir": "/var/own", **more}
        return load(str(path), **values)

    return load_text


@pytest.fixture
def mistakes(load_text, tmp_path):
    """The mistakes of a text, without the file's path."""

    def find(text, **more):
        with pytest.raises(ConfigError) as caught:
            load_text(text, **more)
        return [
            str(each).removeprefix(f"{tmp_path / 'config.toml'}:") for each in caught.value.mistakes
        ]

    return find
