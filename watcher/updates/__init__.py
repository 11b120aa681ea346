"""The program's own files: whether others lie there now, whether those work, and starting them.

``installed`` looks, ``trial`` tries, ``command`` starts. Nothing is asked of anybody else.
"""

from watcher.updates.command import CommandLine, start_anew
from watcher.updates.installed import Installed, OwnFiles
from watcher.updates.trial import try_out

__all__ = ["CommandLine", "Installed", "OwnFiles", "start_anew", "try_out"]
