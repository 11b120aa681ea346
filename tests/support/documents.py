"""Documents made in memory, and what ``sniff`` finds in one."""

import io
import pathlib
import struct
import zipfile

from tests.support.samples import SAMPLES
from watcher.sniff.detect import sniff


def look(data, name=""):
    return sniff(io.BytesIO(data), len(data), name)


def read(name):
    return pathlib.Path(SAMPLES, name).read_bytes()


def zipped(*entries, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression, compresslevel=1) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def office(main):
    return zipped(("[Content_Types].xml", f'<Override ContentType="application/{main}+xml"/>'))


def compound(*streams, root_clsid=b"\0" * 16):
    """A minimal compound file [MS-CFB] of one FAT sector with the root's entries in a row."""

    def entry(name, kind, left, right, child):
        raw = name.encode("utf-16-le") + b"\0\0"
        return struct.pack(
            "<64sHBB3L36xLQ", raw, len(raw), kind, 1, left, right, child, 0xFFFFFFFE, 0
        )

    none = 0xFFFFFFFF
    entries = [entry("Root Entry", 5, none, none, 1)]
    for number, name in enumerate(streams, start=1):
        following = number + 1 if number < len(streams) else none
        entries.append(entry(name, 2, none, following, none))
    while len(entries) % 4:
        entries.append(entry("", 0, none, none, none))
    directory = b"".join(entries)
    sectors = len(directory) // 512
    fat = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    fat += [none] * (128 - len(fat))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + root_clsid
    head += struct.pack(
        "<HHHHH6xLLLLLLLLL", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0
    )
    head += struct.pack("<109L", 0, *[none] * 108)
    return head + struct.pack("<128L", *fat) + directory
