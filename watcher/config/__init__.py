"""The configuration: TOML in, frozen settings out, every mistake at once.

::

    paths     where the configuration is looked for
    lines     on which line of the file a key stands
    mistakes  everything that is wrong, said without giving a secret away
    leaks     secrets, where none belongs
    values    one value of the file → one value of the settings
    places    paths: what they mean, folders in each other, where files go afterwards
    media_types  types that are misspelled, or that no file is found to be
    sense     what a type cannot say: ranges, addresses, patterns, placeholders, labels
    sense_after  the same for what follows an upload: webhook and hooks
    tables    accounts, defaults, folders and rules put together, and where each value comes from
    read      the file; and all of the above in order

    edit         edits of :mod:`watcher.setup`, each proved before it counts
    edit_text    sections and keys of the text
    edit_known   what it says before it is changed
    edit_file    read to be changed, and replaced in one step
"""

from watcher.config.paths import default_path
from watcher.config.read import Loaded, load
from watcher.config.show import show

__all__ = ["Loaded", "default_path", "load", "show"]
