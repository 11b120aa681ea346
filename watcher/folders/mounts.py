r"""What can be told of a watched folder's place: is it there, is it on another machine.

Linux names a file system's type in ``/proc/self/mounts`` (fstab(5), blanks as ``\040``); macOS
has ``MNT_LOCAL`` in statfs(2); Windows has UNC paths and GetDriveTypeW.
"""

from __future__ import annotations

import ctypes
import os
import re
import stat
import sys

from watcher.i18n.message import NOTHING, Message, msg

#: File systems whose changes by other machines (or by the host of this one) are not notified.
NETWORK_TYPES = frozenset(
    {
        "9p",
        "afs",
        "autofs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "drvfs",
        "fuse.cephfs",
        "fuse.curlftpfs",
        "fuse.davfs2",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.gvfsd-fuse",
        "fuse.kio-fuse",
        "fuse.portal",
        "fuse.prl_fsd",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)

_MNT_LOCAL = 0x1000  # <sys/mount.h> on macOS
_FLAGS_AT = 64  # of f_flags in its struct statfs with 64-bit inodes
_DRIVE_REMOTE = 4  # <fileapi.h>


def identify(path: str) -> tuple[tuple[int, int] | None, Message]:
    """(device, inode) of the folder, or None and one sentence that says why it cannot be used."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None, msg("{path} doesn't exist; it will be watched as soon as it does.", path=path)
    except OSError as error:
        return None, msg(
            "{path} cannot be reached ({error}); it will be tried again.",
            path=path,
            error=error.strerror,
        )
    if stat.S_ISLNK(found.st_mode):
        return None, (
            msg(
                "{path} has become a link, and links are not followed; put the folder back or "
                "give the link's target in the configuration.",
                path=path,
            )
        )
    if not stat.S_ISDIR(found.st_mode):
        return None, msg(
            "{path} is not a folder; it will be watched as soon as it is one.", path=path
        )
    effective = os.access in os.supports_effective_ids
    if not os.access(path, os.R_OK | os.X_OK, effective_ids=effective):
        return None, msg(
            "{path} cannot be read; give this user permission to list and open it.", path=path
        )
    return (found.st_dev, found.st_ino), NOTHING


def on_network(path: str) -> bool:
    """Whether changes in ``path`` can be made without this machine noticing."""
    if sys.platform == "linux":
        answer = type_of_mount(path, _read("/proc/self/mounts")) in NETWORK_TYPES
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


def type_of_mount(path: str, mounts: str) -> str:
    """The type of the file system ``path`` is on, by the text of ``/proc/self/mounts``; or ""."""
    longest, answer = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # device, place, type
            continue
        place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1])
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= longest:  # the last of several on one place is on top
            longest, answer = len(place), fields[2]
    return answer


def file_system(path: str) -> str:
    """The type of the file system ``path`` is on, as ``mount`` calls it; "" where it is unknown."""
    return type_of_mount(path, _read("/proc/self/mounts"))


def inotify_limit(name: str, proc: str = "/proc") -> int:
    """The value of ``fs.inotify.<name>``; 0 where there is no such thing."""
    return int(_read(f"{proc}/sys/fs/inotify/{name}") or 0)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:  # not Linux, or a container that hides it
        return ""
