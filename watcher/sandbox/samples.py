"""A CV of an invented person, made in code so that it needs no file beside the program."""

from __future__ import annotations

from typing import Final

#: The name, address and number are nobody's: example.org and 01 99 00 are reserved for fiction.
NAME: Final = "Camille Durand"
EMAIL: Final = "camille.durand@example.org"
PHONE: Final = "+33 1 99 00 12 34"
FILE_NAME: Final = "Camille Durand - CV.pdf"

_LINES: Final = (
    (24, NAME),
    (11, f"Product Manager · Lyon · {EMAIL} · {PHONE}"),
    (15, "Experience"),
    (11, "2021 - today: Product Manager, Exemple SA, Lyon"),
    (11, "2017 - 2021: Business Analyst, Example Ltd, Dublin"),
    (15, "Education"),
    (11, "MSc Information Systems, Université de Lyon, 2017"),
    (15, "Skills"),
    (11, "Road maps, interviews, SQL, Python, French, English"),
)


def sample_cv_pdf() -> bytes:
    """A valid PDF of one A4 page, the same bytes every time."""
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
    """The page's content: one text object, every line below the one before."""
    parts = ["BT", "72 780 Td"]
    for size, line in _LINES:
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts += [f"/F1 {size} Tf", f"({escaped}) Tj", f"0 -{size + 14} Td"]
    return "\n".join([*parts, "ET"])


def _assemble(objects: tuple[bytes, ...]) -> bytes:
    """Header, numbered objects, and the table that says where each starts."""
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
