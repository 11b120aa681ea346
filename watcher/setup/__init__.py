"""The set-up without its terminal or page: answers in, edits of the configuration out. Pure.

::

    known    what the configuration says before the questions
    answers  what a person said; and the problems and edits that follow from it
    edits    the changes a configuration can be given
    tags     "office=Paris, urgent=true" and back
    sources  one of HrFlow's sources, from its name, key or number
"""

from watcher.setup.answers import Answers, FolderAnswer, find_locked, find_problems, plan_edits
from watcher.setup.edits import DropFolder, Edit, Plain, PutAccount, PutFolder
from watcher.setup.known import Known, KnownAccount, KnownFolder
from watcher.setup.sources import looks_like_key, pick_source
from watcher.setup.tags import TagError, merge_tags, parse_tag, parse_tags, write_tags

__all__ = [
    "Answers",
    "DropFolder",
    "Edit",
    "FolderAnswer",
    "Known",
    "KnownAccount",
    "KnownFolder",
    "Plain",
    "PutAccount",
    "PutFolder",
    "TagError",
    "find_locked",
    "find_problems",
    "looks_like_key",
    "merge_tags",
    "parse_tag",
    "parse_tags",
    "pick_source",
    "plan_edits",
    "write_tags",
]
