"""``setup``: from nothing to a configuration that works; guided, or by options alone."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct
from msgspec.structs import replace

from watcher.cli.context import load_config, name_sources, places, program_options
from watcher.cli.editing import (
    after_option,
    ask,
    ask_email,
    ask_to_create,
    check_option,
    choose_account,
    create_option,
    is_terminal,
    open_editor,
    show_difference,
    show_sources,
    stored_keys,
    tag_option,
    warn,
)
from watcher.cli.login import ask_key, read_key, store_key
from watcher.cli.output import Styled, answers_with_facts, confirm, say, say_table, shown_path
from watcher.cli.service import install_service, login_service
from watcher.config.mistakes import redact
from watcher.config.setup_plan import (
    FIRST_FOLDER,
    Answers,
    Configured,
    ConfiguredFolder,
    FolderAnswer,
    check_after_upload,
    find_problems,
)
from watcher.config.tags import read_tags, write_tags
from watcher.daemon.channel import read_facts
from watcher.daemon.setup import (
    Changes,
    can_drop_sample,
    drop_sample,
    find_missing,
    save,
)
from watcher.daemon.snapshots import source_names
from watcher.daemon.workspace import UNCHECKED, Workspace, ask_hrflow
from watcher.i18n.command import command_name
from watcher.i18n.message import Message, msg, sentences
from watcher.model.errors import CredentialError, UnusableError, UsageError
from watcher.model.settings import AfterUpload
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.config.editor import Editor
    from watcher.model.settings import Account, Item

#: What a path contains, and no answer to another question.
_PATH: Final = re.compile(r"[/\\]|^(?:[~.$%]|[A-Za-z]:)")
#: Columns of the labels in front of what is to be saved.
_LABEL_WIDTH: Final = 14


class _Options(Struct, frozen=True):
    """What the command line says; None, or empty, for what it does not."""

    account: str | None
    email: str | None
    api_url: str | None
    key_stdin: bool
    sources: tuple[str, ...]
    folders: tuple[str, ...]
    tags: tuple[Item, ...]
    after_upload: str | None
    create: bool | None
    check: bool
    test_file: bool | None
    service: bool | None
    non_interactive: bool

    def source(self, number: int) -> str | None:
        """Return what names the source of the folder with this number."""
        if len(self.sources) > 1:
            return self.sources[number]
        return self.sources[0] if self.sources else None


@click.command("setup")
@click.option("--email", help="The email of your HrFlow account.")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@click.option("--source", "sources", multiple=True, metavar="NAME|KEY",
              help="The source: once for all folders, or once for each.")  # fmt: skip
@click.option("--folder", "folders", multiple=True, metavar="PATH",
              help="A folder to watch; can be repeated.")  # fmt: skip
@tag_option
@after_option
@create_option
@click.option("--account", metavar="NAME", help="The account, if you have several.")
@click.option("--api-url", metavar="URL", help="Custom API address.")
@check_option
@click.option("--test-file/--no-test-file", default=None,
              help="Put a sample CV into the folder, to see it arrive.")  # fmt: skip
@click.option("--service/--no-service", default=None,
              help="Start automatically at login, and now; or leave that as it is.")  # fmt: skip
@click.option("--non-interactive", is_flag=True, help="Ask no questions; for scripts.")
@answers_with_facts
@program_options
def command(ctx: click.Context, /, facts: dict[str, object], **given: Any) -> None:
    """Set up everything: account, key, folders, sources, tags and automatic start.

    Asks for what the options leave out, shows the changes to the configuration, and saves them
    once you confirm; comments and other settings are kept. Run it again to change something: the
    current settings are suggested.
    """
    options = _Options(**given)
    editor = open_editor(ctx)
    _check_options(options)
    try:
        changes, names, at_login = _collect(ctx, editor, options)
        confirmed = options.non_interactive or _confirm(editor, changes)
    except (click.Abort, KeyboardInterrupt):
        say()
        say("Nothing was saved.")
        raise
    if not confirmed:
        say("Nothing was saved.")
        return
    answers = changes.answers
    stored = stored_keys(editor)
    not_stored = save(editor, changes, stored, partial(store_key, stored), _report)
    name_sources(ctx, answers.account, names)
    facts.update(config=editor.path, changed=changes.text != editor.text, account=answers.account)
    facts["folders"] = [
        {"path": folder.place, "source_key": folder.source_key} for folder in answers.folders
    ]
    is_running = bool(read_facts(places(ctx)))
    _offer_sample(answers, options, starts=at_login or is_running)
    if at_login:
        install_service(login_service(ctx, load_config(ctx).config), start=True)
    elif is_running:
        say("Saved and active: the program is running.")
    else:
        say(f"Start it with: {command_name()} run")
    if not_stored:
        runs = bool(read_facts(places(ctx)))
        raise CredentialError(
            msg("Everything is set up except the key, which is not stored: {why}", why=not_stored),
            msg("The program is already running; files wait until this is fixed.") if runs else "",
        )


# -- The answers


def _check_options(options: _Options) -> None:
    if len(options.sources) > 1 and len(options.sources) != len(options.folders):
        raise UsageError(
            f"There are {len(options.sources)} sources for {len(options.folders)} folders.",
            "Give --source once for all folders, or once for each.",
        )
    of_folders = options.sources or options.tags or options.after_upload
    if of_folders and not options.folders and options.non_interactive:
        raise UsageError(
            "--source, --tag and --after-upload apply to a folder.", "Add --folder PATH."
        )
    if options.key_stdin and not options.non_interactive:
        raise UsageError("--key-stdin is for scripts.", "Add --non-interactive, or type the key.")
    if not options.non_interactive and not is_terminal():
        raise UsageError(
            "setup needs a terminal to ask its questions.",
            "Give the answers as options, with --non-interactive.",
        )


def _collect(
    ctx: click.Context, editor: Editor, options: _Options
) -> tuple[Changes, Mapping[str, str], bool]:
    """Return what to save, the sources' names by their keys, and whether to start at login."""
    configured = editor.configured
    named = [editor.place(path) for path in options.folders]
    asks = not options.non_interactive
    key = ""
    if asks:
        say("Nothing is saved until you confirm at the end; Ctrl-C cancels.")
        say(f"Configuration: {shown_path(editor.path)}")
        say()
    elif options.key_stdin:
        key = read_key()
    name = choose_account(configured, options.account, asks=asks)
    account = configured.account(name)
    email = (options.email or "").strip() or (account.email if account else "")
    if asks:
        email, key, workspace = _ask_account(editor, options, name, email)
    else:
        _refuse_missing(editor, options, Answers(name, email, options.api_url), named)
        to_ask, workspace = editor.account(Answers(name, email, options.api_url)), UNCHECKED
        if options.check:
            workspace = ask_hrflow(to_ask, key or stored_keys(editor).find(name)[0])
    if asks and not named:
        named = _ask_folders(editor, source_names(places(ctx)))
    folders = tuple(
        _answer(options, workspace, number, configured.folder(path, place))
        for number, (path, place) in enumerate(named)
    )
    answers = Answers(name, email, options.api_url, folders)
    missing = find_missing(answers) if options.create is not False else []
    if asks and options.create is None:
        missing = [place for place in missing if ask_to_create(place)]
    at_login = _ask_start(ctx, options)
    text, warnings = editor.propose(editor.plan(answers))
    _show(editor, answers, text, warnings)
    return Changes(answers, key, tuple(missing), text), workspace.names, at_login


