"""``check``: what would happen to a file, and why. The same code decides as when it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.output import json_option, say, say_json, styled
from watcher.daemon.plans import (
    MISSING,
    WOULD_BE_SENT,
    check_file,
    former_targets,
    make_plans,
    this_machine,
)
from watcher.i18n.message import ENGLISH, Message, as_data
from watcher.model.errors import UnusableError
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Verdict → how it is shown; all others are quiet.
_SIGNS: Final = {
    "would be sent": ("✓", "good"),
    "held": ("‖", "bad"),
    "refused": ("✗", "bad"),
    "missing": ("✗", "bad"),
}


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
@config_option
@state_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001
    """Say what would happen to files, and why. Nothing is sent.

    The content decides and not the name, so each file is read. Exit codes: 0 all files were
    looked at, 5 some are not there.
    """
    where = places(ctx)
    plans = make_plans(load_config(ctx).config, this_machine(), former_targets(where))
    code = 0
    for name in files:
        verdict = check_file(name, plans, where)
        if verdict["verdict"] == MISSING:
            code = UnusableError.exit_code
        if as_json:
            say_json(_plain(verdict))
        else:
            _show(verdict)
    return code


def _plain(verdict: Mapping[str, object]) -> dict[str, object]:
    """For machines: of each message its English text, and itself beside it."""
    plain: dict[str, object] = {}
    for name, value in verdict.items():
        plain[name] = view.safe(value) if isinstance(value, Message) else value
        if isinstance(value, Message):
            plain[f"{name}_message"] = as_data(value)
    return plain


def _show(verdict: Mapping[str, object]) -> None:
    word = str(verdict["verdict"])
    sign, tone = _SIGNS.get(word, ("·", "quiet"))
    why = f": it {view.safe(str(verdict['why']))}" if "why" in verdict else ""
    say(styled(f"{sign} {verdict['file']} {word}{why}", tone))
    lines = list(_details(verdict))
    width = max((len(label) for label, _ in lines), default=0)
    for label, text in lines:
        say(f"    {label:<{width}}  {text}")


def _details(verdict: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if "what" in verdict:
        size = ENGLISH.size(float(str(verdict["size"])))
        yield "is", f"{verdict['what']} ({verdict['media_type'] or 'unknown'}, {size})"
    rule = verdict.get("rule")
    if rule:
        yield "rule", f"number {rule} of the folder"
    if verdict["verdict"] != WOULD_BE_SENT:
        return
    if not rule:
        yield "rule", "none matches: the folder's own settings apply"
    yield "account", view.safe(str(verdict["account"]))
    yield "file name", str(verdict["sent_as"])
    fields = verdict["fields"]
    assert isinstance(fields, dict)
    for field, value in fields.items():
        yield field, view.safe(value)
