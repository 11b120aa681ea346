"""The leak check itself: a test that leaves something behind fails, and only that one."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFTEST = """
from tests.support import waiting
pytest_plugins = ["tests.support.leaks"]
waiting.PATIENCE = 3
"""

TESTS = """
import logging, os, threading
STOP = threading.Event()

def test_leaves_a_file_open(): os.open(__file__, os.O_RDONLY)
def test_leaves_a_thread(): threading.Thread(target=STOP.wait, daemon=True).start()
def test_leaves_a_log_handler(): logging.getLogger("x").addHandler(logging.StreamHandler())
def test_comes_after_them(): pass
def test_leaves_what_ends_a_moment_later(): threading.Timer(0.5, int).start()
"""


def test_each_leak_fails_the_test_that_made_it(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_leaks.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-rE", "-p", "no:cacheprovider", str(tmp_path)]
    wide = {
        **os.environ,
        "COLUMNS": "500",
        "PYTHONPATH": ROOT,
    }  # so that no line of the summary is cut
    ran = subprocess.run(
        command, cwd=tmp_path, env=wide, capture_output=True, text=True, check=False
    )
    found = re.findall(r"ERROR \S+::(\w+) .*left behind by this test: \('([\w ]+)'", ran.stdout)
    assert found == [
        ("test_leaves_a_file_open", "open file"),
        ("test_leaves_a_thread", "thread"),
        ("test_leaves_a_log_handler", "log handler"),
    ], ran.stdout