def _ask_start(ctx: click.Context, options: _Options) -> bool:
    """Return whether to start at login, asking unless options or an installed service tell."""
    if options.service is not None:
        return options.service
    if login_service(ctx).system.look() is not None:
        return True
    question = "Start automatically when you log in?"
    return not options.non_interactive and confirm(question, default=True)


def _answer(
    options: _Options, workspace: Workspace, number: int, configured: ConfiguredFolder
) -> FolderAnswer:
    """Return what options and a person say of a folder; keys that are locked are not asked for."""

    def asks(key: str) -> bool:
        return not options.non_interactive and key not in configured.locked

    source_key, source_name = None, ""
    if named := options.source(number):
        source_key, source_name = workspace.find(named)
    elif asks("source_key"):
        source_key, source_name = _ask_source(workspace, configured)
    if source_key and (warning := workspace.warning(source_key)):
        warn([warning])
    tags = options.tags or (_ask_tags(configured) if asks("tags") else None)
    after = AfterUpload(options.after_upload) if options.after_upload else None
    if after is None and asks("after_upload"):
        after = ask(
            "After upload: keep the file, move it to Sent, or trash it",
            check_after_upload, configured.after_upload.value,
        )  # fmt: skip
    return FolderAnswer(configured.path, configured.place, source_key, source_name, tags, after)


def _refuse_missing(
    editor: Editor, options: _Options, answers: Answers, named: list[tuple[str, str]]
) -> None:
    """Raise UsageError for everything that no option says, before HrFlow is asked."""
    folders = tuple(
        FolderAnswer(path, place, options.source(number))
        for number, (path, place) in enumerate(named)
    )
    if problems := find_problems(replace(answers, folders=folders), editor.configured):
        fields = (problem.field.rpartition(".")[2] for problem in problems)
        wanted = {f"--{field}" if field in ("email", "source") else "--folder" for field in fields}
        raise UsageError(
            sentences([problem.said for problem in problems]),
            f"Use {' and '.join(sorted(wanted))}.",
        )


# -- The questions


