"""Options of a folder that ``setup`` and ``folder add`` share."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import click

from watcher import view
from watcher.config.mistakes import unfillable
from watcher.placeholders import BUILT_IN, names_in
from watcher.settings import AfterUpload
from watcher.setup import TagError, merge_tags, parse_tag

if TYPE_CHECKING:
    from watcher.settings import Item


def _read_tags(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> tuple[Item, ...]:
    try:
        return fillable(merge_tags(parse_tag(text) for text in texts))
    except TagError as error:
        raise click.BadParameter(view.safe(str(error)), ctx, param) from error


def fillable(tags: tuple[Item, ...]) -> tuple[Item, ...]:
    """The tags; TagError if one has a placeholder that nothing of a file fills."""
    written = [text for tag in tags for text in (tag.name, tag.value) if isinstance(text, str)]
    for name in itertools.chain.from_iterable(map(names_in, written)):
        if name not in BUILT_IN:
            raise TagError(f"{unfillable(name, BUILT_IN)}.")
    return tags


AFTER: Final = tuple(str(each.value) for each in AfterUpload)

tag_option = click.option(
    "--tag", "tags", multiple=True, callback=_read_tags, metavar="NAME=VALUE",
    help="Send this tag with every file; may be repeated. true, false and numbers keep their type,"
    ' unless they stand in quotes: zip="75001".',
)  # fmt: skip
after_option = click.option(
    "--after-upload", type=click.Choice(AFTER), help="What becomes of a file that has arrived."
)
check_option = click.option(
    "--check/--no-check", default=True,
    help="Without the check HrFlow is not asked, and sources are taken by their keys as they are.",
)  # fmt: skip
create_option = click.option(
    "--create/--no-create", default=None, help="Create a folder that is not there, or do not."
)
