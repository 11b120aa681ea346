"""What a file is, told by its content; pure apart from reading the handle it is given.

Only the head, the tail and the index of a container are read, never a whole file, so that the
time and the memory it takes do not grow with the file. No content raises; a failing disk does
(``OSError`` from the handle).
"""

from watcher.sniff.detect import server_name, sniff

__all__ = ["server_name", "sniff"]
