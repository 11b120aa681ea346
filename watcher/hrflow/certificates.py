"""Who signed a certificate, read from its bytes (X.509 in DER, RFC 5280 section 4.1).

The standard library tells it of trusted certificates only, and on Linux only; yet the name is
most wanted where a certificate is not trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION: Final = 0xA0  # explicit tag 0, absent in version 1
_WIDE: Final = 0x1E  # BMPString
#: The attributes id-at-organizationName and id-at-commonName.
_ORGANISATION: Final = bytes.fromhex("55040a")
_COMMON_NAME: Final = bytes.fromhex("550403")


def issuer(certificate: bytes) -> str:
    """The signer as "organisation (common name)", with what there is of both; "" without either."""
    try:
        names = dict(_attributes(_issuer_field(certificate)))
    except (IndexError, ValueError, StopIteration):  # not what the standard asks for
        return ""
    organisation, common_name = names.get(_ORGANISATION, ""), names.get(_COMMON_NAME, "")
    if organisation and common_name and organisation != common_name:
        return f"{organisation} ({common_name})"
    return organisation or common_name


def _issuer_field(certificate: bytes) -> bytes:
    """Of the signed part: version, serial number, algorithm, and then the issuer."""
    signed = next(_elements(next(_elements(certificate))[1]))[1]
    fields = [content for tag, content in _elements(signed) if tag != _VERSION]
    return fields[2]


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    for _, some in _elements(name):
        for _, attribute in _elements(some):
            (_, kind), (tag, value) = _elements(attribute)
            yield kind, value.decode("utf-16-be" if tag == _WIDE else "utf-8", "replace")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that stand in ``data`` one after the other, as (tag, content)."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:  # so many bytes of length follow
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        yield tag, data[at : at + length]
        at += length
