"""``setup``: from nothing to a configuration that works; guided, or by options alone."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.output import answers_with_facts, say, styled
from watcher.cli.questions import (
    Questions,
    Silence,
    after_option,
    check_form,
    check_option,
    create_option,
    find_key,
    is_terminal,
    open_editor,
    show_difference,
    store_key,
    tag_option,
    warn,
    why_not_kept,
)
from watcher.cli.service import install_service, login_service
from watcher.config.mistakes import redacted
from watcher.config.setup import Answers, FolderAnswer, KnownFolder, find_problems
from watcher.credentials.keys import CREDENTIAL, VARIABLE
from watcher.daemon.editing import make_folder, without_absent
from watcher.daemon.sample import can_drop_sample, drop_sample
from watcher.model.errors import CredentialError, UsageError
from watcher.model.settings import AfterUpload
from watcher.page.client import read_facts
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.daemon.accounts import Workspace
    from watcher.daemon.editing import Editor
    from watcher.model.settings import Item

_LONGEST_KEY = 1000


@dataclass(frozen=True)
class _Options:
    """What was said on the command line; None, or nothing, where it was not."""

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
        """What names the source of the folder of this number."""
        if len(self.sources) > 1:
            return self.sources[number]
        return self.sources[0] if self.sources else None


@dataclass(frozen=True)
class _Plan:
    """All answers: what to write, which key to store, which folders to create."""

    answers: Answers
    key: str
    missing: tuple[str, ...]
    service: bool


@click.command("setup")
@click.option("--email", help="The email of your HrFlow account.")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@click.option("--source", "sources", multiple=True, metavar="NAME|KEY",
              help="The source: once for all folders, or once for each.")  # fmt: skip
@click.option("--folder", "folders", multiple=True, metavar="PATH",
              help="A folder to watch; may be repeated.")  # fmt: skip
@tag_option
@after_option
@create_option
@click.option("--account", metavar="NAME", help="Its name, if you have several.")
@click.option("--api-url", metavar="URL", help="Another address of HrFlow's API.")
@check_option
@click.option("--test-file/--no-test-file", default=None,
              help="Put a made-up CV into the folder, to see it arrive.")  # fmt: skip
@click.option("--service/--no-service", default=None,
              help="Start it at every login, and now; or leave that as it is.")  # fmt: skip
@click.option("--non-interactive", is_flag=True, help="Ask nothing: for scripts.")
@config_option
@state_option
@answers_with_facts
@click.pass_context
def command(ctx: click.Context, /, facts: dict[str, object], **given: Any) -> None:
    """Set everything up: account, key, folders, sources, tags, and the start at login.

    Asks for what no option says, shows what would change in the configuration, and writes it
    after your yes; comments and whatever else stands there stay. It can be run again: what is
    there is proposed.
    """
    options = _Options(**given)
    editor = open_editor(ctx)
    _check_options(options)
    try:
        plan = _collect(ctx, editor, options)
        text = _show(editor, plan)
        wanted = options.non_interactive or _confirm(plan, changed=text != editor.text)
    except (click.Abort, KeyboardInterrupt):
        say("\nNothing was written.")
        raise
    if not wanted:
        say("Nothing was written.")
        return
    unkept = why_not_kept() if plan.key else ""
    _carry_out(editor, plan, text, keep_key=not unkept)
    facts.update(config=editor.path, changed=text != editor.text, **_facts(plan.answers))
    _offer_test_file(plan, options)
    if plan.service:
        install_service(login_service(ctx, load_config(ctx).config), start=True)
    elif read_facts(places(ctx)):
        say("It is in force: the program runs.")
    else:
        say("Start it with: hrflow-watcher run")
    if unkept:
        _say_where_the_key_goes(plan, unkept)


# -- the answers


def _check_options(options: _Options) -> None:
    if len(options.sources) > 1 and len(options.sources) != len(options.folders):
        raise UsageError(
            f"There are {len(options.sources)} sources for {len(options.folders)} folders.",
            "Give --source once for all folders, or once for each.",
        )
    of_folders = options.sources or options.tags or options.after_upload
    if of_folders and not options.folders and options.non_interactive:
        raise UsageError(
            "--source, --tag and --after-upload say something of a folder.",
            "Say of which with --folder.",
        )
    if options.key_stdin and not options.non_interactive:
        raise UsageError("--key-stdin is for scripts.", "Add --non-interactive, or type the key.")
    if not options.non_interactive and not is_terminal():
        raise UsageError(
            "setup asks its questions in a terminal, and this is none.",
            "Give the answers as options, with --non-interactive.",
        )


def _collect(ctx: click.Context, editor: Editor, options: _Options) -> _Plan:
    named = [editor.place(path) for path in options.folders]
    if options.non_interactive:
        asker: Questions | Silence = Silence(editor, _key_from_stdin() if options.key_stdin else "")
    else:
        asker = Questions(editor)
        say(f"A few questions; nothing is written before the last one, and Ctrl-C ends it.\n"
            f"Configuration: {view.safe(editor.path)}\n")  # fmt: skip
    name = options.account or asker.account_name()
    email = (options.email or "").strip() or asker.email(name)
    if options.non_interactive:
        _refuse_missing(editor, options, name, email, named)
    editor.refuse_locked(Answers(name, email, options.api_url))
    account = editor.account(name, email, options.api_url or "")
    key, workspace = asker.key(account, check=options.check)
    folders = [
        _folder(editor, options, asker, workspace, number, each)
        for number, each in enumerate(named or asker.folders())
    ]
    return _Plan(
        Answers(name, email, options.api_url, tuple(folders)),
        key,
        _missing(folders, options, asker),
        _wants_service(ctx, options, asker),
    )


def _folder(
    editor: Editor,
    options: _Options,
    asker: Questions | Silence,
    workspace: Workspace,
    number: int,
    folder: tuple[str, str],
) -> FolderAnswer:
    path, place = folder
    known = _known_folder(editor, path, place)
    named = options.source(number)

    def ask(key: str) -> Questions | Silence:
        """What is locked is not asked for; whoever gives it as an option is told so."""
        return Silence(editor, "") if key in known.locked else asker

    key, name = workspace.find(named) if named else ask("source_key").source(workspace, known)
    if key and (warning := workspace.warning(key)):
        warn([str(warning)])
    tags = options.tags or ask("tags").tags(known)
    chosen = options.after_upload
    after = AfterUpload(chosen) if chosen else ask("after_upload").after_upload(known)
    return FolderAnswer(path, place, key, name, tags, after)


def _known_folder(editor: Editor, path: str, place: str) -> KnownFolder:
    at = editor.known.number(place)
    known = editor.known
    if at is None:
        return KnownFolder(path, place, known.source_key, locked=known.locked)
    return known.folders[at]


def _missing(
    folders: Sequence[FolderAnswer], options: _Options, asker: Questions | Silence
) -> tuple[str, ...]:
    """The folders to create."""
    absent = [folder.place for folder in folders if not os.path.lexists(folder.place)]
    if options.create is not None:
        return tuple(absent) if options.create else ()
    return tuple(place for place in absent if asker.create(place))


def _wants_service(ctx: click.Context, options: _Options, asker: Questions | Silence) -> bool:
    """Whether it is to start at every login; one that does is brought up to date unasked."""
    if options.service is not None:
        return options.service
    return login_service(ctx).system.look() is not None or asker.service()


def _refuse_missing(
    editor: Editor, options: _Options, name: str, email: str, named: list[tuple[str, str]]
) -> None:
    """UsageError with all that no option says, before HrFlow is asked anything."""
    folders = tuple(
        FolderAnswer(path, place, options.source(number))
        for number, (path, place) in enumerate(named)
    )
    problems = find_problems(Answers(name, email, None, folders), editor.known)
    if problems:
        wanted = dict.fromkeys(f"--{answer}" for answer, _ in problems)
        raise UsageError(
            " ".join(view.safe(redacted(text)) for _, text in problems),
            f"Say it with {', '.join(wanted)}.",
        )


def _key_from_stdin() -> str:
    # PowerShell may put a byte order mark before what it hands over.
    line = sys.stdin.buffer.readline(_LONGEST_KEY).decode("utf-8-sig", "replace")
    if not line.strip():
        raise CredentialError("There is no API key on standard input.", "Write it there, one line.")
    return check_form(line.removesuffix("\n").removesuffix("\r"))


# -- the end


def _show(editor: Editor, plan: _Plan) -> str:
    """Show what would change; the configuration's new text."""
    text, warnings = editor.propose(editor.plan(plan.answers))
    say()
    if text == editor.text:
        say("The configuration says so already; nothing changes in it.")
    else:
        show_difference(editor, text)
        say()
    warn(without_absent(warnings))  # it was asked whether to make them
    return text


