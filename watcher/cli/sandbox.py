"""The commands ``sandbox``, a local HrFlow for testing, and ``try``, which shows how it works."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from watcher.cli.foreground import LiveLines, log_to, stop_signal, wait_for_end
from watcher.cli.output import Styled, json_option, say, say_json, say_table
from watcher.credentials import Keys
from watcher.daemon.core import App
from watcher.daemon.setup import drop_sample, remove_sample
from watcher.daemon.state_folder import Places, open_reader
from watcher.i18n.message import ENGLISH
from watcher.model.entries import Entry
from watcher.model.errors import UnusableError, UsageError
from watcher.model.kinds import State
from watcher.model.settings import Account, Config, Folder, Item
from watcher.present import listing, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.cli.foreground import StopSignal
    from watcher.sandbox import Sandbox


@click.command("sandbox")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), metavar="NUMBER",
    help="Listen on this port.  [default: a free one]",
)  # fmt: skip
@json_option
def sandbox(port: int, as_json: bool) -> None:
    """Run a local HrFlow for testing, until Ctrl-C.

    It can only be reached from this computer and is as strict as HrFlow's documentation. Use its
    address as api_url in a configuration; it prints its keys and sources when it starts.
    Faults can be switched on while it runs: its page /_sandbox/ explains how.
    """
    sandbox = make_sandbox()
    with stop_signal() as stop:
        try:
            sandbox.start(port)
        except OSError as error:
            raise UsageError(
                f"The sandbox can't listen on port {port} ({error.strerror}).", "Choose another."
            ) from error
        try:
            _introduce_sandbox(sandbox, as_json=as_json)
            while not stop.wait(3600.0):
                pass
        finally:
            sandbox.stop()


def make_sandbox() -> Sandbox:
    """Return a sandbox that is not started yet; UnusableError without its libraries."""
    try:
        from watcher.sandbox import Sandbox  # noqa: PLC0415 - an extra that may be missing
    except ModuleNotFoundError as error:
        raise UnusableError(
            f"The local HrFlow needs the library {error.name}, which is not installed.",
            "Install it with: pip install 'hrflow-watcher[sandbox]'",
        ) from error

    return Sandbox()


def _introduce_sandbox(sandbox: Sandbox, *, as_json: bool) -> None:
    from watcher.sandbox import samples  # noqa: PLC0415 - as above

    keys = {samples.permission(key): key for key in samples.KEYS}
    if as_json:
        sources = [{"key": source.key, "name": source.name} for source in samples.SOURCES]
        say_json({"api_url": sandbox.url, "email": samples.EMAIL, "keys": keys, "sources": sources})
        return
    say(Styled(f"The sandbox is running at {sandbox.url} (press Ctrl-C to stop).", "good"))
    rows = [["email", samples.EMAIL]]
    rows += [[f"key ({permission})", key] for permission, key in keys.items()]
    rows += [[f"source {source.name}", source.key] for source in samples.SOURCES]
    say_table(["What", "Value"], rows)


def _keys() -> Keys:
    """Return the sandbox's key for every account; no keyring is asked."""
    from watcher.sandbox import samples  # noqa: PLC0415 - an extra that may be missing

    return Keys({}, read_apart=lambda *_, **__: samples.READ_WRITE_KEY)


