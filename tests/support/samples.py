"""The sample files and what has to become of each; documents made for a test."""

import os

SAMPLES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "samples")
PDF = os.path.join(SAMPLES, "Aisha Rahman - CV.pdf")
DOCX = os.path.join(SAMPLES, "Łukasz Wójcik.docx")

OFFICE = "application/vnd.openxmlformats-officedocument"
WORD = f"{OFFICE}.wordprocessingml.document"

#: name → media type and the name that the server sees
SENT = {
    "Aisha Rahman - CV.pdf": ("application/pdf", "Aisha Rahman - CV.pdf"),
    "CV María José.doc": ("application/msword", "CV María José.doc"),
    "fatima.html": ("text/html", "fatima.html"),
    "mai scan.jpeg": ("image/jpeg", "mai scan.jpeg"),
    "O'Brien, John (final).rtf": ("application/rtf", "O'Brien, John (final).rtf"),
    "portfolio.odp": ("application/vnd.oasis.opendocument.presentation", "portfolio.odp"),
    "portfolio.ppt": ("application/vnd.ms-powerpoint", "portfolio.ppt"),
    "portfolio.pptx": (f"{OFFICE}.presentationml.presentation", "portfolio.pptx"),
    "small.bmp": ("image/bmp", "small.bmp"),
    "soren_agard.odt": ("application/vnd.oasis.opendocument.text", "soren_agard.odt"),
    "template.dotx": (f"{OFFICE}.wordprocessingml.template", "template.dotx"),
    "Łukasz Wójcik.docx": (WORD, "Łukasz Wójcik.docx"),
    "陈晓明.png": ("image/png", "陈晓明.png"),
    # the content decides, the name follows
    "really a pdf.docx": ("application/pdf", "really a pdf.pdf"),
    "no extension": (WORD, "no extension.docx"),
    "leading junk.pdf": ("application/pdf", "leading junk.pdf"),
}

#: name → a word of the reason
REFUSED = {
    "truncated.pdf": "incomplete",
    "renamed program.pdf": "program",
    "archive of CVs.zip": "zip",
    "empty.pdf": "empty",
    "plain.txt": "text",
    "README.md": "text",
}

#: name → the documents inside, each with its media type
OPENED = {"Application as nurse.eml": {"Lucía Fernández - CV.pdf": "application/pdf"}}

IGNORED = {"._Aisha Rahman - CV.pdf", "~$Łukasz Wójcik.docx"}


#: How many files are known once all samples are there.
KNOWN = len(SENT) + len(REFUSED) + sum(1 + len(parts) for parts in OPENED.values())


def make_pdf(path, text="x", size=0):
    """A PDF whose content is its own: ``text`` tells it from others."""
    body = b"%PDF-1.4\n%" + text.encode() + b"\n" + b" " * size + b"\n%%EOF\n"
    with open(path, "wb") as file:
        file.write(body)


def drop(folder, name, text=""):
    path = os.path.join(folder.path, name)
    make_pdf(path, text or name)
    return path
