"""From a file to settings, with every mistake at once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from watcher.config import keys
from watcher.config.english import msg
from watcher.config.layers import Merged, merge
from watcher.config.leaks import find_secrets
from watcher.config.lines import line_of, locate
from watcher.config.locks import read_locks
from watcher.config.machine import LARGEST, Layer, MachineFile, read_layer
from watcher.config.mistakes import Mistakes, Other
from watcher.config.paths import is_absent
from watcher.config.places import place_of
from watcher.config.syntax import explain_error
from watcher.config.tables import Builder
from watcher.model.errors import ConfigError
from watcher.model.settings import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.config.lines import Way
    from watcher.model.settings import Config


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as they were read. ``origins`` tells where each key's value comes from.

    ``machine`` is the machine-wide configuration's path, "" if there is none; ``layers`` tells of
    each key which of both it comes from ("machine", "user" or "default"), ``locked`` which cannot
    be changed. ``has_own``: the person has one.
    """

    path: str
    config: Config
    warnings: tuple[str, ...]
    origins: Mapping[str, str]
    machine: str
    layers: Mapping[str, str]
    locked: frozenset[str]
    has_own: bool


def load(
    path: str,
    *,
    environ: Mapping[str, str],
    home: str,
    state_dir: str = "",
    machine: MachineFile | None = None,
) -> Loaded:
    """Read the configuration at ``path``; ConfigError with every mistake in it.

    ``environ`` and ``home`` are what variables and ``~`` stand for; ``state_dir`` is where the
    program keeps its own files, which is never watched. With a ``machine``-wide configuration
    there need not be one at ``path``.
    """
    layer = find_layer(machine)
    text = None if layer is not None and is_absent(path) else read_text(path)
    return load_text(path, text, environ=environ, home=home, state_dir=state_dir, layer=layer)


def find_layer(machine: MachineFile | None) -> Layer | None:
    """The machine-wide configuration, None if there is none. ConfigError if it cannot be used."""
    return read_layer(machine, parse) if machine else None


def load_text(
    path: str,
    text: str | None,
    *,
    environ: Mapping[str, str],
    home: str,
    state_dir: str = "",
    layer: Layer | None = None,
) -> Loaded:
    """The same for a text that is to stand at ``path``; None if there is none."""
    raw = parse(path, text or "")
    merged = put_together(raw, layer, environ, home)
    other = Other(layer.path, layer.lines, merged.taken) if layer else None
    mistakes = Mistakes(path, locate(text or ""), other)
    if keys.LOCKED in raw:
        mistakes.add(
            (keys.LOCKED,), msg("belongs in the machine-wide configuration, for everybody")
        )
        del merged.raw[keys.LOCKED]
    find_secrets(raw, mistakes)
    first = _check_alone(layer, environ, home, state_dir) if layer else None
    if first:
        mistakes.secrets |= _moved(first.secrets, merged.taken)
    builder = Builder(mistakes, environ, home, state_dir)
    config = builder.build(merged.raw)
    if config is None or (first and first.texts):
        _fail(mistakes, first, has_own=text is not None)
    remarks = _remark_idle(merged, mistakes, layer)
    return Loaded(
        path,
        replaced(config, remarks=remarks),
        mistakes.warnings,
        builder.origins,
        layer.path if layer else "",
        {key: _layer_of(way, mistakes) for key, (_, way) in builder.ways.items()},
        frozenset(key for key, (way, _) in builder.ways.items() if merged.is_locked(way)),
        text is not None,
    )


def put_together(
    raw: dict[str, Any], layer: Layer | None, environ: Mapping[str, str], home: str
) -> Merged:
    """A person's own tables on those of the machine, if it has any."""
    if layer is None:
        return Merged(raw.copy())
    return merge(
        layer.raw,
        raw,
        layer.locks,
        lambda folder: (
            place_of(folder.get("path"), environ, home) if isinstance(folder, dict) else ""
        ),
    )


