"""Nothing is left behind: not by a test, which fails then, and not by a run that was killed."""

import os
import re
import subprocess
import sys

from tests.support.postgres import need_postgres

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFTEST = """
from tests.support import waiting
pytest_plugins = ["tests.support.leaks"]
waiting.PATIENCE = 1.5
"""

TESTS = """
import logging, os, threading
STOP = threading.Event()

def test_leaves_a_file_open(): os.open(__file__, os.O_RDONLY)
def test_leaves_a_thread(): threading.Thread(target=STOP.wait, daemon=True).start()
def test_leaves_a_log_handler(): logging.getLogger("x").addHandler(logging.StreamHandler())
def test_comes_after_them(): pass
def test_leaves_what_ends_a_moment_later(): threading.Timer(0.3, int).start()
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


#: Whoever makes a cluster, and does not come to its end.
CLUSTER = """
from tests.support.postgres import running_cluster
with running_cluster(fsync="off") as cluster:
    print(cluster.root, cluster.processes()[0], flush=True)
    input()
"""


def test_a_cluster_ends_with_the_run_that_made_it_even_if_that_is_killed(eventually):
    need_postgres()
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        root, server = process.stdout.readline().split()
        process.kill()
    eventually(lambda: not os.path.exists(root) and not os.path.exists(f"/proc/{server}"))
