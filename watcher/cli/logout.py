"""``logout``: an account's API key leaves the system's keyring."""

from __future__ import annotations

import os

import click

from watcher import view
from watcher.cli.context import config_option, places, state_option
from watcher.cli.editing import open_editor
from watcher.cli.keys import pass_on, wait_for_keyring
from watcher.cli.login import choose_name
from watcher.cli.output import answers_with_facts, say, styled
from watcher.credentials import VARIABLE, SystemKeyring


@click.command("logout")
@click.option("--account", metavar="NAME", help="Its name, if you have several.")
@config_option
@state_option
@answers_with_facts
@click.pass_context
def command(ctx: click.Context, account: str | None, facts: dict[str, object]) -> None:
    """Remove an account's API key from the system's keyring. Harmless if there is none.

    A running program holds its files back from then on, until there is a key again.
    """
    name = choose_name(open_editor(ctx).known, account)
    keyring = SystemKeyring()
    removed = wait_for_keyring(lambda: keyring.remove(name))
    told = pass_on(places(ctx))
    facts.update(account=name, removed=removed)
    whose = f'key of account "{view.safe(name)}"'
    if removed:
        rest = "; the running program looks for another one" if told else ""
        say(styled(f"✓ The {whose} is removed from the system's keyring{rest}.", "good"))
    else:
        say(f"There is no {whose} in the system's keyring, so there is nothing to remove.")
    if os.environ.get(VARIABLE):
        say(f"The environment variable {VARIABLE} is set: the key in it is still used.")
