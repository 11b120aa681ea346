"""``check`` and ``config``: what would happen to files, and the configuration that decides it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from watcher.cli.context import config_path, load_config, places, program_options
from watcher.cli.output import Styled, json_option, say, say_json, say_table, shown_path
from watcher.config import MachineFile, headline
from watcher.config import show as show_values
from watcher.config.paths import is_absent
from watcher.daemon.dry_run import MISSING, check_file
from watcher.daemon.plans import former_targets, make_plans
from watcher.daemon.snapshots import source_names
from watcher.i18n.message import ENGLISH, as_data, as_message
from watcher.model.errors import ConfigError, UnusableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from watcher.daemon.dry_run import Verdict
    from watcher.i18n.message import Text


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@program_options
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:
    """Show what would happen to files, and why. Nothing is sent.

    Files are opened, because their content decides, not their name.

    Exit codes: 0 all files were checked, 5 some do not exist.
    """
    where = places(ctx)
    plans = make_plans(load_config(ctx).config, former_targets(where))
    code, names = 0, source_names(where)
    for name in files:
        verdict = check_file(name, plans, where)
        if verdict.display is MISSING:
            code = UnusableError.exit_code
        if as_json:
            say_json(verdict.record())
        else:
            _show(verdict, names)
    return code


def _show(verdict: Verdict, names: Mapping[tuple[str, str], str]) -> None:
    display = verdict.display
    why = f". {verdict.why}" if verdict.why else ""
    say(Styled(f"{display.sign} {shown_path(verdict.file)}: {display.label}{why}", display.tone))
    lines = list(_details(verdict, names))
    width = max((len(label) for label, _ in lines), default=0)
    for label, text in lines:
        say(f"    {label:<{width}}  {text}", hang=width + 6)
    for part in verdict.parts:
        _show(part, names)


def _details(verdict: Verdict, names: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """What is known of a file, as (label, text); ``names`` are those of sources."""
    document, route = verdict.document, verdict.route
    if document is None:
        return
    yield "type", f"{document.sniffed.what}, {ENGLISH.size(document.stat.size)}"
    if verdict.rule:
        yield "rule", f"number {verdict.rule} of this folder"
    if route is None or not verdict.is_sent:
        return
    if not verdict.rule:
        yield "rule", "none matches; the folder's settings apply"
    source = names.get((route.account, route.source_key))
    yield "account", route.account
    yield "source", f"{source} ({route.source_key})" if source else route.source_key
    yield "file name", document.file_name
    yield "reference", route.reference
    for name in ("tags", "metadatas", "labels"):
        if name in verdict.fields:
            yield name, verdict.fields[name]


@click.group("config")
def config() -> None:
    """Check and show the configuration."""


@config.command("check")
@json_option
@program_options
def check_config(ctx: click.Context, as_json: bool) -> None:
    """Find all mistakes in the configuration."""
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
        say(f"There is no system-wide configuration at {machine.path}.")
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
    loaded = load_config(ctx)
    rows = show_values(loaded)
    if as_json:
        for key, value, _ in rows:
            text, layer, is_locked = loaded.origins[key]
            said = {"origin": text, "layer": layer, "locked": is_locked}
            say_json({"key": key, "value": value, **said})
    elif sys.stdout.isatty():
        for key, value, origin in rows:
            say(Styled(key, "busy"), f" = {value}  ", Styled(origin, "quiet"), hang=4)
    else:
        say_table(["Key", "Value", "Set in"], rows)