def _confirm(plan: _Plan, *, changed: bool) -> bool:
    """Whether to go on; not asked where there is nothing to be done."""
    if changed:
        return click.confirm("Write it?", default=True)
    folders = f"create the folder{'s' * (len(plan.missing) > 1)}"
    left = ["store the key"] * bool(plan.key) + [folders] * bool(plan.missing)
    return not left or click.confirm(f"{' and '.join(left).capitalize()}?", default=True)


def _facts(answers: Answers) -> dict[str, object]:
    folders = [
        {"path": view.safe(folder.place), "source_key": folder.source_key}
        for folder in answers.folders
    ]
    return {"account": answers.account, "folders": folders}


def _carry_out(editor: Editor, plan: _Plan, text: str, *, keep_key: bool) -> None:
    """The key first: if the keyring refuses it, nothing else has happened."""
    if plan.key and keep_key:
        store_key(plan.answers.account, plan.key)
        say(styled("✓ The key is in the system's keyring.", "good"))
    for place in plan.missing:
        make_folder(place)
        say(styled(f"✓ {view.safe(place)} is there.", "good"))
    if text != editor.text:
        editor.write(text)
        say(styled(f"✓ {view.safe(editor.path)} is written.", "good"))


def _say_where_the_key_goes(plan: _Plan, why: str) -> None:
    """Without a keyring all else is set up; CredentialError unless the key is there already."""
    try:
        key, origin = find_key(plan.answers.account)
    except CredentialError:
        key, origin = "", ""
    if key == plan.key:
        say(f"The key is used from {origin}.")
        return
    raise CredentialError(
        f"All is set up but for the key, which is not kept: {why}",
        f"Put it into the environment variable {VARIABLE} or the systemd credential {CREDENTIAL}.",
    )


def _offer_test_file(plan: _Plan, options: _Options) -> None:
    places = [folder.place for folder in plan.answers.folders if os.path.isdir(folder.place)]
    if not places or options.test_file is False or not can_drop_sample():
        return
    if options.test_file is None and (options.non_interactive or not click.confirm(
        "Put a made-up CV into the folder, to see it arrive? It becomes a profile in HrFlow, which"
        " may cost", default=False,
    )):  # fmt: skip
        return
    say(styled(f"✓ {view.safe(drop_sample(places[0]))} goes to HrFlow once it runs.", "good"))
