"""Names of what programs and systems leave beside documents, or put in their place."""

from __future__ import annotations

from typing import Final

#: Names that are ignored everywhere, of files and of folders on their way.
IGNORED_NAMES: Final = (
    # Hidden ones.
    ".*", "._*", ":2e_*",
    # Side files of Office and editors: locks, copies that were never saved by hand.
    "~$*", ".~lock.*#", "~*.tmp", "*.tmp", "*.temp", "~wrl*", "*.sb-????????-??????", "*.asd",
    "*.wbk", "*.swp", "*.swo", "*.swx", "*~", "#*#", "*.autosave", "*.laccdb",
    # What browsers and other programs have not downloaded or copied to its end.
    "*.part", "*.partial", "*.filepart", "*.crdownload", "*.crswap", "*.download", "*.opdownload",
    "*.fdmdownload", "*.part.met", "*.aria2", "*.!ut", "*.!bt", "*.!qb", "*.bc!", "*.jc!",
    "*.xltd", "*.dtapart", "*.lftp-pget-status", "*.cyberducksegment", "*.mega",
    # What synchronisers put beside a file, or in its place until it is fetched.
    ".syncthing.*", "~syncthing~*", "*.!sync", "*.bts", "*.rsls", "*.rslsd", "*.rslsf",
    ".dropbox*", "*.cloud", "*.cloudf", "*.icloud", "*.odopen", "*.nextcloud", "*.owncloud",
    "personal vault.lnk", "*.onetoc2",
    # A second stream of a file where streams cannot be kept: where it is from, its attributes.
    "*zone.identifier", "*:$data", "*:com.dropbox.*", "*:com.apple.*", "*:afp_*",
    "*:smartscreen", "*:encryptable", "*:favicon",
    # What systems and network drives keep in folders: views, bins, copies, repairs.
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
    # Our own notes.
)  # fmt: skip
