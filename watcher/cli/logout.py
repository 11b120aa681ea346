"""``logout``: an account's API key leaves the system's keyring."""

from __future__ import annotations

import os

import click

from watcher import view
from watcher.cli.context import config_option, places, state_option
from watcher.cli.editing import Editor
from watcher.cli.keys import pass_on, wait_for_keyring
from watcher.cli.login import choose_name
from watcher.cli.output import facts_of, json_option, say, styled
from watcher.credentials import VARIABLE, SystemKeyring


@click.command("logout")
@json_option
@click.option("--account", metavar="NAME", help="Its name, if you have several.")
@config_option
@state_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, account: str | None) -> None:  # noqa: FBT001 - click passes it so
    """Remove an account's API key from the system's keyring. Harmless if there is none.

    A running program holds its files back from then on, until there is a key again.
    """
    with facts_of(as_json=as_json) as facts:
        name = choose_name(Editor.open(ctx).known, account)
        facts.update(account=name, removed=_remove(ctx, name))


def _remove(ctx: click.Context, name: str) -> bool:
    keyring = SystemKeyring()
    removed = wait_for_keyring(lambda: keyring.remove(name))
    told = pass_on(places(ctx))
    whose = f'key of account "{view.safe(name)}"'
    if removed:
        rest = "; the running program looks for another one" if told else ""
        say(styled(f"✓ The {whose} is removed from the system's keyring{rest}.", "good"))
    else:
        say(f"There is no {whose} in the system's keyring, so there is nothing to remove.")
    if os.environ.get(VARIABLE):
        say(f"The environment variable {VARIABLE} is set: the key in it is still used.")
    return removed
