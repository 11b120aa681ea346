"""A file of 1 GB goes through without being held in memory."""

import os
import subprocess
import sys

import pytest

from tests.support.samples import make_pdf
from watcher import sandbox as sb

SIZE = 1_000_000_000
ALLOWED = 20_000_000

CONFIG = """
[account]
email = "{email}"
api_url = "{url}"
[[folders]]
path = "{folder}"
source_key = "{source}"
max_size = "2 GB"
"""


def peak_memory(pid):
    """Bytes of memory that the process has had at the most."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def make_big_pdf(path):
    """A whole PDF of 1 GB; the emptiness in its middle takes no room on the disk."""
    with open(path, "wb") as file:
        file.write(b"%PDF-1.4\n")
        file.seek(SIZE)
        file.write(b"\n%%EOF\n")


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
def test_a_gigabyte_is_uploaded_in_little_memory(tmp_path):
    folder = tmp_path / "cvs"
    folder.mkdir()
    with sb.Sandbox() as sandbox:
        config = tmp_path / "config.toml"
        config.write_text(
            CONFIG.format(email=sb.EMAIL, url=sandbox.url, folder=folder, source=sb.ENGINEERING.key)
        )
        command = [
            *(sys.executable, "-m", "watcher", "--config", str(config)),
            *("--state", str(tmp_path / "state"), "run"),
        ]
        environ = {
            **os.environ,
            "HRFLOW_API_KEY": sb.READ_WRITE_KEY,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert "Watching" in process.stdout.readline()
                make_pdf(folder / "small.pdf")
                sandbox.ledger.wait_for(1, within=60)
                before = peak_memory(process.pid)
                make_big_pdf(tmp_path / "big.part")
                os.rename(tmp_path / "big.part", folder / "big.pdf")
                record = sandbox.ledger.wait_for(2, within=240)[-1]
                growth = peak_memory(process.pid) - before
            finally:
                process.terminate()
                process.communicate(timeout=30)
    assert (record.status, record.size) == (202, SIZE + 7)
    assert process.returncode == 0
    assert growth < ALLOWED, f"{growth / 1e6:.1f} MB more"
