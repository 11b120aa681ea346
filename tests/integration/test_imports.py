"""Importing the program asks nobody on the network, and starts nothing."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
ALL = """if True:
    import importlib, pkgutil, sys, threading, watcher
    asked = []
    def hear(event, arguments):
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
            asked.append((event, arguments))
    sys.addaudithook(hear)
    for module in pkgutil.walk_packages(watcher.__path__, "watcher."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    print(asked, threading.active_count())
"""


def test_importing_every_module_makes_no_connection_and_no_thread():
    done = subprocess.run(
        [sys.executable, "-c", ALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == "[] 1\n"
