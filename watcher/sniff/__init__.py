"""Detects what a file is by its content; pure apart from reading the handle that it is given.

Only the head, the tail and the index of a container are read, so that time and memory do not
grow with the file. No content raises an exception; a failing disk does (``OSError``).
"""
