"""Which hosts are this machine."""

import pytest

from watcher.system import is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("127.9.9.9", True),
        ("127.0.0.53", True), ("127.1", True), ("0x7f.1", True), ("2130706433", True),
        ("::1", True), ("[::1]", True), ("::ffff:127.0.0.1", True), ("::1%lo", True),
        ("fe80::1%lo", False), ("127.0.0.1%lo", False),
        # a name that only some systems look up on this machine: no key goes there unencrypted
        ("app.localhost", False),
        ("localhost.example.org", False), ("10.0.0.1", False), ("0.0.0.0", False), ("::", False),
        ("127.0.0.1.example.org", False), ("api.hrflow.ai", False), ("é\udcff", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host, expected):
    assert is_loopback(host) is expected
