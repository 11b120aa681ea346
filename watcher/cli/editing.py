"""What commands that change the configuration share: whom to ask, and how a change is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.app.editing import Editor
from watcher.cli.context import config_path, places
from watcher.cli.output import say, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

_TONES: Final = (("+", "good"), ("-", "bad"), ("@@", "busy"))


def open_editor(ctx: click.Context) -> Editor:
    """The configuration, to be changed; ConfigError if it is no TOML."""
    return Editor.open(config_path(ctx), places(ctx).state)


def show_difference(editor: Editor, text: str) -> None:
    """What would change, line by line."""
    for line in editor.difference(text):
        tone = next((tone for sign, tone in _TONES if line.startswith(sign)), "")
        say(styled(line, tone) if tone else line)


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def warn(warnings: Sequence[str]) -> None:
    """Say what is allowed, and perhaps not meant."""
    for warning in warnings:
        say(styled(f"! {view.safe(warning)}", "busy"))
