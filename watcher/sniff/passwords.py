"""Checks whether a PDF needs a password or a certificate to be opened (ISO 32000-2, 7.6).

This takes RC4 and AES-128, which the standard library lacks; a cryptography library would be a
large dependency for this alone, and nothing is kept secret here.
"""

from __future__ import annotations

import hashlib
import re
import struct
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from watcher.sniff import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.sniff.endings import Content
    from watcher.sniff.formats import Format

_NEAR = 65_536  # bytes from each end in which a trailer is looked for
_FAR = 1_000_000  # likewise the dictionary that it names
_ENCRYPT = re.compile(rb"/Encrypt\s*(?:<<|(\d{1,9})\s+(\d{1,5})\s+R)")
_ID = re.compile(rb"/ID\s*\[\s*(?=[<(])")
_FILTERED: Final = (b"4", b"5", b"6")  # versions with a filter for each kind of data
_POINTER = re.compile(rb"startxref\s+(\d{1,12})")

_TOKEN = re.compile(
    rb"[\0\s]+|%[^\r\n]*|(?P<mark><<|>>|[\[\]])|<(?P<hex>[0-9A-Fa-f\0\s]*)>|(?P<text>\()"
    rb"|(?P<word>/?[^\0\s()<>\[\]{}/%]+)"
)

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))|\r\n?", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_PADDING: Final = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def find_lock(content: Content) -> Format | None:
    """Return how the PDF is locked: with a password, or for those with a certificate or a licence.

    None where everybody can open it, or where that cannot be determined.
    """
    for part in _read_ends(content):
        # A search for bytes takes a twentieth of the time of one by pattern.
        if b"/Encrypt" in part and (found := _ENCRYPT.search(part)):
            identity = _ID.search(part)
            first = next(_read_tokens(part, identity.end()), b"") if identity else b""
            inline = found.end() - 2
            rules = _read_dictionary(part, inline) if not found[1] else _find(content, found)
            return _judge(rules, first)
    return None


def _read_ends(content: Content) -> Iterator[bytes]:
    """Yield where a trailer may be: the end, where the last pointer leads, and the start.

    Anything may be appended behind the end.
    """
    last = content.find_last(b"startxref")
    end = content.size if last < 0 else min(content.size, last + 64)
    part = content.read(max(0, end - _NEAR), min(end, _NEAR))
    yield part
    if pointers := _POINTER.findall(part):
        yield content.read(int(pointers[-1]), 4096)
    yield content.head


def _find(content: Content, reference: re.Match[bytes]) -> dict[bytes, bytes]:
    """Return the dictionary that a trailer refers to; empty if it is near no end of the file."""
    begin = re.compile(rb"(?<!\d)%b\s+%b\s+obj\b" % (reference[1], reference[2]))
    for part in (content.tail(_FAR), content.read(0, _FAR)):
        if found := begin.search(part):
            return _read_dictionary(part, found.end())
    return {}


def _read_dictionary(data: bytes, at: int) -> dict[bytes, bytes]:
    """Return the plain values of a dictionary by their keys, without nested ones."""
    found: dict[bytes, bytes] = {}
    depth, key = 0, b""
    for token in _read_tokens(data, at):
        if token in (b"<<", b"["):
            depth += 1
            key = b""
        elif token in (b">>", b"]"):
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1 and not key and token.startswith(b"/"):
            key = token
        elif depth == 1 and key:
            found[key] = token
            key = b""
    return found


def _read_tokens(data: bytes, at: int) -> Iterator[bytes]:
    """Yield delimiters and words as they are, strings decoded."""
    while token := _TOKEN.match(data, at):
        at = token.end()
        if token["hex"] is not None:
            digits = re.sub(rb"[\0\s]", b"", token["hex"])
            yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        elif token["text"]:
            end = _find_text_end(data, at)
            yield _ESCAPE.sub(_unescape, data[at : end - 1])
            at = end
        elif token["mark"] or token["word"]:
            yield token[0]