# -- inside


def _check_alone(layer: Layer, environ: Mapping[str, str], home: str, state_dir: str) -> Mistakes:
    """What is wrong with the machine's configuration, though a person's own may hide it."""
    mistakes = Mistakes(layer.path, layer.lines)
    read_locks(layer.raw, mistakes)
    find_secrets(layer.raw, mistakes)
    alone = {name: value for name, value in layer.raw.items() if name != keys.LOCKED}
    Builder(mistakes, environ, home, state_dir, partial=True).build(alone)
    return mistakes


def _moved(secrets: Iterable[Way], taken: Mapping[Way, Way]) -> set[Way]:
    """Where the machine's secrets stand in both files put together."""
    return {
        (*way, *secret[len(source) :])
        for secret in secrets
        for way, source in taken.items()
        if secret[: len(source)] == source
    }


def _layer_of(way: Way | None, mistakes: Mistakes) -> str:
    if way is None:
        return "default"
    return "user" if mistakes.is_own(way) else "machine"


def _remark_idle(merged: Merged, mistakes: Mistakes, layer: Layer | None) -> tuple[str, ...]:
    """Warn of what has no effect of the person's own; the sentences are for ``status`` too."""
    return tuple(
        mistakes.warn_own(
            way, msg("has no effect, as {path} locks it for this machine", path=layer.path)
        )
        for way, _ in sorted(merged.idle, key=lambda each: line_of(each[0], mistakes.lines))
        if layer is not None
    )


def _fail(mistakes: Mistakes, first: Mistakes | None, *, has_own: bool) -> NoReturn:
    found = first.texts if first else ()
    texts = tuple(dict.fromkeys((*found, *mistakes.texts)))
    unfinished = mistakes.only_missing and not found
    by_machine = bool(first) and mistakes.only_missing_here and not unfinished
    said = msg("1 mistake") if len(texts) == 1 else msg("{number} mistakes", number=len(texts))
    title = msg("The configuration {path} has {what}.", path=mistakes.path, what=said)
    hint = msg("Correct the file and check it again with: hrflow-watcher config check")
    if first and by_machine:
        title = msg("The machine-wide configuration {path} has {what}.", path=first.path, what=said)
        hint = msg(
            "Whoever looks after this machine can correct the file and check it again with: hrflow-watcher config check"
        )
    elif first:
        title = msg(
            "The configuration {path} on top of {place} has {what}.",
            path=mistakes.path,
            place=first.path,
            what=said,
        )
    if first and unfinished and not has_own:
        title = msg(
            "The machine-wide configuration {path} leaves something to you.", path=first.path
        )
        hint = msg("Have it written by: hrflow-watcher setup")
    raise ConfigError(title, hint, texts, unfinished=unfinished, by_machine=by_machine)


def read_text(path: str) -> str:
    """What stands at ``path``, without a byte order mark; ConfigError if that is no text."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            msg("There is no configuration at {path}.", path=path),
            msg("Have one written by: hrflow-watcher setup, or copy config.example.toml there."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} cannot be read ({error}).",
                path=path,
                error=error.strerror,
            )
        ) from error
    if len(content) > LARGEST:
        raise ConfigError(msg("The configuration {path} is too large to be one.", path=path))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            msg(
                "The configuration {path} is not UTF-8 text (line {number}).",
                path=path,
                number=line,
            ),
            msg("Save it as UTF-8."),
        ) from error


def parse(path: str, text: str) -> dict[str, Any]:
    """The raw tables of a text that is to stand at ``path``; ConfigError if it is no TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(
            msg("The configuration {path} is nested too deeply to be one.", path=path)
        ) from error
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        line, problem = explain_error(error, text)
        raise ConfigError(
            msg("The configuration {path} is not valid TOML.", path=path),
            msg("Correct that line; everything else is checked after that."),
            (f"{path}:{line}: {problem}",),
        ) from error
