"""Outlook messages (.msg) made in memory: compound files [MS-CFB] as [MS-OXMSG] fills them."""

import struct

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096


def compound(tree):
    """Return a compound file of nested dicts: names → bytes, or a dict for a storage."""
    entries = []
    _add(entries, "Root Entry", tree)
    streams = [at for at, each in enumerate(entries) if not isinstance(each["value"], dict)]
    sectors, fat, mini, mini_fat = [], [], b"", []

    def chain(data):
        """Put data into sectors of its own; return the first."""
        first = len(sectors)
        pieces = [
            data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)
        ]
        sectors.extend(pieces)
        fat.extend([*range(first + 1, first + len(pieces)), _END])
        return first

    for at in streams:
        data = entries[at]["value"]
        if len(data) >= _CUTOFF:
            entries[at]["start"] = chain(data)
        elif data:
            entries[at]["start"] = len(mini_fat)
            count = -(-len(data) // _MINI)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), _END]
            mini += data.ljust(count * _MINI, b"\0")
    entries[0]["start"] = chain(mini) if mini else _END
    mini_start = chain(struct.pack(f"<{len(mini_fat)}L", *mini_fat)) if mini_fat else _END
    while len(entries) % 4:
        entries.append(None)
    directory = chain(b"".join(_entry(each, len(mini)) for each in entries))
    tables = -(-(len(fat) + 2) // 128)
    while tables * 128 < len(fat) + tables:
        tables += 1
    first_table = len(sectors)
    fat += [_FAT] * tables
    fat += [_FREE] * (tables * 128 - len(fat))
    table = struct.pack(f"<{len(fat)}L", *fat)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6x", 62, 3, 0xFFFE, 9, 6)
    mini_sectors = -(-len(mini_fat) * 4 // _SECTOR)
    head += struct.pack("<9L", 0, tables, directory, 0, _CUTOFF, mini_start, mini_sectors, _END, 0)
    places = [*range(first_table, first_table + tables)]
    head += struct.pack("<109L", *places, *[_FREE] * (109 - tables))
    return head + b"".join(sectors) + table


def _add(entries, name, value):
    """Add an entry and those below it, each the next one's neighbour; return its number."""
    at = len(entries)
    entries.append({"name": name, "value": value, "child": _FREE, "next": _FREE})
    before = None
    for each, inner in value.items() if isinstance(value, dict) else ():
        number = _add(entries, each, inner)
        place = (at, "child") if before is None else (before, "next")
        entries[place[0]][place[1]] = before = number
    return at


def _entry(entry, mini_size):
    if entry is None:
        return struct.pack("<64sHBB3L36xLQ", b"", 0, 0, 1, _FREE, _FREE, _FREE, 0, 0)
    raw = entry["name"].encode("utf-16-le") + b"\0\0"
    is_root, is_storage = entry["name"] == "Root Entry", isinstance(entry["value"], dict)
    size = mini_size if is_root else 0 if is_storage else len(entry["value"])
    kind = 5 if is_root else 1 if is_storage else 2
    start = entry.get("start", _END if not is_storage else 0)
    return struct.pack(
        "<64sHBB3L36xLQ", raw, len(raw), kind, 1, _FREE, entry["next"], entry["child"], start, size
    )


def text(prop, value):
    return {f"__substg1.0_{prop}001F": value.encode("utf-16-le")}


def attachment(name, content, *, kind="", hidden=False):
    """An attachment; ``content`` is bytes, or the dict of an attached message."""
    is_message = isinstance(content, dict)
    numbers = [(0x37050003, 5 if is_message else 1), (0x7FFE000B, int(hidden))]
    properties = bytes(8) + b"".join(struct.pack("<LLq", tag, 6, value) for tag, value in numbers)
    data = {"__substg1.0_3701000D" if is_message else "__substg1.0_37010102": content}
    more = text("370E", kind) if kind else {}
    return {**text("3707", name), **more, **data, "__properties_version1.0": properties}


def message(*attachments, subject="Application as nurse"):
    """The storage of a message with attachments, as made by :func:`attachment`."""
    return {
        "__properties_version1.0": bytes(32),
        **text("0037", subject),
        **text("5D01", "ines@example.org"),
        **text("007D", "Date: Mon, 03 Feb 2025 10:00:00 +0100\r\nSubject: x\r\n\r\n"),
        **{f"__attach_version1.0_#{n:08X}": each for n, each in enumerate(attachments)},
    }