def _find_text_end(data: bytes, at: int) -> int:
    """Return where the string ends whose "(" is just before ``at``; parentheses may nest."""
    depth = 1
    for mark in re.compile(rb"\\.|[()]", re.DOTALL).finditer(data, at):
        depth += {b"(": 1, b")": -1}.get(mark[0], 0)
        if not depth:
            return mark.end()
    return len(data) + 1


def _unescape(found: re.Match[bytes]) -> bytes:
    octal, line_end, char = found.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    if line_end:
        return b""
    return _ESCAPED.get(char, char) if char else b"\n"


def _judge(rules: dict[bytes, bytes], identity: bytes) -> Format | None:
    """Return how a document with this encryption dictionary is locked; see :func:`find_lock`."""
    version, by = rules.get(b"/V", b""), rules.get(b"/Filter")
    filters = {rules.get(name, b"/Identity") for name in (b"/StmF", b"/StrF")}
    # Only attachments, or nothing at all, may be encrypted.
    if by is None or (version in _FILTERED and filters == {b"/Identity"}):
        return None
    if by != b"/Standard":
        return formats.ENCRYPTED
    return None if _opens_without(rules, identity) else formats.LOCKED


def _opens_without(rules: dict[bytes, bytes], identity: bytes) -> bool:
    """Whether the empty password is right; True if that cannot be determined."""
    try:
        revision, version = int(rules[b"/R"]), int(rules[b"/V"])
        owner, user = rules[b"/O"], rules[b"/U"]
        permissions = int(rules[b"/P"]) & 0xFFFFFFFF
        length = int(rules.get(b"/Length", b"40")) // 8
    except (KeyError, ValueError):
        return True
    if revision not in (2, 3, 4, 5, 6) or min(len(owner), len(user)) < 32:
        return True
    if revision in (5, 6):
        digest = _hash_revision_6 if revision == 6 else _hash_revision_5
        return len(user) < 48 or digest(user[32:40]) == user[:32]
    seed = _PADDING + owner[:32] + permissions.to_bytes(4, "little") + identity
    if revision == 4 and rules.get(b"/EncryptMetadata") == b"false":
        seed += b"\xff" * 4
    lengths = {5} if revision == 2 else {length, 16 if version == 4 else length}
    return any(_is_key(seed, each, revision, user, identity) for each in lengths)


def _is_key(seed: bytes, length: int, revision: int, user: bytes, identity: bytes) -> bool:
    """Whether the key of ``length`` bytes from ``seed`` is right: algorithms 2, 4 and 5."""
    key = hashlib.md5(seed, usedforsecurity=False).digest()
    if revision == 2:
        return _rc4(key[:length], _PADDING) == user[:32]
    for _ in range(50):
        key = hashlib.md5(key[:length], usedforsecurity=False).digest()
    check = hashlib.md5(_PADDING + identity, usedforsecurity=False).digest()
    for number in range(20):
        check = _rc4(bytes(byte ^ number for byte in key[:length]), check)
    return check == user[:16]


def _hash_revision_5(salt: bytes) -> bytes:
    return hashlib.sha256(salt).digest()


def _hash_revision_6(salt: bytes) -> bytes:
    """Return the hash of the empty password by algorithm 2.B: some 70 rounds, milliseconds each."""
    key = hashlib.sha256(salt).digest()
    kinds = (hashlib.sha256, hashlib.sha384, hashlib.sha512)
    for number in count(1):
        mixed = _encrypt_cbc(key[:16], key[16:32], key * 64)
        key = kinds[sum(mixed[:16]) % 3](mixed).digest()
        if number >= 64 and mixed[-1] <= number - 32:
            break
    return key[:32]


# --- RC4 and AES-128 ------------------------------------------------------------------------------


def _rc4(key: bytes, data: bytes) -> bytes:
    """Return ``data`` encrypted, or decrypted, with ``key``."""
    if not key:
        return data
    box = list(range(256))
    at = 0
    for here in range(256):
        at = (at + box[here] + key[here % len(key)]) & 255
        box[here], box[at] = box[at], box[here]
    out = bytearray()
    here = at = 0
    for byte in data:
        here = (here + 1) & 255
        at = (at + box[here]) & 255
        box[here], box[at] = box[at], box[here]
        out.append(byte ^ box[(box[here] + box[at]) & 255])
    return bytes(out)


