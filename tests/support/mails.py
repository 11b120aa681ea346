"""Saved emails made in memory."""

import io
import random
import struct
import zlib
from email.message import EmailMessage

from PIL import Image

SENDER = "Ines Kowalczuk <ines@example.org>"
DATE = "Mon, 03 Feb 2025 10:00:00 +0100"


def pdf(text, size=0):
    """A PDF whose content is its own."""
    return b"%PDF-1.4\n1 0 obj\n%" + text.encode() + b"\n" + b" " * size + b"\n%%EOF\n"


def image(width, height, kind="PNG", *, mode="RGB", noisy=False, **options):
    """An image as bytes; a ``noisy`` one does not compress."""
    made = Image.new(mode, (width, height), "white")
    if noisy:
        made = Image.frombytes(mode, made.size, random.Random(1).randbytes(len(made.tobytes())))
    written = io.BytesIO()
    made.save(written, kind, **options)
    return written.getvalue()


def blank_png(width, height):
    """A PNG of so many black and white points, none of which is there: only its size is read."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", b""), (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def mail(*attachments, subject="Application as nurse", html="", text="Please find my CV attached."):
    """An email with attachments: (name, content) each, or (name, content, media type)."""
    message = EmailMessage()
    message["Received"] = "by mx.example.org; Mon, 3 Feb 2025 10:00:00 +0100"
    message["From"], message["To"], message["Date"] = SENDER, "jobs@example.com", DATE
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content, *kind in attachments:
        main, _, sub = (kind[0] if kind else "application/octet-stream").partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def save(folder, name, message):
    """Save an email in a folder, as a mail program does; return its path."""
    path = f"{folder}/{name}"
    with open(path, "wb") as file:
        file.write(message if isinstance(message, bytes) else message.as_bytes())
    return path
