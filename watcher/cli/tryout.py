"""``try``: the whole way of a CV on this machine alone, sandbox included."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING

import click

from watcher import view
from watcher.app.core import App
from watcher.app.places import Places
from watcher.cli.output import json_option, say, say_json, styled
from watcher.cli.running import LiveLines, log_to, stop_signal, wait_for_end
from watcher.cli.sandbox import make_sandbox
from watcher.errors import UnusableError
from watcher.model import Entry, State
from watcher.settings import Account, Config, Folder, Item

if TYPE_CHECKING:
    from watcher.sandbox import Sandbox

_SAMPLE = "Camille Durand - CV.pdf"


class _SandboxKey:
    """The sandbox's key is no secret: it opens nothing but the sandbox."""

    def get(self, account: str) -> str:  # noqa: ARG002 - the interface's
        from watcher.sandbox import world  # noqa: PLC0415 - an extra that may be missing

        return world.READ_WRITE_KEY

    def forget(self, account: str) -> None:
        """Nothing to do: it never changes."""


class _Onlooker:
    """Says what happens, and what the sandbox has received of each file."""

    def __init__(self, sandbox: Sandbox, *, as_json: bool) -> None:
        self._lines = LiveLines(as_json=as_json)
        self._sandbox = sandbox
        self._as_json = as_json

    def __call__(self, news: object) -> None:
        self._lines(news)
        if isinstance(news, Entry) and news.state in (State.ACCEPTED, State.PARSED):
            self._say_received(news)

    def _say_received(self, entry: Entry) -> None:
        from watcher.sandbox import world  # noqa: PLC0415 - an extra that may be missing

        names = {source.key: source.name for source in world.SOURCES}
        for record in self._sandbox.ledger.records():
            if record.reference != entry.reference or record.source_key != entry.source_key:
                continue
            facts = {
                "source": names.get(record.source_key, record.source_key),
                "file name": view.safe(record.file_name),
                "content type": record.content_type,
                "tags": view.tags(entry) or "none",
                "reference": f"{record.reference[:16]}…",
                "size": view.size(record.size),
            }
            if self._as_json:
                say_json({"received": facts})
            else:
                text = " · ".join(f"{name}: {value}" for name, value in facts.items())
                say(styled(f"         HrFlow (sandbox) received it — {text}", "quiet"))


@click.command("try")
@click.argument("folder", required=False)
@json_option
@click.pass_context
def command(ctx: click.Context, folder: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Rehearse: watch FOLDER (or a new one with a sample CV) and upload to a sandbox.

    No account is needed and nothing leaves this machine. Ctrl-C ends it.
    """
    del ctx
    if folder is not None and not os.path.isdir(folder):
        raise UnusableError(f"{folder} is not a folder.", "Name a folder that exists.")
    sandbox = make_sandbox()
    with tempfile.TemporaryDirectory(prefix="hrflow-watcher-") as place:
        watched = os.path.realpath(folder or os.path.join(place, "CVs"))
        os.makedirs(watched, exist_ok=True)
        places = Places(os.path.join(place, "state"))
        with log_to(places, "info"), stop_signal() as stop, sandbox:
            app = App(
                _settings(sandbox.url, watched),
                places,
                keys=_SandboxKey(),
                tell=_Onlooker(sandbox, as_json=as_json),
                import_all=True,
            )
            if not as_json:
                _introduce(sandbox.url, watched)
            app.start()
            try:
                if folder is None:
                    _drop_sample(watched)
                wait_for_end(app, stop)
            finally:
                app.stop()
                if not as_json:
                    _sum_up(places)


def _settings(url: str, folder: str) -> Config:
    from watcher.sandbox import world  # noqa: PLC0415 - an extra that may be missing

    return Config(
        accounts=(Account(name="default", email=world.EMAIL, api_url=url),),
        folders=(
            Folder(
                path=folder,
                account="default",
                source_key=world.ENGINEERING.key,
                tags=(Item(name="rehearsal", value=True),),
            ),
        ),
    )


def _introduce(url: str, folder: str) -> None:
    say(f"A sandbox HrFlow answers at {url}; nothing leaves this machine.")
    say(styled(f"Drop CVs into {view.safe(folder)}", "good") + " and watch them arrive. "
        "Ctrl-C ends it.")  # fmt: skip
    say()


def _drop_sample(folder: str) -> None:
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    part = os.path.join(folder, f".{_SAMPLE}.part")
    with open(part, "wb") as file:
        file.write(sample_cv_pdf())
    os.rename(part, os.path.join(folder, _SAMPLE))


def _sum_up(places: Places) -> None:
    from watcher.journal import Reader  # noqa: PLC0415 - the end need not cost at the start

    reader = Reader(places.journal)
    try:
        counts = reader.counts()
    finally:
        reader.close()
    say()
    say(f"Ended {time.strftime('%H:%M:%S')}: {view.tally(counts)}.")
