"""What the system says about a folder: does it exist, is it on a network, inotify's limits.

Linux has the type of a file system; macOS has ``MNT_LOCAL`` in statfs(2); Windows has UNC paths and
GetDriveTypeW.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from watcher.i18n.message import Message, msg
from watcher.system import file_system_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: File systems without notifications of changes by other machines, or by this one's host.
NETWORK_TYPES = frozenset({
    "9p", "afs", "autofs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse.cephfs",
    "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.gvfsd-fuse",
    "fuse.kio-fuse", "fuse.portal", "fuse.prl_fsd", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs",
    "fuse.sshfs", "fuse.vmhgfs-fuse", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
})  # fmt: skip

_MNT_LOCAL = 0x1000  # <sys/mount.h> on macOS
_FLAGS_AT = 64  # of f_flags in its struct statfs with 64-bit inodes
_DRIVE_REMOTE = 4  # <fileapi.h>


class FolderProblem(NamedTuple):
    """Why a folder cannot be used, and what a person can do; each is a sentence."""

    text: Message
    advice: Message


def identify(path: str) -> tuple[int, int] | FolderProblem:
    """Return (device, inode) of the folder, or why it cannot be used."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return FolderProblem(
            msg("{path} doesn't exist.", path=path),
            msg(
                "Create it, connect its drive, or correct its path in the configuration: it will be"
                " watched as soon as it exists."
            ),
        )
    except OSError as error:
        return FolderProblem(
            msg("{path} can't be reached ({error}).", path=path, error=error.strerror),
            msg("Check its drive or the network: it will be watched as soon as it can be reached."),
        )
    if stat.S_ISLNK(found.st_mode):
        return FolderProblem(
            msg("{path} has become a link, and links are not followed.", path=path),
            msg("Put the folder back, or use the link's target in the configuration."),
        )
    if not stat.S_ISDIR(found.st_mode):
        return FolderProblem(
            msg("{path} is not a folder.", path=path),
            msg("Put a folder there, or correct its path in the configuration."),
        )
    effective = os.access in os.supports_effective_ids
    if not os.access(path, os.R_OK | os.X_OK, effective_ids=effective):
        return FolderProblem(
            msg("{path} can't be read.", path=path),
            msg("Give this user permission to list and open it."),
        )
    return found.st_dev, found.st_ino


def on_network(path: str) -> bool:
    """Whether ``path`` may change without a notification on this machine."""
    if sys.platform == "linux":
        answer = file_system(path) in NETWORK_TYPES
    elif sys.platform == "darwin":
        buffer = ctypes.create_string_buffer(4096)
        system = ctypes.CDLL(None)
        statfs = getattr(system, "statfs$INODE64", None) or system.statfs  # Intel, Apple silicon
        known = statfs(os.fsencode(path), buffer) == 0
        flags = int.from_bytes(buffer.raw[_FLAGS_AT : _FLAGS_AT + 4], sys.byteorder)
        answer = known and not flags & _MNT_LOCAL
    elif sys.platform == "win32":
        drive = os.path.splitdrive(os.path.abspath(path))[0]
        kind = ctypes.windll.kernel32.GetDriveTypeW(drive + "\\")
        answer = drive.startswith("\\\\") or kind == _DRIVE_REMOTE
    else:
        answer = False
    return answer


def file_system(path: str) -> str:
    """Return the type of the file system of ``path``, as ``mount`` calls it; "" if unknown."""
    if sys.platform != "linux":
        return ""
    try:
        fd = os.open(path, os.O_PATH)
    except OSError:  # it has just gone
        return ""
    try:
        return file_system_of(fd)
    finally:
        os.close(fd)


def inotify_limit(name: str, proc: str = "/proc") -> int:
    """Return the value of ``fs.inotify.<name>``; 0 if there is none."""
    try:
        with open(f"{proc}/sys/fs/inotify/{name}", encoding="utf-8") as file:
            return int(file.read())
    except OSError:  # not Linux, or a container that hides it
        return 0


class InotifyLimits(Struct, frozen=True):
    """inotify's limits, and how much of each this user's programs use now."""

    max_watches: int
    max_instances: int
    watches: int
    instances: int


def read_limits(proc: str = "/proc") -> InotifyLimits | None:
    """Return the limits; None where there is no inotify."""
    watches = inotify_limit("max_user_watches", proc)
    instances = inotify_limit("max_user_instances", proc)
    if not (watches and instances):
        return None
    used = list(_watches_of_instances(proc))
    return InotifyLimits(watches, instances, sum(used), len(used))


def _watches_of_instances(proc: str) -> Iterator[int]:
    """Yield how many watches each inotify instance of this user has."""
    for process in filter(str.isdigit, os.listdir(proc)):
        place = os.path.join(proc, process)
        with contextlib.suppress(OSError):  # the process has ended, or is none of this user's
            if os.stat(place).st_uid != os.geteuid():
                continue
            for number in os.listdir(os.path.join(place, "fd")):
                if os.readlink(os.path.join(place, "fd", number)) == "anon_inode:inotify":
                    with open(os.path.join(place, "fdinfo", number), encoding="utf-8") as info:
                        yield sum(line.startswith("inotify ") for line in info)
