"""``folder add``, ``folder list`` and ``folder remove``: the watched folders, edited with care."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.editing import (
    after_option,
    ask_to_create,
    check_option,
    create_option,
    is_terminal,
    open_editor,
    show_difference,
    tag_option,
    warn,
)
from watcher.cli.output import answers_with_facts, json_option, say, say_json, say_table, styled
from watcher.cli.sources import choose_account, find_source
from watcher.config.setup import Answers, DropFolder, FolderAnswer
from watcher.config.tags import write_tags
from watcher.daemon.setup import make_folder, what_stays, without_absent
from watcher.i18n.message import ENGLISH
from watcher.model.errors import UnusableError, UsageError
from watcher.model.settings import AfterUpload
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.model.settings import Folder, Item


@click.group("folder")
def command() -> None:
    """Add, list and remove watched folders."""


@command.command("add")
@click.argument("path")
@click.option("--source", required=True, metavar="NAME|KEY", help="Where its files go.")
@tag_option
@after_option
@click.option("--recursive/--no-recursive", default=None, help="Also the folders inside, or not.")
@click.option("--account", metavar="NAME", help="Whose source it is, if you have several accounts.")
@create_option
@check_option
@config_option
@state_option
@answers_with_facts
@click.pass_context
def add(
    ctx: click.Context,
    path: str,
    source: str,
    tags: tuple[Item, ...],
    after_upload: str | None,
    recursive: bool | None,  # noqa: FBT001 - click passes it so
    account: str | None,
    create: bool | None,  # noqa: FBT001
    check: bool,  # noqa: FBT001
    facts: dict[str, object],
) -> None:
    """Watch the folder PATH, and send its files to a source."""
    editor = open_editor(ctx)
    written, place = editor.place(path)
    if editor.known.number(place) is not None:
        raise UnusableError(
            f"{view.safe(place)} is watched already.",
            "Change it with: hrflow-watcher setup, or in the configuration.",
        )
    name = choose_account(editor, account)
    key, source_name = find_source(editor, name, source, check=check)
    after = AfterUpload(after_upload) if after_upload else None
    answer = FolderAnswer(written, place, key, source_name, tags or None, after, recursive)
    text, warnings = editor.propose(editor.plan(Answers(name, folders=(answer,))))
    _create(place, create)
    show_difference(editor, text)
    editor.write(text)
    facts.update(path=view.safe(place), account=name, source_key=key, added=True)
    warn(without_absent(warnings) if os.path.isdir(place) else warnings)
    goes_to = view.safe(source_name) or view.short(key)
    say(styled(f"✓ {view.safe(place)} is watched; its files go to {goes_to}.", "good"))


@command.command("list")
@json_option
@config_option
@state_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show the watched folders, each with its source and its tags."""
    loaded = load_config(ctx)
    folders = loaded.config.folders
    layers = [loaded.origins[f"folders[{at}].path"].layer for at in range(1, len(folders) + 1)]
    if as_json:
        for folder, layer in zip(folders, layers, strict=True):
            say_json({**_facts(folder), "layer": layer})
    elif folders:
        rows = [_row(folder, layer) for folder, layer in zip(folders, layers, strict=True)]
        say_table(["Folder", "Source", "Tags", "After upload", "Account", ""], rows)
    else:
        say("No folder is watched. Add one with: hrflow-watcher folder add PATH --source NAME")


@command.command("remove")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@state_option
@answers_with_facts
@click.pass_context
def remove(
    ctx: click.Context,
    path: str,
    yes: bool,  # noqa: FBT001 - click passes it so
    facts: dict[str, object],
) -> None:
    """Watch the folder PATH no more. Nothing on the disk is removed."""
    editor = open_editor(ctx)
    at = editor.number(path)
    place = editor.known.folders[at].place
    facts.update(path=view.safe(place), removed=False)
    text, _ = editor.propose([DropFolder(at)])
    show_difference(editor, text)
    say(what_stays(places(ctx), place, ENGLISH))
    if not yes:
        if not is_terminal():
            raise UsageError("Nobody can be asked here.", "Add --yes if you are sure.")
        if not click.confirm("Watch this folder no more?", default=False):
            say("Nothing was changed.")
            return
    editor.write(text)
    facts["removed"] = True
    path = view.safe(editor.known.folders[at].path)
    if open_editor(ctx).known.number(editor.known.folders[at].place) is not None:
        facts["removed"] = False
        say(f"{path} is watched all the same, because {view.safe(editor.known.machine)} says so.")
        return
    say(styled(f"✓ {path} is not watched any more.", "good"))


# -- inside


def _create(place: str, create: bool | None) -> None:  # noqa: FBT001 - an option's three values
    """Create the folder if it is not there and that is wanted; asks where somebody can be asked."""
    if os.path.lexists(place):
        return
    if create is None:
        create = is_terminal() and ask_to_create(place)
    if create:
        make_folder(place)


def _facts(folder: Folder) -> dict[str, object]:
    return {
        "path": view.safe(folder.path),
        "exists": os.path.isdir(folder.path),
        "account": folder.account,
        "source_key": folder.source_key,
        "tags": [{"name": item.name, "value": item.value} for item in folder.tags],
        "recursive": folder.recursive,
        "after_upload": folder.after_upload.value,
        "rules": len(folder.rules),
    }


def _row(folder: Folder, layer: str) -> Sequence[str]:
    notes = ["set for this machine"] * (layer == "machine")
    notes += ["not there"] * (not os.path.isdir(folder.path))
    after = folder.after_upload.value
    return (
        view.safe(folder.path), view.short(folder.source_key), view.safe(write_tags(folder.tags)),
        after, view.safe(folder.account), ", ".join(notes),
    )  # fmt: skip
