"""Detects what a file is by its content; pure apart from reading the handle that it is given.

Only the head, the tail and the index of a container are read, so that time and memory do not
grow with the file. No content raises an exception; a failing disk does (``OSError``).

::

    detect            what a file is, and the name that is sent
    formats           the table of formats and their signatures
    zips, compounds   what a zip file or an OLE compound file is
    endings           whether a file has its end
    content           reads a file at its ends, or within bounds
"""
