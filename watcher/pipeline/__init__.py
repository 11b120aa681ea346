"""The journey of files, one direction, in one thread."""
