"""What is made up: the sources, keys and account of a new sandbox, and the CV of a person.

The CV is made in code so that it needs no file beside the program.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Source(Struct, frozen=True):
    """A source of profiles. ``key`` is 40 hexadecimal digits by habit, any text will do.

    ``always_sync``: it parses at once without being asked to.
    ``archived_at`` is ISO 8601, "" for one in use.
    """

    key: str
    name: str
    sync_parsing: bool = False
    environment: str = "production"
    disable: bool = False
    archived_at: str = ""
    always_sync: bool = False


ENGINEERING: Final = Source("e59112ee7a2d3b0c4f6e8d1b9a0c7f5e3d2b1a09", "Engineering")
SALES: Final = Source("5a1e5c0ffee0b5e2d4c6a8f0e1d3c5b7a9080706", "Sales")
#: The only one of the three that may parse while the uploader waits.
EXPRESS: Final = Source("0ddba11f00dfacade5eed0f1ce0b1a5edfacefee", "Express", sync_parsing=True)
SOURCES: Final = (ENGINEERING, SALES, EXPRESS)

READ_WRITE_KEY: Final = "ask_" + "0123456789abcdef" * 2
WRITE_KEY: Final = "askw_" + "123456789abcdef0" * 2
READ_KEY: Final = "askr_" + "23456789abcdef01" * 2
KEYS: Final = (READ_WRITE_KEY, WRITE_KEY, READ_KEY)

EMAIL: Final = "recruiter@example.org"


def permission(key: str) -> str:
    """Return what a key may do, as ``GET /auth`` calls it: all, write or read.

    Its prefix says so, as the vendor's SDK and later pages have it.
    """
    return {"ask": "all", "askw": "write", "askr": "read"}[key.partition("_")[0]]


#: The name, address and number are nobody's: example.org and 01 99 00 are reserved for fiction.
PERSON: Final = "Camille Durand"
PERSON_EMAIL: Final = "camille.durand@example.org"
_PHONE: Final = "+33 1 99 00 12 34"
FILE_NAME: Final = "Camille Durand - CV.pdf"

_LINES: Final = (
    (24, PERSON),
    (11, f"Product Manager · Lyon · {PERSON_EMAIL} · {_PHONE}"),
    (15, "Experience"),
    (11, "2021 - today: Product Manager, Exemple SA, Lyon"),
    (11, "2017 - 2021: Business Analyst, Example Ltd, Dublin"),
    (15, "Education"),
    (11, "MSc Information Systems, Université de Lyon, 2017"),
    (15, "Skills"),
    (11, "Road maps, interviews, SQL, Python, French, English"),
)


def sample_cv_pdf() -> bytes:
    """Return a valid PDF of one A4 page, the same bytes every time."""
    stream = _draw().encode("cp1252")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    return _assemble(objects)


def _draw() -> str:
    """Return the page's content: one text object, every line below the one before."""
    parts = ["BT", "72 780 Td"]
    for size, line in _LINES:
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts += [f"/F1 {size} Tf", f"({escaped}) Tj", f"0 -{size + 14} Td"]
    return "\n".join([*parts, "ET"])


def _assemble(objects: tuple[bytes, ...]) -> bytes:
    """Return header, numbered objects, and the table that says where each starts."""
    document = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    table = [b"0000000000 65535 f \n"]
    for number, body in enumerate(objects, 1):
        table.append(b"%010d 00000 n \n" % len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(document)
    document += b"xref\n0 %d\n%b" % (len(table), b"".join(table))
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(table),
        start,
    )
    return bytes(document)
