#!/opt/hrflow-watcher/bin/python3 -I
"""Starts hrflow-watcher; nothing of a person's own Python gets in its way."""

from watcher.__main__ import main

main()
