"""The names of sources, as people know them by these and not by their keys."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from watcher.errors import JournalError
from watcher.journal.follow_ups import FollowUps
from watcher.journal.schema import connect_to_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.app.places import Places

_log = logging.getLogger(__name__)


def source_names(where: Places) -> Mapping[tuple[str, str], str]:
    """By account and source key, those that HrFlow has told; none if the journal gives none."""
    if not where.has_journal:
        return {}
    try:
        journal = FollowUps(connect_to_read(where.journal))
        try:
            return {key: facts.name for key, (facts, _) in journal.sources().items() if facts.name}
        finally:
            journal.close()
    except JournalError as error:  # keys say it, too
        _log.info("sources are not called by their names: %s", error.title)
        return {}
