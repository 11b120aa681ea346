"""RC4 and AES-128, to see whether a PDF opens without a password; nothing is kept secret by them.

The standard library has neither, and a library of its own would be a large one for this alone.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple


def rc4(key: bytes, data: bytes) -> bytes:
    """``data`` encrypted, or decrypted, with ``key``."""
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
    """What a round of AES makes of each byte: alone, and in each of four places of a column."""

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
    """The 44 words that the rounds of AES-128 use."""
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


def encrypt_cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    """``data``, of whole blocks of 16 bytes, by AES-128 in CBC mode without padding."""
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
