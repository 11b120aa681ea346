"""``check`` and ``config``: what would happen to files, and the configuration that decides it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import config_path, load_config, places, program_options
from watcher.cli.output import Styled, json_option, say, say_json, say_table
from watcher.i18n.message import ENGLISH, Message, as_data, as_fields, as_message
from watcher.model.errors import ConfigError, UnusableError
from watcher.model.kinds import State
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from watcher.i18n.message import Text

_WOULD_BE_UPLOADED: Final = "Would be uploaded"
#: Verdict → how it is shown; all others are quiet.
_SIGNS: Final = {
    _WOULD_BE_UPLOADED: ("✓", "good"),
    "Would be opened": ("✓", "good"),
    "File not found; check the path": ("✗", "bad"),
    str(view.STATES[State.WAITING].label): (view.STATES[State.WAITING].sign, "busy"),
    str(view.STATES[State.HELD].label): (view.STATES[State.HELD].sign, "bad"),
    str(view.STATES[State.REFUSED].label): (view.STATES[State.REFUSED].sign, "bad"),
}


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@program_options
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:
    """Show what would happen to files, and why. Nothing is sent.

    Files are opened, because their content decides, not their name.

    Exit codes: 0 all files were checked, 5 some do not exist.
    """
    from watcher.daemon.plans import (  # noqa: PLC0415 - config does without
        MISSING,
        check_file,
        former_targets,
        make_plans,
        this_machine,
    )
    from watcher.daemon.status import source_names  # noqa: PLC0415 - likewise

    where = places(ctx)
    plans = make_plans(load_config(ctx).config, this_machine(), former_targets(where))
    code, names = 0, source_names(where)
    for name in files:
        verdict = check_file(name, plans, where)
        if verdict["verdict"] == MISSING:
            code = UnusableError.exit_code
        if as_json:
            say_json(_plain(verdict))
        else:
            _show(verdict, names)
    return code


def _plain(verdict: Mapping[str, object]) -> dict[str, object]:
    """For scripts: the English text of each message, and the message itself beside it."""
    plain: dict[str, object] = {}
    for name, value in verdict.items():
        if isinstance(value, Message):
            plain |= as_fields(name, value)
        elif isinstance(value, list):
            plain[name] = [_plain(each) for each in value]
        else:
            plain[name] = value
    return plain


def _show(verdict: Mapping[str, object], names: Mapping[tuple[str, str], str]) -> None:
    word = str(verdict["verdict"])
    sign, tone = _SIGNS.get(word, ("·", "quiet"))
    why = f". {verdict['why']}" if verdict.get("why") else ""
    say(Styled(f"{sign} {verdict['file']}: {word}{why}", tone))
    lines = list(_details(verdict, names))
    width = max((len(label) for label, _ in lines), default=0)
    for label, text in lines:
        say(f"    {label:<{width}}  {text}", hang=width + 6)
    parts = verdict.get("parts", [])
    assert isinstance(parts, list)
    for part in parts:
        _show(part, names)


def _details(
    verdict: Mapping[str, object], names: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str]]:
    """What is known of a file, as (label, text); ``names`` are those of sources."""
    if "what" in verdict:
        yield "type", f"{verdict['what']}, {ENGLISH.size(float(str(verdict['size'])))}"
    rule = verdict.get("rule")
    if rule:
        yield "rule", f"number {rule} of this folder"
    if str(verdict["verdict"]) != _WOULD_BE_UPLOADED:
        return
    if not rule:
        yield "rule", "none matches; the folder's settings apply"
    account, key = str(verdict["account"]), str(verdict["source_key"])
    source = names.get((account, key))
    yield "account", account
    yield "source", f"{source} ({key})" if source else key
    yield "file name", str(verdict["sent_as"])
    yield "reference", str(verdict["reference"])
    fields = verdict["fields"]
    assert isinstance(fields, dict)
    for name in ("tags", "metadatas", "labels"):
        if name in fields:
            yield name, fields[name]


@click.group("config")
def config() -> None:
    """Check and show the configuration."""


@config.command("check")
@json_option
@program_options
def check_config(ctx: click.Context, as_json: bool) -> None:
    """Find all mistakes in the configuration."""
    from watcher.config import MachineFile, headline  # noqa: PLC0415 - only needed here
    from watcher.config.paths import is_absent  # noqa: PLC0415

    path = config_path(ctx)
    machine = MachineFile.of_process(os.environ)
    missing = is_absent(machine.path)
    facts = {"file": path, "machine_file": None if missing else machine.path}
    try:
        loaded = load_config(ctx)
    except ConfigError as error:
        if as_json:
            mistakes = error.mistakes or (error.message,)
            say_json(facts | _as_data("mistake", mistakes) | _as_data("warning"))
            ctx.exit(error.exit_code)
        raise
    warnings = (*loaded.absent, *loaded.warnings)
    if as_json:
        say_json(facts | _as_data("mistake") | _as_data("warning", warnings))
        return
    if missing and machine.is_own:
        say(f"There is no machine-wide configuration at {machine.path}.")
    for warning in warnings:
        say(Styled(f"! {warning}", "busy"))
    say(Styled(f"✓ {headline(loaded)}.", "good"))


def _as_data(name: str, said: Sequence[Text] = ()) -> dict[str, object]:
    """Return sentences in English, and beside them as identifiers with arguments."""
    messages = [as_data(as_message(each)) for each in said]
    return {f"{name}s": [str(each) for each in said], f"{name}_messages": messages}


@config.command("show")
@json_option
@program_options
def show_config(ctx: click.Context, as_json: bool) -> None:
    """Show all settings in effect and where each comes from."""
    from watcher.config import show as show_values  # noqa: PLC0415 - only needed here

    loaded = load_config(ctx)
    rows = show_values(loaded)
    if as_json:
        for key, value, _ in rows:
            text, layer, is_locked = loaded.origins[key]
            said = {"origin": text, "layer": layer, "locked": is_locked}
            say_json({"key": key, "value": value, **said})
    else:
        say_table(["Key", "Value", "Set in"], rows)
