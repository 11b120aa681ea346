"""The names of sources, as people know them by these and not by their keys."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from watcher.errors import JournalError
from watcher.journal.follow_ups import FollowUps
from watcher.journal.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.app.places import Places

_log = logging.getLogger(__name__)


def source_names(where: Places) -> Mapping[tuple[str, str], str]:
    """By account and source key, those that HrFlow has told; none if the journal gives none."""
    if not where.has_journal:
        return {}
    try:
        reader = Reader(where.journal)
        try:
            sources = FollowUps(reader).sources()
        finally:
            reader.close()
    except JournalError as error:  # keys say it, too
        _log.info("sources are not called by their names: %s", error.title)
        return {}
    return {key: facts.name for key, (facts, _) in sources.items() if facts.name}
