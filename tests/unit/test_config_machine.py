"""The system-wide configuration is read only where nobody but administrators may write it."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import pytest

from tests.support.waiting import PATIENCE
from watcher.config.layers import read_locks
from watcher.config.machine import MachineFile, find_distrust, find_distrust_on_windows, find_layer
from watcher.config.mistakes import Mistakes
from watcher.model.errors import ConfigError

FILE, FOLDER = stat.S_IFREG, stat.S_IFDIR
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def open_folder():
    """One that others may look into, unlike pytest's."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def facts(mode, owner):
    return SimpleNamespace(st_mode=mode, st_uid=owner)


@pytest.mark.parametrize(
    ("mode", "owner", "expected"),
    [
        (FILE | 0o644, 0, ""),
        (FILE | 0o600, 0, ""),
        (FILE | 0o664, 0, "can be changed by users other than its owner (mode 0664)"),
        (FILE | 0o646, 0, "can be changed by users other than its owner (mode 0646)"),
        (FILE | 0o644, 1000, "belongs to user 1000, who is not an administrator"),
        (FOLDER | 0o755, 0, ""),
        (FOLDER | 0o775, 0, "can be changed by users other than its owner (mode 0775)"),
        (FOLDER | 0o1777, 0, ""),  # as /tmp: others cannot replace what is not theirs
        (FILE | 0o1666, 0, "can be changed by users other than its owner (mode 1666)"),
        (FOLDER | 0o755, 1000, "belongs to user 1000, who is not an administrator"),
    ],
)
def test_who_may_write_it(mode, owner, expected):
    assert str(find_distrust(facts(mode, owner), frozenset({0}))) == expected


def test_one_that_the_person_named_may_be_theirs():
    assert not find_distrust(facts(FILE | 0o664, 1000), frozenset({0, 1000}), stat.S_IWOTH)


@pytest.mark.parametrize(
    ("theirs", "is_own", "expected"),
    [
        ([], False, []),
        (["C:/ProgramData/hrflow-watcher"], False, ["C:/ProgramData/hrflow-watcher"]),
        (["C:/ProgramData/hrflow-watcher"], True, []),
    ],
)
def test_on_windows_owners_decide(theirs, is_own, expected):
    paths = ["C:/ProgramData/hrflow-watcher", "C:/ProgramData/hrflow-watcher/config.toml"]
    file = MachineFile(paths[1], is_own=is_own)
    found = find_distrust_on_windows(file, paths, lambda path: path not in theirs)
    assert list(found) == expected


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {}, ("/etc/hrflow-watcher/config.toml", False)),
        ("darwin", {}, ("/Library/Application Support/hrflow-watcher/config.toml", False)),
        (
            "linux",
            {"HRFLOW_WATCHER_MACHINE_CONFIG": ""},
            ("/etc/hrflow-watcher/config.toml", False),
        ),
        ("win32", {"HRFLOW_WATCHER_MACHINE_CONFIG": "/x/c.toml"}, ("/x/c.toml", True)),
    ],
)
def test_where_it_is(system, environ, expected):
    assert MachineFile.of_process(environ, system) == MachineFile(*expected)


def write(path, text="log_level = 'error'\n", mode=0o644):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return MachineFile(str(path), is_own=True)


def test_it_is_read_with_its_lines_and_locks(tmp_path):
    text = "\ufefflocked = ['hooks']\nlog_level = 'error'\n"
    tables = find_layer(write(tmp_path / "a.toml", text)).tables()
    assert tables["log_level"] == "error"
    assert tables.at("log_level").line == 2
    assert read_locks(tables, Mistakes()) == {("hooks",)}


@pytest.mark.parametrize("name", ["none.toml", "none/at/all.toml", "a.toml/inside.toml"])
def test_none_is_none(tmp_path, name):
    write(tmp_path / "a.toml")
    assert find_layer(MachineFile(str(tmp_path / name))) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x = [", "is not valid TOML"), ("#" * 1_000_001, "is too large"), ("\udcff", "UTF-8")],
)
def test_one_that_is_none_is_the_machines_mistake(tmp_path, text, expected):
    file = write(tmp_path / "a.toml", "")
    (tmp_path / "a.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=expected) as caught:
        find_layer(file)
    assert caught.value.by_machine
    assert file.path in str(caught.value.title)


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_one_that_others_may_write_is_not_used(tmp_path, mode):
    with pytest.raises(
        ConfigError, match=r"is not used: .* can be changed by users other"
    ) as caught:
        find_layer(write(tmp_path / "a.toml", mode=mode))
    assert caught.value.by_machine


def test_nor_is_one_in_a_folder_that_others_may_write(tmp_path):
    file = write(tmp_path / "open" / "a.toml")
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ConfigError, match=r"is not used: .*/open can be changed by users other"):
        find_layer(file)


def test_nor_what_a_link_leads_to_there(tmp_path):
    write(tmp_path / "open" / "a.toml")
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.toml").symlink_to(tmp_path / "open" / "a.toml")
    with pytest.raises(ConfigError, match="is not used"):
        find_layer(MachineFile(str(tmp_path / "closed" / "a.toml"), is_own=True))


@needs_root
def test_nor_one_that_belongs_to_somebody_else(tmp_path):
    file = write(tmp_path / "a.toml")
    os.chown(file.path, 1000, 1000)
    with pytest.raises(ConfigError, match="belongs to user 1000, who is not an administrator"):
        find_layer(file)


def test_a_pipe_does_not_stop_the_program(tmp_path):
    os.mkfifo(tmp_path / "a.toml", 0o644)
    with pytest.raises(ConfigError, match="is not a file"):
        find_layer(MachineFile(str(tmp_path / "a.toml"), is_own=True))


def test_one_that_cannot_be_read_says_so(not_root):
    path = not_root / "a.toml"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(ConfigError, match=r"can't be read .*Permission denied") as caught:
        find_layer(MachineFile(str(path), is_own=True))
    assert caught.value.by_machine


IN_A_NAMESPACE = """
import codecs, ctypes, os, sys
from watcher.config.machine import MachineFile, find_layer

libc = ctypes.CDLL(None)
codecs.lookup("utf-8-sig")  # imported now: the person may not be allowed to read this Python
os.setgroups([])
os.setresgid(1000, 1000, 1000)
os.setresuid(1000, 1000, 1000)
libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: what has changed its user may write no map else
if libc.unshare(0x10000000):  # CLONE_NEWUSER
    sys.exit("no namespaces")
with open("/proc/self/uid_map", "w") as file:
    file.write("1000 1000 1")
print(os.stat("/").st_uid, find_layer(MachineFile(sys.argv[1])).tables())
"""


@needs_root
def test_roots_file_is_trusted_in_a_namespace_of_the_users_own(open_folder):
    """As in the service: systemd's PrivateUsers= maps the person alone, and root has no number."""
    file = write(open_folder / "a.toml")
    command = [sys.executable, "-c", IN_A_NAMESPACE, file.path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if "no namespaces" in done.stderr:
        pytest.skip("users may have no namespaces here")
    assert done.stdout == "65534 {'log_level': 'error'}\n", done.stderr