class _SandboxLines(LiveLines):
    """Prints what happens, and what the sandbox received of each file."""

    def __init__(self, sandbox: Sandbox, stop: StopSignal, *, as_json: bool) -> None:
        from watcher.sandbox import samples  # noqa: PLC0415 - an extra that may be missing

        super().__init__(stop, as_json=as_json)
        self._sandbox = sandbox
        self._received: set[int] = set()
        self._sources = {source.key: source.name for source in samples.SOURCES}

    def write(self, event: object) -> None:
        if isinstance(event, Entry):  # named before the program asks HrFlow for it
            name = self._sources.get(event.source_key, "")
            event = replace(event, source_name=event.source_name or name)
        super().write(event)
        if isinstance(event, Entry) and event.state in (State.ACCEPTED, State.PARSED):
            if event.file_id not in self._received:
                self._write_received(event)
            self._received.add(event.file_id)

    def _write_received(self, entry: Entry) -> None:
        for record in self._sandbox.ledger.records():
            if record.reference != entry.reference or record.source_key != entry.source_key:
                continue
            facts = {
                "source": self._sources.get(record.source_key, record.source_key),
                "content_type": record.content_type,
                "file_name": record.file_name,
                "size": record.size,
                "tags": listing.tags(entry),
                "reference": record.reference,
            }
            if self.as_json:
                say_json({"received": facts})
            else:
                parts = (
                    f"source {facts['source']}",
                    f"tags {facts['tags'] or 'none'}",
                    f"reference {view.short(record.reference)}",
                    f"{listing.type_name(record.content_type)}, {ENGLISH.size(record.size)}",
                    f"as {facts['file_name']}",
                )
                say(Styled(f"           Received by HrFlow: {' · '.join(parts)}", "quiet"))


@click.command("try")
@click.argument("folder", required=False)
@json_option
def try_out(folder: str | None, as_json: bool) -> None:
    """Watch FOLDER (or a new one with a sample CV) and upload to a local sandbox.

    No account or configuration is needed, and nothing leaves this computer: the sandbox stands
    in for HrFlow. Your files stay where they are, including those you put into the new folder;
    everything else is removed at the end. Press Ctrl-C to stop.
    """
    if folder is not None and not os.path.isdir(folder):
        raise UnusableError(f"{folder} is not a folder.", "Choose a folder that exists.")
    sandbox = make_sandbox()
    with stop_signal() as stop, _a_place() as place:
        watched = os.path.realpath(folder or os.path.join(place, "CVs"))
        os.makedirs(watched, exist_ok=True)
        places = Places(os.path.join(place, "state"))
        with log_to(places, "info"), sandbox:
            app = App(
                _settings(sandbox.url, watched),
                places,
                keys=_keys(),
                on_event=_SandboxLines(sandbox, stop, as_json=as_json),
                import_all=True,
            )
            if not as_json:
                _introduce(sandbox.url, watched)
            app.start()
            try:
                if folder is None:
                    drop_sample(watched)
                wait_for_end(app, stop)
            finally:
                app.stop()
                if not as_json:
                    _sum_up(places)


@contextmanager
def _a_place() -> Iterator[str]:
    """Yield a new directory. At the end the program's files are removed, a person's stay."""
    place = tempfile.mkdtemp(prefix="hrflow-watcher-")
    try:
        yield place
    finally:
        shutil.rmtree(os.path.join(place, "state"), ignore_errors=True)
        watched = os.path.join(place, "CVs")
        remove_sample(watched)
        for path in (watched, place):
            with contextlib.suppress(FileNotFoundError):  # never made, as there was a folder
                if not os.listdir(path):
                    os.rmdir(path)
        if os.path.isdir(watched):
            say(f"Your files in {watched} were kept.", err=True)


def _settings(url: str, folder: str) -> Config:
    from watcher.sandbox import samples  # noqa: PLC0415 - an extra that may be missing

    return Config(
        accounts=(Account(name="default", email=samples.EMAIL, api_url=url),),
        folders=(
            Folder(
                path=folder,
                account="default",
                source_key=samples.ENGINEERING.key,
                tags=(Item(name="rehearsal", value=True),),
            ),
        ),
    )


def _introduce(url: str, folder: str) -> None:
    say(f"A local HrFlow is running at {url}; nothing leaves this computer.")
    say(Styled(f"Drop CVs into {folder}", "good"), " and watch them arrive. Press Ctrl-C to stop.")
    say()


def _sum_up(places: Places) -> None:
    with open_reader(places) as reader:
        numbers = view.numbers(reader.counts(), reader.opened()) if reader else []
    tally = ", ".join(f"{display.label}: {files}".lower() for display, files in numbers)
    say()
    say(f"Stopped at {time.strftime('%H:%M:%S')} ({tally or 'no files yet'}).")