def _ask_account(
    editor: Editor, options: _Options, name: str, email: str
) -> tuple[str, str, Workspace]:
    """Ask for an account's email and key; returns both ("" for the current key) and its sources."""
    configured = editor.configured.account(name)
    is_locked = configured is not None and "email" in configured.locked
    if is_locked:
        say(f"Email of your HrFlow account: {email}, set for this computer.")

    def ask_account() -> Account:
        nonlocal email
        if not (options.email or is_locked):
            email = ask_email(email)
        return editor.account(Answers(name, email, options.api_url))

    key, workspace = ask_key(
        ask_account(), stored_keys(editor),
        check=options.check, may_keep=True, correct=ask_account,
    )  # fmt: skip
    show_sources(workspace)
    return email, key, workspace


def _ask_folders(editor: Editor, names: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Ask for folders until there are no more; returns (as written, real path) for each."""
    configured = editor.configured.folders
    _show_folders(editor.configured, names)
    if editor.configured.has_locked_folders:
        say(f"These are set for this computer, in {editor.configured.machine}.")
        return []

    def check(typed: str) -> tuple[str, str] | None:
        if not typed:
            return None
        if typed.isdecimal() and 1 <= int(typed) <= len(configured):
            return configured[int(typed) - 1].path, configured[int(typed) - 1].place
        if not (_PATH.search(typed) or os.path.isdir(typed)):  # "y", "2", "none"
            raise UnusableError(
                f'There is no folder "{redact(typed)}".', "Enter a path like ~/CVs."
            )
        return editor.place(typed)

    change = ", or the number of one to change" if configured else ""
    found: list[tuple[str, str]] = []
    while True:
        is_first = not (configured or found)
        folder = ask("Folder to watch", check, FIRST_FOLDER) if is_first else ask(
            f"Add another folder{change} (Enter to finish)", check, optional=True
        )  # fmt: skip
        if folder is None:
            return found
        if folder not in found:
            found.append(folder)


def _show_folders(configured: Configured, names: Mapping[tuple[str, str], str]) -> None:
    rows = []
    for number, folder in enumerate(configured.folders, 1):
        source = names.get((folder.account or configured.only, folder.source_key))
        rows.append((str(number), folder.path, source or view.short(folder.source_key)))
    if rows:
        say_table(["No.", "Folder", "Source"], rows)


def _ask_source(workspace: Workspace, folder: ConfiguredFolder) -> tuple[str, str]:
    """Ask for the source of a folder's files; returns its key and name."""
    default = folder.source_key
    if not default and len(workspace.sources) == 1:
        default = workspace.sources[0].name
    default = next((s.name for s in workspace.sources if s.key == default), default)
    kinds = "its key" if workspace.unseen else "number, name or key"
    return ask(
        f"Source for {folder.path} ({kinds})",
        lambda text: workspace.find(text, numbered=True), default,
    )  # fmt: skip


def _ask_tags(folder: ConfiguredFolder) -> tuple[Item, ...]:
    default = write_tags(folder.tags)
    keep = 'Enter to keep them, "none" to remove them' if default else "Enter for none"
    question = f"Tags, like office=Paris, urgent=true ({keep})"
    return ask(question, read_tags, default, optional=True)


# -- The end


def _show(editor: Editor, answers: Answers, text: str, warnings: list[Message]) -> None:
    """Show what would be saved, and line by line what would change in a file that exists."""
    say()
    if text == editor.text:
        say("No changes to the configuration.")
    else:
        say(f"To be saved in {shown_path(editor.path)}:")
        for label, value in _settings(answers):
            if value:
                say(f"  {label:<{_LABEL_WIDTH}}{value}", hang=_LABEL_WIDTH + 2)
        say()
        if editor.text:
            show_difference(editor, text)
            say()
    warn(warnings)


def _settings(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the answers as (label, value); the value is "" for what stays as it is."""
    yield "Account", answers.email or ""
    for folder in answers.folders:
        yield "Folder", folder.path
        yield "Source", folder.source_name or view.short(folder.source_key or "")
        yield "Tags", write_tags(folder.tags or ())
        yield "After upload", folder.after_upload or ""


def _confirm(editor: Editor, changes: Changes) -> bool:
    """Ask whether to save; not if there is nothing to do."""
    if changes.text != editor.text:
        return confirm("Save these settings?", default=True)
    folders = f"create the folder{'s' * (len(changes.folders) > 1)}"
    left = ["store the key"] * bool(changes.key) + [folders] * bool(changes.folders)
    return not left or confirm(f"{' and '.join(left).capitalize()}?", default=True)


def _report(done: Message) -> None:
    say(Styled(f"✓ {done}", "good"))


def _offer_sample(answers: Answers, options: _Options, *, starts: bool) -> None:
    """``starts``: the program is running, or is started next."""
    folders = [folder.place for folder in answers.folders if os.path.isdir(folder.place)]
    if not folders or options.test_file is False or not can_drop_sample():
        return
    if options.test_file is None and (options.non_interactive or not confirm(
        "A sample CV shows that it works. It becomes a profile in HrFlow, which may use paid"
        " credits. Put it into the folder?", default=False,
    )):  # fmt: skip
        return
    path = drop_sample(folders[0])
    when = "" if starts else " once the program is running"
    say(Styled(f"✓ {path} will be uploaded{when}.", "good"))
