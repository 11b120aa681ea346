"""``folder``: adds, lists and removes watched folders."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from watcher.cli.context import load_config, name_sources, places, program_options
from watcher.cli.editing import (
    after_option,
    ask_to_create,
    check_option,
    choose_configured_account,
    create_option,
    find_source,
    is_terminal,
    open_editor,
    show_difference,
    tag_option,
    warn,
)
from watcher.cli.output import (
    Styled,
    answers_with_facts,
    confirm,
    json_option,
    say,
    say_json,
    say_table,
    shown_path,
)
from watcher.config.edits import DropFolder
from watcher.config.setup_plan import Answers, FolderAnswer
from watcher.config.tags import write_tags
from watcher.daemon.setup import make_folder, what_stays
from watcher.daemon.snapshots import source_names
from watcher.i18n.command import command_name
from watcher.i18n.message import ENGLISH
from watcher.model.errors import UnusableError, UsageError
from watcher.model.settings import AfterUpload
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.model.settings import Folder, Item


@click.group("folder")
def command() -> None:
    """Add, list and remove watched folders."""


@command.command("add")
@click.argument("path")
@click.option("--source", required=True, metavar="NAME|KEY", help="The source for its files.")
@tag_option
@after_option
@click.option(
    "--recursive/--no-recursive", default=None, help="Include subfolders, or leave them out."
)
@click.option("--account", metavar="NAME", help="The account, if you have several.")
@create_option
@check_option
@answers_with_facts
@program_options
def add(
    ctx: click.Context,
    path: str,
    source: str,
    tags: tuple[Item, ...],
    after_upload: str | None,
    recursive: bool | None,
    account: str | None,
    create: bool | None,
    check: bool,
    facts: dict[str, object],
) -> None:
    """Watch the folder PATH and upload its files to a source."""
    editor = open_editor(ctx)
    written, place = editor.place(path)
    if editor.configured.number(place) is not None:
        raise UnusableError(
            f"{place} is already a watched folder.",
            f"Change it with: {command_name()} setup",
        )
    name = choose_configured_account(editor.configured, account, asks=is_terminal())
    key, source_name = find_source(editor, name, source, check=check)
    after = AfterUpload(after_upload) if after_upload else None
    answer = FolderAnswer(written, place, key, source_name, tags or None, after, recursive)
    text, warnings = editor.propose(editor.plan(Answers(name, folders=(answer,))))
    _create(place, create)
    show_difference(editor, text)
    editor.write(text)
    name_sources(ctx, name, {key: source_name} if source_name else {})
    facts.update(path=place, account=name, source_key=key, added=True)
    warn(warnings)
    known = source_name or source_names(places(ctx)).get((name, key))
    goes_to = known or view.short(key)
    watched = f"Watching {place}" if os.path.isdir(place) else f"Watching {place} once it exists"
    say(Styled(f"✓ {watched}; its files are uploaded to {goes_to}.", "good"))


@command.command("list")
@json_option
@program_options
def list_(ctx: click.Context, as_json: bool) -> None:
    """Show the watched folders with their sources and tags."""
    loaded = load_config(ctx)
    folders = loaded.config.folders
    layers = [loaded.origins[f"folders[{at}].path"].layer for at in range(1, len(folders) + 1)]
    names = source_names(places(ctx))
    if as_json:
        for folder, layer in zip(folders, layers, strict=True):
            source = names.get((folder.account, folder.source_key), "")
            say_json({**_facts(folder), "source_name": source, "layer": layer})
    elif folders:
        rows = [_row(folder, layer, names) for folder, layer in zip(folders, layers, strict=True)]
        if len(loaded.config.accounts) == 1 and sys.stdout.isatty():  # tells a person nothing
            rows = [[*row[:4], "", *row[5:]] for row in rows]
        say_table(["Folder", "Source", "Tags", "After upload", "Account", ""], rows)
    else:
        say(f"No watched folders. Add one with: {command_name()} folder add PATH --source NAME")


@command.command("remove")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@answers_with_facts
@program_options
def remove(ctx: click.Context, path: str, yes: bool, facts: dict[str, object]) -> None:
    """Stop watching the folder PATH. Your files and their history are kept."""
    editor = open_editor(ctx)
    at = editor.number(path)
    place = editor.configured.folders[at].place
    facts.update(path=place, removed=False)
    text, _ = editor.propose([DropFolder(at)])
    show_difference(editor, text)
    say(what_stays(places(ctx), place, ENGLISH))
    if not yes:
        if not is_terminal():
            raise UsageError("Can't ask for confirmation here.", "Add --yes if you are sure.")
        if not confirm("Stop watching this folder?"):
            say("Nothing was saved.")
            return
    editor.write(text)
    facts["removed"] = True
    path = editor.configured.folders[at].path
    if open_editor(ctx).configured.number(editor.configured.folders[at].place) is not None:
        facts["removed"] = False
        say(f"{path} is still watched, because it is also set for this computer in"
            f" {editor.configured.machine}.")  # fmt: skip
        return
    say(Styled(f"✓ Stopped watching {path}.", "good"))


def _create(place: str, create: bool | None) -> None:
    """Create a missing folder if that is wanted; asks if no option says and there is a terminal."""
    if os.path.lexists(place):
        return
    if create is None:
        create = is_terminal() and ask_to_create(place)
    if create:
        make_folder(place)


def _facts(folder: Folder) -> dict[str, object]:
    return {
        "path": folder.path,
        "exists": os.path.isdir(folder.path),
        "account": folder.account,
        "source_key": folder.source_key,
        "tags": [{"name": item.name, "value": item.value} for item in folder.tags],
        "recursive": folder.recursive,
        "after_upload": folder.after_upload.value,
        "rules": len(folder.rules),
    }


def _row(folder: Folder, layer: str, names: Mapping[tuple[str, str], str]) -> Sequence[str]:
    notes = ["set for this computer"] * (layer == "machine")
    notes += ["doesn't exist"] * (not os.path.isdir(folder.path))
    source = names.get((folder.account, folder.source_key)) or view.short(folder.source_key)
    return (
        shown_path(folder.path), source, write_tags(folder.tags),
        folder.after_upload.value, folder.account, ", ".join(notes),
    )  # fmt: skip
