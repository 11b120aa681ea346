"""What is ignored in a watched folder: side files, filed files, and configured patterns."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING, Final

from watcher.model.settings import AfterRefusal, AfterUpload
from watcher.routing.names import as_seen, fold
from watcher.routing.patterns import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from watcher.model.settings import Folder

#: The notes of why a file was refused, which may be moved back with it.
ERROR_NOTES: Final = "*.error.txt"
_WILD: Final = frozenset("*?[")
_ALL_IN_FOLDER: Final = re.compile(r"(?P<folder>.+?)(?:/\*\*)*/\*+")
#: Names that are ignored everywhere, of files and of folders on their way.
IGNORED_NAMES: Final = (
    # Hidden ones.
    ".*", "._*", ":2e*",
    # Side files of Office and editors: locks, copies that were never saved by hand.
    "~$*", ".~lock.*#", "~*.tmp", "*.tmp", "*.temp", "~wrl*", "~wrd*", "*.sb-????????-??????",
    "*.asd", "*.wbk", "*.swp", "*.swo", "*.swx", "*~", "#*#", "*.autosave", "*.laccdb",
    # Unfinished downloads and copies of browsers and other programs.
    "*.part", "*.partial", "*.filepart", "*.crdownload", "*.crswap", "*.download", "*.opdownload",
    "*.fdmdownload", "*.part.met", "*.aria2", "*.!ut", "*.!bt", "*.!qb", "*.bc!", "*.jc!",
    "*.xltd", "*.td", "*.td.cfg", "*.downloading", "*.dctmp", "*.ob!", "*.dtapart",
    "*.lftp-pget-status", "*.cyberducksegment", "*.mega",
    # Files of synchronizers beside a file, or in its place until it is fetched.
    ".syncthing.*", "~syncthing~*", "*.!sync", "*.bts", "*.rsls", "*.rslsd", "*.rslsf",
    ".dropbox*", "*.cloud", "*.cloudf", "*.icloud", "*.odopen", "*.nextcloud", "*.owncloud",
    "*.gstmp", "*.ffs_tmp", "*.ffs_db", "*.ffs_lock", "personal vault.lnk", "*.onetoc2",
    # Alternate streams of a file on systems without them: its origin, its attributes.
    "*zone.identifier", "*:$data", "*:com.dropbox.*", "*:com.apple.*", "*:afp_*",
    "*:smartscreen", "*:encryptable", "*:favicon",
    # Files of systems and network drives: views, bins, copies, repairs.
    ".ds_store", "thumbs.db", "ehthumbs*.db", "desktop.ini", "icon\r", "icon\uf00d", "folder.htt",
    "autorun.inf", "desktop db", "desktop df", "thevolumesettingsfolder", "temporary items",
    "network trash folder", ".nfs*", "$recycle.bin", "recycler", "#recycle", "@recycle", "@eadir",
    "*@synoeastream", "*@synoresource", "#snapshot", "~snapshot", "system volume information",
    "lost+found", "lost.dir", "found.???", "__macosx",
    # Programs, libraries and projects that are folders (macOS).
    "*.app", "*.bundle", "*.framework", "*.plugin", "*.kext", "*.prefpane", "*.workflow",
    "*.photoslibrary", "*.photolibrary", "*.aplibrary", "*.migratedphotolibrary", "*.theater",
    "*.imovielibrary", "*.fcpbundle", "*.band", "*.logicx", "*.musiclibrary", "*.tvlibrary",
    "*.xcodeproj", "*.xcworkspace", "*.playground", "*.sparsebundle", "*.backupbundle", "*.scriv",
)  # fmt: skip


def ignore_filter(folder: Folder, targets: Collection[str] = ()) -> Callable[[str], str]:
    """Return a function that returns the pattern that ignores a path below the folder, or "".

    A folder's path ends with "/": it is ignored if everything in it is. ``targets``: absolute
    paths where files were filed by earlier settings, ignored as well. A pattern that fits one of a
    file's folders ignores the file. The function is called for every event.
    """
    filed = _targets_below(folder, targets)
    notes = (ERROR_NOTES,) if targets or folder.after_refusal is AfterRefusal.MOVE else ()
    of_names = (*IGNORED_NAMES, *notes, *(each for each in folder.ignore if "/" not in each))
    by_name = _name_filter(of_names)
    of_paths = [(each, as_seen(each).strip("/")) for each in folder.ignore if "/" in each]
    paths = [(pattern, compile_pattern(text).match) for pattern, text in of_paths]
    # "a/**" fits what is in the folder a, not a itself.
    contents = [
        (pattern, compile_pattern(inner["folder"]).match)
        for pattern, text in of_paths
        if (inner := _ALL_IN_FOLDER.fullmatch(text))
    ]

    def find(below: str) -> str:
        seen = as_seen(below)
        parts = seen.rstrip("/").split("/")
        for part in parts if seen == below else (*parts, *below.split("/")):
            if pattern := by_name(part):
                return pattern
        if filed and (folded := fold(seen).rstrip("/") + "/").startswith(filed):
            return next(target for target in filed if folded.startswith(target))
        for pattern, fits in (*paths, *contents) if below.endswith("/") else paths:
            for end in range(1, len(parts) + 1):
                if fits("/".join(parts[:end])) is not None:
                    return pattern
        return ""

    return find


def filing_targets(folder: Folder) -> dict[str, str]:
    """Return the places where a folder's files are moved to, by setting.

    Without such a setting, a folder called "Sent" or "Refused" is an ordinary one.
    """
    targets = {}
    if folder.after_upload is AfterUpload.MOVE:
        targets["sent_folder"] = folder.sent_folder
    if folder.after_refusal is AfterRefusal.MOVE:
        targets["refused_folder"] = folder.refused_folder
    return targets


def _name_filter(patterns: tuple[str, ...]) -> Callable[[str], str]:
    """Return a function that returns the pattern that fits a name, or "".

    Whole names and endings are looked up, which is much faster than a regex.
    """
    whole = {fold(each): each for each in patterns if not _WILD & set(each)}
    endings = {fold(each[1:]): each for each in patterns if _is_ending(each)}
    others = [each for each in patterns if _WILD & set(each) and not _is_ending(each)]
    match_other, all_endings = _any_of(others), tuple(endings)

    def find(name: str) -> str:
        folded = fold(name)
        if folded in whole:
            return whole[folded]
        if folded.endswith(all_endings):
            return next(endings[each] for each in all_endings if folded.endswith(each))
        found = match_other(folded)
        return others[found.lastindex - 1] if found is not None and found.lastindex else ""

    return find


def _any_of(patterns: list[str]) -> Callable[[str], re.Match[str] | None]:
    """Return the match function of all patterns; the group that matched is the pattern's number."""
    expressions = [f"({fnmatch.translate(fold(each))})" for each in patterns]
    return re.compile("|".join(expressions) or r"(?!)").match


def _is_ending(pattern: str) -> bool:
    return pattern.startswith("*") and not _WILD & set(pattern[1:])


def _targets_below(folder: Folder, former: Collection[str]) -> tuple[str, ...]:
    """Return where files are, or were, filed below the folder: folded, with "/" at the end."""
    root = folder.path.replace("\\", "/").rstrip("/") + "/"
    found = []
    for target in (*filing_targets(folder).values(), *former):
        place = posixpath.normpath(posixpath.join(root, target.replace("\\", "/")))
        if place.startswith(root):
            found.append(fold(as_seen(place[len(root) :] + "/")))
    return tuple(found)
