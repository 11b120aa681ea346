"""The system-wide configuration: read only where nobody but administrators may write it.

Whoever can write it decides where CVs and keys go. So one that others may write is used by nobody,
and without it nothing begins either: a person's own configuration alone might send them elsewhere.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.config.toml import LARGEST, decode, parse, unreadable
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.config.toml import Table

_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
#: Administrators, and the system itself (WELL_KNOWN_SID_TYPE of winnt.h).
_TRUSTED_SIDS: Final = (26, 22)
ASK_THE_ADMINISTRATOR: Final = msg(
    "Ask the administrator of this computer to fix the system-wide configuration;"
    " until then, no other configuration is used."
)


class MachineFile(Struct, frozen=True):
    """Where the system-wide configuration is looked for; ``is_own``: the person named it."""

    path: str
    is_own: bool = False

    @classmethod
    def of_process(cls, environ: Mapping[str, str], system: str = sys.platform) -> MachineFile:
        """Return the place that only administrators may write to.

        ``HRFLOW_WATCHER_MACHINE_CONFIG`` names another one, to try it before it is rolled out.
        """
        if named := environ.get("HRFLOW_WATCHER_MACHINE_CONFIG"):
            return cls(os.path.abspath(os.path.expanduser(named)), is_own=True)
        folder = "/etc/hrflow-watcher"
        if system == "win32":
            import platformdirs  # noqa: PLC0415 - it asks the system; environments can be changed

            folder = platformdirs.site_config_dir("hrflow-watcher", appauthor=False)
        elif system == "darwin":
            folder = "/Library/Application Support/hrflow-watcher"
        return cls(os.path.join(folder, "config.toml"))


class Layer(Struct, frozen=True):
    """A system-wide configuration as it was read: valid TOML."""

    path: str
    text: str

    def tables(self) -> Table:
        """Return its tables, parsed anew: the caller may change them."""
        return parse(self.path, self.text, is_machine=True)


def find_layer(file: MachineFile | None) -> Layer | None:
    """Return the system-wide configuration, None if there is none.

    ConfigError where it cannot be read, is not to be trusted, or is no TOML.
    """
    if file is None:
        return None
    try:
        layer = Layer(file.path, decode(file.path, _read(file)))
        layer.tables()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ConfigError, OSError) as error:
        found = unreadable(file.path, error) if isinstance(error, OSError) else error
        raise ConfigError(
            found.title, ASK_THE_ADMINISTRATOR, found.mistakes, by_machine=True
        ) from error
    return layer


def find_distrust_on_windows(
    file: MachineFile, paths: Sequence[str], is_administrators: Callable[[str], bool]
) -> dict[str, Message]:
    """Return the paths that are not trusted, each with the reason.

    Owners decide: in %ProgramData% everybody may make folders, and owns what they made.
    """
    if file.is_own:
        return {}
    why = msg("doesn't belong to the administrators")
    return {path: why for path in paths if not is_administrators(path)}


def find_distrust(facts: os.stat_result, owners: frozenset[int], others: int = _OTHERS) -> Message:
    """Return why others than ``owners`` may change a file or a folder (POSIX); nothing if not.

    ``others`` are the bits of its mode that nobody else may have. In a folder with the sticky bit
    others can put something beside the file, and not replace it.
    """
    if facts.st_uid not in owners:
        return msg("belongs to user {number}, who is not an administrator", number=facts.st_uid)
    sticky = stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX
    if facts.st_mode & others and not sticky:
        mode = f"{stat.S_IMODE(facts.st_mode):04o}"
        return msg("can be changed by users other than its owner (mode {number})", number=mode)
    return NOTHING


# -- inside


def _read(file: MachineFile) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(file.path, flags)
    with open(descriptor, "rb") as opened:
        facts = os.fstat(descriptor)
        folders = dict.fromkeys(map(os.path.dirname, (file.path, os.path.realpath(file.path))))
        if os.name == "nt":
            distrusted = find_distrust_on_windows(file, [*folders, file.path], _is_administrators)
        else:
            distrusted = _find_distrust(file, facts, list(folders))
        for path, why in distrusted.items():
            raise ConfigError(
                msg(
                    "The system-wide configuration {path} is not used: {place} {why}. Only"
                    " administrators may have write access to it.",
                    path=file.path,
                    place=path,
                    why=why,
                )
            )
        if not stat.S_ISREG(facts.st_mode):
            raise ConfigError(
                msg("The system-wide configuration {path} is not a file.", path=file.path)
            )
        return opened.read(LARGEST + 1)


def _find_distrust(
    file: MachineFile, facts: os.stat_result, folders: list[str]
) -> dict[str, Message]:
    """Do the same where files have modes.

    In a user's namespace, as systemd makes one for the service, root has another number: the one
    that the root directory belongs to.
    """
    owners, others = {0, os.stat("/").st_uid}, _OTHERS
    if file.is_own:  # a person's group is often theirs alone
        owners, others = owners | {os.geteuid()}, stat.S_IWOTH
    judged = {each: os.stat(each) for each in folders} | {file.path: facts}
    found = {path: find_distrust(each, frozenset(owners), others) for path, each in judged.items()}
    return {path: why for path, why in found.items() if why}


if sys.platform == "win32":  # not tested on a real system yet

    def _is_administrators(path: str) -> bool:
        """Whether the owner is the group of administrators, or the system itself."""
        import ctypes  # noqa: PLC0415 - only here
        from ctypes import wintypes  # noqa: PLC0415 - only here

        security, owner = ctypes.c_void_p(), ctypes.c_void_p()
        advapi, kernel = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        advapi.GetNamedSecurityInfoW.argtypes = (
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
        )  # fmt: skip
        advapi.IsWellKnownSid.argtypes = (ctypes.c_void_p, wintypes.DWORD)
        kernel.LocalFree.argtypes = (ctypes.c_void_p,)
        is_file, its_owner = 1, 1  # SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION
        if advapi.GetNamedSecurityInfoW(
            path, is_file, its_owner, ctypes.byref(owner), None, None, None, ctypes.byref(security)
        ):
            return False
        try:
            return any(advapi.IsWellKnownSid(owner, kind) for kind in _TRUSTED_SIDS)
        finally:
            kernel.LocalFree(security)

else:

    def _is_administrators(path: str) -> bool:
        """There are none as on Windows."""
        raise NotImplementedError(path)
