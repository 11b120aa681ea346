"""The man page, from what the commands say of themselves with ``--help``."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What no command tells of itself.
_FILES = r"""
.SH FILES
.TP
.I ~/.config/hrflow-watcher/config.toml
The configuration; \fBhrflow-watcher config check\fR names the place on this system.
.TP
.I /etc/hrflow-watcher/config.toml
The system-wide configuration, which it overrides, except for the settings in \fBlocked\fR.
.TP
.I ~/.local/state/hrflow-watcher
The history and the log.
.SH ENVIRONMENT
.TP
.B HRFLOW_API_KEY
The API key, on a computer without a keyring.
.TP
.BR HRFLOW_WATCHER_CONFIG ", " HRFLOW_WATCHER_STATE
Another configuration, another place for the history and the log.
.TP
.B HRFLOW_WATCHER_MACHINE_CONFIG
Another system-wide configuration, to try one before it is rolled out.
.TP
.B NO_COLOR
If it is set, nothing is coloured.
"""


def render_manual(root: click.Group, name: str, version: str, day: str) -> str:
    """The page in roff, section 1; ``day`` is that of the release, as ``2026-11-24``."""
    context = click.Context(root, info_name=name, **root.context_settings)
    # The first paragraph is what it does, the second the exit codes.
    about, _, epilogue = _about(root).partition("\n\n")
    lines = [
        f'.TH {name.upper()} 1 "{day}" "{name} {version}" "User Commands"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(about[0].lower() + about[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        *_synopsis(context),
        ".SH DESCRIPTION",
        *paragraphs(about),
        ".SH OPTIONS",
        *_options(context),
        ".SH COMMANDS",
        *_commands(context, ""),
    ]
    if epilogue.startswith("\b"):
        lines += [".SH EXIT STATUS", *_exit_codes(epilogue)]
    return "\n".join(lines) + _FILES


def escape(text: str) -> str:
    """Text as roff shows it: hyphens that can be copied, no line taken for a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def paragraphs(text: str) -> Iterator[str]:
    r"""Paragraphs of a docstring; one that begins with ``\b`` keeps its lines, as click has it."""
    for part in text.strip().split("\n\n"):
        if part.startswith("\b"):
            yield from (".PP", ".nf", escape(part.removeprefix("\b").strip("\n")), ".fi")
        elif part.strip():
            yield from (".PP", escape(" ".join(part.split())))


def _about(command: click.Command) -> str:
    return inspect.cleandoc((command.help or "").partition("\f")[0])


def _synopsis(context: click.Context) -> Iterator[str]:
    words = context.command.collect_usage_pieces(context)
    yield f".B {escape(context.command_path)}"
    yield escape(" ".join(words))


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:  # arguments stand in the usage
            yield from (".TP", f".B {escape(record[0])}", escape(record[1]))


def _commands(context: click.Context, before: str) -> Iterator[str]:
    """Every command below ``context`` that is not hidden, those of groups too."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context, **command.context_settings)
        usage = " ".join(command.collect_usage_pieces(inner))
        yield f'.SS "{escape(f"{before}{name} {usage}".strip())}"'
        yield from paragraphs(_about(command))
        yield from _options(inner)
        if isinstance(command, click.Group):
            yield from _commands(inner, f"{before}{name} ")


def _exit_codes(text: str) -> Iterator[str]:
    """``0  all is well`` as a list; a line without a number goes on with the one before."""
    for line in text.splitlines()[2:]:
        code, _, meaning = line.strip().partition("  ")
        if code.isdecimal():
            yield from (".TP", f".B {code}", escape(meaning.strip()))
        else:
            yield escape(line.strip())
