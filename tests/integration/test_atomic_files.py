"""Files are replaced at once: whoever reads sees the old content or the new one."""

import os
import stat
import threading

import pytest

from watcher.system import write_atomically


def test_a_reader_never_sees_half_of_it(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([number]) * 200_000 for number in range(2)]
    write_atomically(str(path), contents[0])
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(30):
            write_atomically(str(path), contents[number % 2])
    finally:
        done.set()
        reader.join()
    assert seen <= set(contents)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400])
def test_it_has_the_mode_that_was_asked_for(tmp_path, mode):
    path = tmp_path / "file"
    for content in (b"a", b"b"):
        write_atomically(str(path), content, mode=mode)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, mode)


def test_what_fails_leaves_everything_as_it_is(tmp_path):
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_atomically(str(tmp_path / "folder"), b"x")
    assert os.listdir(tmp_path) == ["folder"]