class _Tables(NamedTuple):
    """Lookup tables of an AES round: the S-box, and it mixed for each row of a column."""

    box: tuple[int, ...]
    mixed: tuple[tuple[int, ...], ...]


@cache
def _tables() -> _Tables:
    box = [0x63] * 256
    power = inverse = 1
    while True:
        power ^= (power << 1) ^ (0x11B if power & 0x80 else 0)
        for shift in (1, 2, 4):
            inverse ^= inverse << shift
        inverse = (inverse & 255) ^ (0x09 if inverse & 0x80 else 0)
        turned = inverse
        for shift in (1, 2, 3, 4):
            turned ^= (inverse << shift | inverse >> (8 - shift)) & 255
        box[power] = turned ^ 0x63
        if power == 1:
            break
    first = []
    for byte in box:
        double = (byte << 1) ^ (0x11B if byte & 0x80 else 0)
        first.append(double << 24 | byte << 16 | byte << 8 | double ^ byte)
    mixed = tuple(
        tuple((word >> turn | word << (32 - turn)) & 0xFFFFFFFF for word in first)
        for turn in (0, 8, 16, 24)
    )
    return _Tables(tuple(box), mixed)


def _expand(key: bytes) -> list[int]:
    """Return the 44 words of the key schedule of AES-128."""
    box = _tables().box
    words = list(struct.unpack(">4L", key))
    constant = 1
    while len(words) < 44:
        word = words[-1]
        if len(words) % 4 == 0:
            a, b, c, d = struct.pack(">L", word)
            word = (box[b] ^ constant) << 24 | box[c] << 16 | box[d] << 8 | box[a]
            constant = (constant << 1) ^ (0x11B if constant & 0x80 else 0)
        words.append(words[-4] ^ word)
    return words


def _encrypt_cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    """Encrypt ``data``, whole blocks of 16 bytes, by AES-128 in CBC mode without padding."""
    box, (m0, m1, m2, m3) = _tables()
    words = _expand(key)
    w0, w1, w2, w3 = words[:4]
    rounds = [tuple(words[at : at + 4]) for at in range(4, 40, 4)]
    z0, z1, z2, z3 = words[40:]
    a, b, c, d = struct.unpack(">4L", vector)
    out: list[int] = []
    for p, q, r, s in struct.iter_unpack(">4L", data):
        a, b, c, d = a ^ p ^ w0, b ^ q ^ w1, c ^ r ^ w2, d ^ s ^ w3
        for k0, k1, k2, k3 in rounds:
            a, b, c, d = (
                m0[a >> 24] ^ m1[b >> 16 & 255] ^ m2[c >> 8 & 255] ^ m3[d & 255] ^ k0,
                m0[b >> 24] ^ m1[c >> 16 & 255] ^ m2[d >> 8 & 255] ^ m3[a & 255] ^ k1,
                m0[c >> 24] ^ m1[d >> 16 & 255] ^ m2[a >> 8 & 255] ^ m3[b & 255] ^ k2,
                m0[d >> 24] ^ m1[a >> 16 & 255] ^ m2[b >> 8 & 255] ^ m3[c & 255] ^ k3,
            )
        a, b, c, d = (
            (box[a >> 24] << 24 | box[b >> 16 & 255] << 16 | box[c >> 8 & 255] << 8 | box[d & 255])
            ^ z0,
            (box[b >> 24] << 24 | box[c >> 16 & 255] << 16 | box[d >> 8 & 255] << 8 | box[a & 255])
            ^ z1,
            (box[c >> 24] << 24 | box[d >> 16 & 255] << 16 | box[a >> 8 & 255] << 8 | box[b & 255])
            ^ z2,
            (box[d >> 24] << 24 | box[a >> 16 & 255] << 16 | box[b >> 8 & 255] << 8 | box[c & 255])
            ^ z3,
        )
        out += (a, b, c, d)
    return struct.pack(f">{len(out)}L", *out)
