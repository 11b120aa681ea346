"""From a file to settings, with every mistake at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from watcher.config.leaks import find_secrets, find_secrets_in_comments
from watcher.config.lines import locate
from watcher.config.mistakes import Mistakes, redact
from watcher.config.tables import Builder
from watcher.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.settings import Config

_LARGEST = 1_000_000  # bytes; a configuration takes some kilobytes
_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")

_QUOTES = 'texts stand in quotes, as in "text"; true, false and numbers do not'
_KEY_OF_LINE = re.compile(r"\s*([A-Za-z][A-Za-z_.-]{0,40})\s*=")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as they were read. ``origins`` tells where each key's value comes from."""

    path: str
    config: Config
    warnings: tuple[str, ...]
    origins: Mapping[str, str]


def load(path: str, *, environ: Mapping[str, str], home: str, state_dir: str = "") -> Loaded:
    """Read the configuration at ``path``; ConfigError with every mistake in it.

    ``environ`` and ``home`` are what variables and ``~`` stand for; ``state_dir`` is where the
    program keeps its own files, which is never watched.
    """
    return load_text(path, read_text(path), environ=environ, home=home, state_dir=state_dir)


def load_text(
    path: str, text: str, *, environ: Mapping[str, str], home: str, state_dir: str = ""
) -> Loaded:
    """The same for a text that is to stand at ``path``."""
    raw = parse(path, text)
    mistakes = Mistakes(path, locate(text))
    find_secrets(raw, mistakes)
    find_secrets_in_comments(text, mistakes)
    builder = Builder(mistakes, environ, home, state_dir)
    config = builder.build(raw)
    if config is None:
        _fail(path, mistakes)
    return Loaded(path, config, mistakes.warnings, builder.origins)


def _fail(path: str, mistakes: Mistakes) -> NoReturn:
    number = len(mistakes.texts)
    said = "1 mistake" if number == 1 else f"{number} mistakes"
    raise ConfigError(
        f"The configuration {path} has {said}.",
        "Correct the file and check it again with: hrflow-watcher config check",
        mistakes.texts,
    )


def read_text(path: str) -> str:
    """What stands at ``path``, without a byte order mark; ConfigError if that is no text."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no configuration at {path}.",
            "Have one written by: hrflow-watcher setup, or copy config.example.toml there.",
        ) from error
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read ({error.strerror}).") from error
    if len(content) > _LARGEST:
        raise ConfigError(f"The configuration {path} is too large to be one.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"The configuration {path} is not UTF-8 text (line {line}).", "Save it as UTF-8."
        ) from error


def parse(path: str, text: str) -> dict[str, Any]:
    """The raw tables of a text that is to stand at ``path``; ConfigError if it is no TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"The configuration {path} is nested too deeply to be one.") from error
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        found = _AT_LINE.search(str(error))
        line = found[1] if found and found[1] else str(text.count("\n") + 1)
        problem = redact(_AT_LINE.sub("", str(error)).strip())
        raise ConfigError(
            f"The configuration {path} is not valid TOML.",
            "Correct that line; everything else is checked after that.",
            (f"{path}:{line}: {problem}{_hint(problem, text, int(line))}",),
        ) from error


def _hint(problem: str, text: str, line: int) -> str:
    """Which value is none, where that is all the parser says; its text may be a secret."""
    lines = text.splitlines()
    if problem != "Invalid value" or not 0 < line <= len(lines):
        return ""
    name = _KEY_OF_LINE.match(lines[line - 1])
    what = f" of {redact(name[1])}" if name else ""
    return f"{what}: {_QUOTES}"
