"""The configuration: TOML in, frozen settings out, every mistake at once.

::

    paths     where the configuration is looked for
    machine   the machine-wide one: read only where nobody but administrators may write it
    locks     what that one locks: names of keys, and what they reach
    layers    the machine's and a person's own put together
    keys      the keys that each table knows
    lines     on which line of the file a key stands
    mistakes  everything that is wrong, said without giving a secret away
    leaks     secrets, where none belongs
    values    one value of the file → one value of the settings
    places    paths: what they mean, folders in each other, where files go afterwards
    media_types  types that are misspelled, or that no file is found to be
    sense     what a type cannot say: ranges, addresses, patterns, placeholders, labels
    sense_after  the same for what follows an upload: webhook and hooks
    tables    accounts, defaults, folders and rules put together, and where each value comes from
    read      the files; and all of the above in order
    show      every value in force, and where it comes from

    edit         edits of :mod:`watcher.setup`, each proved before it counts
    edit_text    sections and keys of the text
    edit_known   what it says before it is changed
    edit_file    read to be changed, and replaced in one step
"""

from watcher.config.machine import MachineFile
from watcher.config.paths import default_path
from watcher.config.read import Loaded, load
from watcher.config.show import headline, show

__all__ = ["Loaded", "MachineFile", "default_path", "headline", "load", "show"]
