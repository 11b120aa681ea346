"""The configuration: TOML in, frozen settings out, every mistake at once.

::

    paths       where it is looked for, and what the paths in it mean
    machine     the machine-wide one: read only where nobody but administrators may write it
    text        a file as text and as tables, and why a text is not TOML
    lines       tables that know on which line each of their keys stands
    mistakes    everything that is wrong, told without giving a secret away
    layers      the machine's and a person's own put together, and what is locked
    types       the keys of each table, and their values
    checks      what a type cannot say
    load        all of it in order, and where each value comes from
    show        every value in force

    known       what it says before it is changed
    setup       the set-up's questions, the checks of their answers, the edits that follow
    tags        tags as people type them
    edit        these edits, each proved before it counts
    editor      a change from its proposal to the file
"""

from watcher.config.load import Loaded, load
from watcher.config.machine import MachineFile
from watcher.config.paths import default_path
from watcher.config.show import headline, show

__all__ = ["Loaded", "MachineFile", "default_path", "headline", "load", "show"]
