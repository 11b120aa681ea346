"""The configuration: TOML in, frozen settings out, every mistake at once.

::

    paths       where it is looked for, and what the paths in it mean
    machine     the system-wide one: read only where nobody but administrators may write it
    toml        a file as text, and as tables that know on which line each key is
    mistakes    everything that is wrong and where, told without giving a secret away
    layers      one form, no secrets; the machine's and a person's own in one, and what is locked
    types       the keys of each table, and their values
    checks      what a type cannot say
    load        all of it in order, and where each value comes from

    setup_plan  what is written already, the setup's answers, the edits that follow
    tags        tags as people type them
    edits       these edits in the text, each proved before it counts
    editor      a change from its proposal to the file
"""

from watcher.config.load import Loaded, headline, load, show
from watcher.config.machine import MachineFile
from watcher.config.paths import default_path

__all__ = ["Loaded", "MachineFile", "default_path", "headline", "load", "show"]
