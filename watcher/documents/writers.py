"""Does anybody have a file open for writing? Asked of the system, where it can say."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

_PROCESS = "/proc/self"
#: File systems without a disk of their own to which nobody writes but through this kernel. Others
#: may be a network's, the host's or a program's (FUSE), whose writers it does not know.
_LOCAL = frozenset({"bcachefs", "btrfs", "overlay", "ramfs", "tmpfs", "zfs"})
_SHARING_VIOLATION = 32


def being_written(handle: BinaryIO, path: str) -> bool | None:
    """Whether somebody has the file behind ``handle``, at ``path``, open for writing.

    None: cannot be told here (another user's file, a network file system, macOS).
    """
    answer = None
    if sys.platform == "linux":
        answer = _try_lease(handle.fileno())
    elif sys.platform == "win32":
        answer = judge_sharing(path, _open_denying_writers)
    return answer


if sys.platform == "linux":
    import fcntl
    import signal

    def _try_lease(fd: int) -> bool | None:
        """Ask for a read lease, which is only granted while nobody writes (fcntl(2)).

        The lease is given back at once. Should somebody open the file in between, the system
        tells the holder by a signal: one is chosen that does nothing unless asked for, as the
        usual one ends the process. Who opens it in that moment waits some microseconds, or, if
        he asked not to wait (O_NONBLOCK), is told to try again.
        """
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN and _knows_writers(fd) else None
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False if _knows_writers(fd) else None

    def _knows_writers(fd: int) -> bool:
        """Whether the kernel knows of everybody who writes the file."""
        return bool(os.major(os.fstat(fd).st_dev)) or mounted_as(fd) in _LOCAL


def mounted_as(fd: int, process: str = _PROCESS) -> str:
    """The type of the file system that an open file is on; "" where nothing is known.

    By proc(5): fdinfo has the number of its mount, mountinfo the mounts. Not by the device, as
    each subvolume of a btrfs has one that no mount has.
    """
    try:
        with open(f"{process}/fdinfo/{fd}", encoding="ascii") as lines:
            wanted = next(line.split()[1] for line in lines if line.startswith("mnt_id:"))
        with open(f"{process}/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            row = next(row for row in map(str.split, lines) if row[0] == wanted)
    except (OSError, StopIteration):
        return ""
    return row[row.index("-") + 1]


def judge_sharing(path: str, open_denying_writers: Callable[[str], int]) -> bool | None:
    """What an attempt to open ``path`` without letting others write says.

    ``open_denying_writers`` opens and closes it, and returns 0 or the system's error number.
    """
    code = open_denying_writers(path)
    if code == _SHARING_VIOLATION:
        return True
    return None if code else False


if sys.platform == "win32":  # not tested on a real system yet

    def _open_denying_writers(path: str) -> int:
        import ctypes  # noqa: PLC0415 - only here
        from ctypes import wintypes  # noqa: PLC0415 - only here

        generic_read, share_read, open_existing = 0x80000000, 1, 3
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        kernel.CreateFileW.argtypes = (
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
            wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
        )  # fmt: skip
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.CreateFileW(path, generic_read, share_read, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error()
        kernel.CloseHandle(handle)
        return 0
