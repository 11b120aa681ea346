"""Files of the kinds that people have beside plain CVs, and what each is told to be."""

import base64
import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from tests.support.documents import compound, look, office, read, zipped
from watcher.model.settings import DEFAULT_ACCEPT

OPENXML = "application/vnd.openxmlformats-officedocument."
OASIS = "application/vnd.oasis.opendocument."
SAVE, TAKE_OUT = "Save it as PDF or Word.", "Extract the document and add it."


def pdf(before=b"", *, counted_from_header=False, extra=b"", more=b"null", start=b"%PDF-1.4\n"):
    """A PDF of letters alone, whose table of contents is where it says.

    ``extra`` is in the trailer, ``more`` is object 4.
    """
    body = start
    places = []
    for number, content in enumerate(
        (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            more,
        ),
        1,
    ):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    shift = 0 if counted_from_header else len(before)
    table = len(body)
    body += b"xref\n0 5\n0000000000 65535 f \n"
    body += b"".join(b"%010d 00000 n \n" % (each + shift) for each in places)
    body += b"trailer\n<</Size 5/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (extra, table + shift)
    return before + body


def binary_pdf(before=b""):
    return before + read("Aisha Rahman - CV.pdf")


def tar(kind, name="cv.pdf", content=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        info = tarfile.TarInfo(name)
        data = pdf() if content is None else content
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def old_tar():
    """As before POSIX: nothing but the checksum tells it."""
    data = bytearray(tar(tarfile.USTAR_FORMAT))
    data[257:512] = bytes(255)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def cpio(mode):
    name, data = b"cv.pdf\0", pdf()
    if mode == "newc":
        head = b"070701" + b"%08X" * 13 % (
            1,
            33188,
            0,
            0,
            1,
            0,
            len(data),
            0,
            0,
            0,
            0,
            len(name),
            0,
        )
        return head + name + b"\0" * 3 + data
    head = b"070707" + b"%06o" * 8 % (0, 1, 33188, 0, 0, 1, 0, len(name))
    return head[:59] + b"%011o%06o%011o" % (0, len(name), len(data)) + name + data


def der(kind, content, *, streamed=False):
    oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" + bytes([kind])
    if streamed:
        return b"\x30\x80" + oid + b"\xa0\x80\x30\x80" + content + b"\0" * 6
    body = oid + b"\xa0\x82" + len(content).to_bytes(2, "big") + content
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return b"\x30" + length + body


def stamped(content):
    oid = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x1f"
    return b"\x30\x83" + (len(content) + 13).to_bytes(3, "big") + oid + content


def pem(label, content):
    lines = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode()


def mail(**more):
    message = EmailMessage()
    message["Subject"] = "Application"
    message["From"] = "ines@example.org"
    message["To"] = "jobs@example.com"
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content("My CV is attached.")
    message.add_attachment(pdf(), maintype="application", subtype="pdf", filename="cv.pdf")
    return message.as_bytes()


DOCX = read("Łukasz Wójcik.docx")


def entries(data=DOCX):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def repacked(rename=str, compression=zipfile.ZIP_DEFLATED):
    """The Word document with other names of its entries, or packed otherwise."""
    return zipped(*((rename(name), data) for name, data in entries()), compression=compression)


def streamed_zip():
    """Written without going back, as to a socket."""

    class Out(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    out = Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries():
            archive.writestr(name, data)
    return out.written


OFFICE = "application/x-office"
DOCX_TYPE = OPENXML + "wordprocessingml.document"
RAW = b"Content-Type: application/pdf\nContent-Transfer-Encoding: 8bit\n\n"
PAGE = b"Content-Location: file:///C:/1/cv.htm\nContent-Type: text/html\n\n<html></html>\n--b--\n"
RELATED = b'Content-Type: multipart/related; boundary="b"; type="text/html"\n\n--b\n' + PAGE
TEXT, MAIL = "text/plain", "message/rfc822"
PDF, MHTML = "application/pdf", "multipart/related"
SIGNED, ENCRYPTED = "application/pkcs7-mime", "application/x-encrypted"
ARCHIVE, TAR = "application/x-archive", "application/x-tar"
LINK, WEB_LINK = "application/vnd.google-apps.document", "application/x-url"

KINDS = [
    # content, name, media type, why
    # A container whose content shows within the first 1,024 bytes is that container.
    (tar(tarfile.USTAR_FORMAT), "a.tar", TAR, "POSIX"),
    (tar(tarfile.GNU_FORMAT), "a.pdf", TAR, "GNU's, whatever it is called"),
    (tar(tarfile.PAX_FORMAT, "Zoë" * 60 + ".pdf"), "a", TAR, "extended headers first"),
    (old_tar(), "a.tar", TAR, "without any signature"),
    (tar(tarfile.USTAR_FORMAT, "%PDF-1.4"), "a", TAR, "a name that looks like a PDF's begin"),
    (tar(tarfile.USTAR_FORMAT, "MZ cv.pdf"), "a", TAR, "a name that looks like a program's begin"),
    (tar(tarfile.USTAR_FORMAT, "BZh cv.pdf"), "a", TAR, "a name that looks like bzip2's"),
    (tar(tarfile.USTAR_FORMAT)[:900], "a.tar", TAR, "broken off within its first file"),
    (cpio("newc"), "a.cpio", "application/x-cpio", "cpio, new format"),
    (cpio("odc"), "a.cpio", "application/x-cpio", "cpio, old format"),
    (b"!<arch>\ncv.pdf/         0           0     0     644     300       `\n" + pdf(), "a", ARCHIVE, "ar"),
    (zipped(("cv.pdf", pdf()), compression=zipfile.ZIP_STORED), "a.pdf", "application/zip", "stored"),
    (b"7z\xbc\xaf'\x1c\0\4" + bytes(24) + pdf(), "a", "application/x-7z-compressed", "copied into a 7z"),
    (b"Rar!\x1a\x07\x01\0" + bytes(40) + pdf(), "a", "application/x-rar-compressed", "stored in a RAR"),
    (gzip.compress(pdf()), "a.pdf", "application/gzip", "gzip"),
    (bz2.compress(pdf()), "a.pdf", "application/x-bzip2", "bzip2"),
    (lzma.compress(pdf()), "a.pdf", "application/x-xz", "xz"),
    (b"\x78\x9f\x3e\x22\x01\0" + bytes(40) + pdf(), "winmail.dat", "application/vnd.ms-tnef", "Outlook's"),
    (b"WARC/1.0\r\nWARC-Type: response\r\n\r\n" + binary_pdf(), "a", ARCHIVE, "a web crawler's"),
    (b"bplist00\xd1\x01\x02_\x10\x0fWebMainResource" + binary_pdf(), "a", "application/x-webarchive", "Safari's"),
    (b"\x20\x40-lh0-" + bytes(20) + pdf(), "a.lzh", ARCHIVE, "LHA, stored"),
    (b"begin 644 cv.pdf\nM)5!$1BTQ+C0*\n", "a.txt", ARCHIVE, "uuencode"),
    (zipped(("mimetype", "application/vnd.etsi.asic-e+zip"), ("cv.pdf", pdf()), compression=zipfile.ZIP_STORED),
     "a.asice", "application/vnd.etsi.asic-e+zip", "signed as the EU has it"),
    # Signed and encrypted files.
    (der(2, pdf()), "cv.pdf.p7m", SIGNED, "signed"),
    (der(2, b"x" * 40), "a", SIGNED, "signed, so short that its length is one byte"),
    (der(2, binary_pdf(), streamed=True) , "cv.pdf", SIGNED, "signed in a stream, whatever it is called"),
    (base64.encodebytes(der(2, pdf())), "cv.pdf.p7m", SIGNED, "written as text"),
    (base64.b64encode(der(2, pdf(), streamed=True)), "cv.p7m", SIGNED, "likewise, in one line"),
    (pem("PKCS7", der(2, pdf())), "cv.p7m", SIGNED, "with a frame"),
    (pem("CMS", der(2, pdf())), "cv.txt", SIGNED, "with the newer one"),
    (stamped(pdf()), "cv.pdf.tsd", SIGNED, "with a time stamp"),
    (der(3, pdf()), "cv.pdf.p7m", ENCRYPTED, "encrypted"),
    (der(2, b"x" * 300), "cv.pdf.p7s", "application/pkcs7-signature", "a signature alone"),
    (pem("CMS", der(3, pdf())), "cv.p7m", ENCRYPTED, "encrypted, with a frame"),
    (b"-----BEGIN PKCS7-----\r\nMIIB", "cv.p7m", SIGNED, "cut short"),
    (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "cv.pdf.asc", ENCRYPTED, "PGP"),
    (pem("CERTIFICATE", b"\x30\x82\x03\x00\x30\x82\x02\x00" + bytes(99)), "a.pem", TEXT, "a certificate"),
    # Mail, whatever its header begins with.
    (mail(), "a.eml", MAIL, "an attachment in base64"),
    (mail(), "a.pdf", MAIL, "whatever it is called"),
    (mail().replace(b"\n", b"\r\n"), "a", MAIL, "line ends as on the wire"),
    (b"From: a@example.org\nSubject: x\n" + RAW + pdf(), "a.pdf", MAIL, "a raw PDF that is whole"),
    (b"From: a@example.org\nSubject: x\n" + RAW + binary_pdf(), "a", MAIL, "with bytes that no text has"),
    (b"Received: by mx\n\tfor <b@example.com>;\n Mon\nFrom: a\n\n%PDF-1.4\n", "a", MAIL, "folded lines"),
    (b"DKIM-Signature: v=1; b=\n " + b"x" * 9000 + b"\nFrom: a\n\nhi", "a", MAIL, "a header longer than what is looked at"),
    (b"X-Mozilla-Status: 0001\nX-Mozilla-Keys: \nFrom: a\nTo: b\n\nhi", "a", MAIL, "Thunderbird's"),
    (b"Date: Mon, 3 Feb 2025 10:00:00 +0100\nFrom: a\nTo: b\n\nhi", "a", MAIL, "nothing but the oldest fields"),
    (b"MIME-Version: 1.0\nContent-Type: application/pdf\n\n" + pdf(), "a", MAIL, "a part alone"),
    (b"\xef\xbb\xbfFrom: a\nMessage-ID: <1@x>\n\nhi", "a", MAIL, "a byte order mark"),
    (b"2383\n" + mail(), "12.emlx", MAIL, "Apple's: its length comes first"),
    (b"To: b\nSubject: x\n\nhi", "a.eml", MAIL, "the extension breaks the tie"),
    (b"From a@example.org Mon Feb  3 10:00:00 2025\n" + mail(), "Inbox", "application/mbox", "a mailbox"),
    (b"To: Acme\nSubject: Application as nurse\n\nDear Sir,", "a.txt", TEXT, "a letter"),
    (b"Name: Zoe\nDate: 3 Feb 2025\nReferences: on request\n\nNurse", "cv.txt", TEXT, "a CV"),
    # Web pages in a single file.
    (b"MIME-Version: 1.0\n" + RELATED, "cv.doc", MHTML, "Word's"),
    (b"From: <Saved by Blink>\nSnapshot-Content-Location: https://x\nSubject: cv\nMIME-Version: 1.0\n" + RELATED,
     "cv.mhtml", MHTML, "Chrome's"),
    (b'From: "Saved by Windows Internet Explorer 8"\r\nSubject: cv\r\nMIME-Version: 1.0\r\n' + RELATED, "a", MHTML, "Microsoft's"),
    (b"Date: Mon, 3 Feb 2025 10:00:00 +0100\nMessage-ID: <1@x>\nSubject: Exported\nMIME-Version: 1.0\n" + RELATED,
     "cv.doc", MHTML, "a wiki's export"),
    (b"From: a\nTo: b\nMIME-Version: 1.0\n" + RELATED, "a.eml", MAIL, "a mail with pictures in it"),
    # A text that speaks of PDF, and a PDF that begins like a text.
    (b"How to tell a PDF: it begins with %PDF-1.7 and ends with %%EOF\n", "howto.txt", TEXT, "a sentence"),
    (b"%PDF-1.7 is how a PDF begins, %%EOF how it ends.\n", "howto.txt", TEXT, "a sentence that begins so"),
    (b"An example:\n\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n99\n%%EOF\n\nThat is all.\n", "howto.md", TEXT, "an example"),
    ("Über %PDF-1.7 1 0 obj\n".encode("utf-16"), "howto.txt", TEXT, "UTF-16"),
    (b"<html><body>%PDF-1.7 1 0 obj</body></html>", "howto.html", "text/html", "a web page"),
    (b"<div>%PDF-1.7</div>", "howto.doc", "text/html", "a part of one"),
    (b"{\\rtf1 %PDF-1.7 1 0 obj}", "howto.rtf", "application/rtf", "RTF"),
    (b"<?xml version='1.0'?><a>%PDF-1.7</a>", "a.xml", "application/xml", "XML"),
    (b'{"file": "%PDF-1.7"}', "a.json", TEXT, "JSON"),
    (b"#!/bin/sh\nprintf '%PDF-1.4'\n", "a", "application/x-executable", "a script"),
    (pdf(b"junk before the header\n"), "cv.pdf", PDF, "a PDF of letters alone behind a line of junk"),
    (pdf(b"junk before the header\n", counted_from_header=True), "cv", PDF, "counted from its header"),
    (pdf(b"junk\n").replace(b"startxref\n", b"startxref\n9"), "cv.pdf", PDF, "its pointer leads nowhere, but it is called a PDF"),
    (binary_pdf(b"junk\n"), "cv.pdf", PDF, "an ordinary one"),
    (binary_pdf(b"HTTP/1.1 200 OK\r\nDate: Mon, 3 Feb 2025 10:00:00 GMT\r\nContent-Type: application/pdf\r\n\r\n"),
     "cv.pdf", PDF, "behind the header of an answer"),
    (binary_pdf(b"Content-Type: application/pdf\n\n"), "cv.pdf", PDF, "likewise"),
    (binary_pdf(b"<br />\n<b>Warning</b>: x in cv.php<br />\n"), "cv.pdf", PDF, "behind a warning of the server's"),
    (binary_pdf(b"\x1b%-12345X@PJL\r\n@PJL ENTER LANGUAGE=PDF\r\n"), "cv.prn", PDF, "printed into a file"),
    (binary_pdf(bytes(128)), "cv.pdf", PDF, "behind a header of an old Mac"),
    (pdf(b"\xef\xbb\xbf"), "cv.pdf", PDF, "behind a byte order mark"),
    (pdf(b"\r\n\r\n"), "cv.pdf", PDF, "behind empty lines"),
    (pdf(start=b"%PDF-2.0\n"), "cv.pdf", PDF, "PDF 2.0"),
    (pdf(start=b"%!PS-Adobe-3.0 PDF-1.4\n"), "cv.pdf", PDF, "as implementation note 14 allows"),
    (pdf(extra=b"/AcroForm<</XFA 9 0 R>>"), "cv.pdf", PDF, "a form"),
    # Other texts.
    (b"<h1>Zoe</h1><p>nurse</p>", "cv.doc", "text/html", "a part of a page, called a Word document"),
    (b"<!-- x --><table><tr><td>Zoe</table>", "cv", "text/html", "likewise, without a name"),
    ("<p>Zoë</p>".encode("utf-16"), "cv.doc", "text/html", "UTF-16"),
    ("<html><body>Zoë".encode("utf-16-le"), "cv", "text/html", "without a byte order mark"),
    ("Zoë Marchetti, nurse in Nantes".encode("utf-16-be"), "cv", TEXT, "likewise"),
    ("Zoë Marchetti".encode("utf-32"), "cv", TEXT, "UTF-32"),
    (b"<?xml version='1.0'?><?mso-application progid=\"Word.Document\"?><w:wordDocument xmlns:w='x'/>",
     "cv.doc", "application/vnd.ms-word.2003+xml", "Word 2003"),
    (b"<?xml version='1.0'?><w:wordDocument xmlns:w='x'/>", "cv.xml", "application/vnd.ms-word.2003+xml", "the same, shorter"),
    (b"<?xml version='1.0'?>\n<?mso-application progid=\"Word.Document\"?><pkg:package xmlns:pkg='x'>",
     "cv.xml", "application/vnd.ms-word.flat+xml", "Word 2007"),
    (b"<?xml version='1.0'?><office:document office:mimetype='x'>", "cv.fodt", OASIS + "flat+xml", "LibreOffice"),
    (b'{"url": "https://docs.google.com/open?id=1", "doc_id": "1", "email": "a@example.com"}', "cv.gdoc", LINK, "a link"),
    (b'{"":"WARNING! DO NOT EDIT THIS FILE!","doc_id":"1","resource_key":"","email":"a@b.c"}', "cv.gslides", LINK, "a newer one"),
    (b'{"":"WARNING! DO NOT EDIT THIS FILE!","doc_id":"1","resource_key":"","email":"a@b.c"}', "cv", LINK, "renamed"),
    (b"[InternetShortcut]\r\nURL=https://example.org/cv\r\n", "cv.url", WEB_LINK, "Windows"),
    (b"[Desktop Entry]\nType=Link\nURL=https://example.org/cv\n", "cv.desktop", WEB_LINK, "Linux"),
    (b'<?xml version="1.0"?><plist version="1.0"><dict><key>URL</key>', "cv.webloc", WEB_LINK, "macOS"),
    # Word and its like.
    (office("vnd.openxmlformats-officedocument.wordprocessingml.document.main"), "a.docm", OPENXML + "wordprocessingml.document", "the content decides"),
    (zipped(("[Content_Types].xml", '<Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'), ("word/vbaProject.bin", "x")),
     "a.docx", OPENXML + "wordprocessingml.document", "macros left in a plain document"),
    (zipped(("content.xml", ""), ("META-INF/manifest.xml", f'<m:file-entry m:media-type="{OASIS}text" m:full-path="/"/>')),
     "a.odt", OASIS + "text", "an OpenDocument text that does not say so where it should"),
    (zipped(("content.xml", ""), ("META-INF/manifest.xml", "<m:manifest/>")), "a", "application/zip", "no document"),
    (zipped(("Index/Document.iwa", ""), ("preview.jpg", "x")), "a.pages", "application/vnd.apple.pages", "Pages"),
    (zipped(("Index/Document.iwa", "")), "a.key", "application/vnd.apple.keynote", "Keynote"),
    (zipped(("Index/Document.iwa", "")), "a.numbers", "application/vnd.apple.numbers", "Numbers"),
    (zipped(("index.xml", ""), ("QuickLook/Preview.pdf", pdf()), ("buildVersionHistory.plist", "")), "a.pages", "application/vnd.apple.pages", "Pages of 2009"),
    (repacked(compression=zipfile.ZIP_BZIP2), "a.docx", DOCX_TYPE, "compressed as few programs do it"),
    (repacked(compression=zipfile.ZIP_LZMA), "a", DOCX_TYPE, "likewise"),
    (repacked(rename=str.lower), "a.docx", DOCX_TYPE, "its entries in another case"),
    (repacked(rename="./{}".format), "a.docx", DOCX_TYPE, "with the folder they were packed in"),
    (repacked(rename=lambda name: name.replace("/", "\\")), "a.docx", DOCX_TYPE, "with Windows' separators"),
    (streamed_zip(), "a.docx", DOCX_TYPE, "with sizes behind each entry"),
    (b"PK00" + DOCX, "a.docx", DOCX_TYPE, "the only volume of several"),
    (b"PK\x07\x08" + DOCX, "a.docx", DOCX_TYPE, "likewise"),
    (b"\r\n" + DOCX, "a.docx", DOCX_TYPE, "an empty line of the server's first"),
    (b"\xef\xbb\xbf" + DOCX, "a.docx", DOCX_TYPE, "a byte order mark first"),
    (b"junk" + zipped(("cv.pdf", pdf()), compression=zipfile.ZIP_STORED), "a", "application/zip", "an archive behind junk, not the PDF in it"),
    (zipped(("mimetype", "\ufeff" + OASIS + "text"), ("META-INF/manifest.xml", f'<m:file-entry m:media-type="{OASIS}text" m:full-path="/"/>')),
     "a.odt", OASIS + "text", "an OpenDocument text that says so where it should not"),
    # Documents of Office that HrFlow does not read are no archives: there is nothing to extract.
    (office("vnd.openxmlformats-officedocument.spreadsheetml.template.main"), "a.xltx", OPENXML + "spreadsheetml.sheet", "an Excel template"),
    (office("vnd.ms-excel.sheet.binary.macroEnabled.main"), "a.xlsb", "application/vnd.ms-excel.sheet.macroEnabled.12", "a binary workbook"),
    (office("vnd.ms-powerpoint.slideshow.macroEnabled.main"), "a.ppsm", "application/vnd.ms-powerpoint.presentation.macroEnabled.12", "a show with macros"),
    (office("vnd.ms-visio.drawing.main"), "a.vsdx", OFFICE, "Visio"),
    (office("vnd.ms-package.xps-fixeddocumentsequence"), "a.xps", "application/vnd.ms-xpsdocument", "printed into a file"),
    (zipped(("mimetype", "application/vnd.sun.xml.writer")), "a.sxw", OFFICE, "OpenOffice until 2005"),
    (zipped(("mimetype", OASIS + "graphics")), "a.odg", OFFICE, "a drawing"),
    # Encrypted by programs of their own.
    (b"age-encryption.org/v1\n-> X25519 abc\n", "cv.pdf.age", ENCRYPTED, "age"),
    (b"Salted__" + bytes(range(90)), "cv.pdf.enc", ENCRYPTED, "OpenSSL"),
    (b"AES\x02\0\0\x1bCREATED_BY\0aescrypt" + bytes(9), "cv.pdf.aes", ENCRYPTED, "AES Crypt"),
    (b"\x85\x01\x0c\x03" + bytes(range(200)), "cv.pdf.gpg", ENCRYPTED, "PGP, by a key"),
    (b"\x8c\x0d\x04\x09\x03\x02" + bytes(range(90)), "cv.pdf.gpg", ENCRYPTED, "PGP, by a password"),
    # Texts that hold a character that texts do not have, or that look like something else.
    (b"<html><body>Zo\xeb\0\x02 nurse</body></html>", "cv.html", "text/html", "stray control characters in a page"),
    (b"Zoe\x0bnurse\r\n\x1a", "cv.txt", TEXT, "a line break of Word's, and the end of a file as in DOS"),
    (b"Warning: x in cv.php\n<html><body>Zoe</body></html>", "cv.html", "text/html", "behind a warning of the server's"),
    (b"Zoe, <b>nurse</b>", "cv.htm", "text/html", "a page without anything around"),
    (b"<html><body>\n%PDF-1.4\n1 0 obj\nstartxref\n9\n%%EOF\n</body></html>", "cv.pdf", "text/html", "a page about a PDF, called one"),
    ("Zoë Marchetti".encode("utf-32-le"), "cv", TEXT, "UTF-32 without a mark"),
    ("Zoë Marchetti".encode("utf-32-be"), "cv", TEXT, "likewise"),
    # What stands for a document.
    (b"[{000214A0-0000-0000-C000-000000000046}]\r\nProp3=19,2\r\n[InternetShortcut]\r\nURL=https://x\r\n", "cv.url", WEB_LINK, "Windows, with properties first"),
    (b"[x] done\n" * 400 + b"[ ] open\n", "todo.txt", TEXT, "brackets alone"),
    (b"bplist00\xd1\x01\x02SURL_\x10\x14https://example.org/", "cv.webloc", WEB_LINK, "macOS, in binary"),
    (b"book\0\0\0\0mark\0\0\0\x000\0\0\0", "cv.pdf", "application/x-ms-shortcut", "macOS's alias"),
    (b'{"url": "https://docs.google.com/document/d/1/edit", "resource_id": "document:1"}', "cv", LINK, "an old link, renamed"),
    # PostScript, whatever a printer wants before it.
    (b"\x04%!PS-Adobe-3.0\n", "cv.ps", "application/postscript", "for a serial line"),
    (b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS", "cv.eps", "application/postscript", "with a preview"),
    (b"\x1f\x9d\x90" + bytes(30), "cv.Z", ARCHIVE, "compress"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "name", "media_type", "why"), KINDS)
def test_kinds(data, name, media_type, why):
    found = look(data, name)
    assert found.media_type == media_type, why
    assert bool(found.advice) == (media_type not in (*DEFAULT_ACCEPT, "application/x-executable"))


# -- whole or not


def zip64(name="[Content_Types].xml"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open(name, "w", force_zip64=True) as entry:
            entry.write(b'"application/vnd.openxmlformats-officedocument.')
            entry.write(b'wordprocessingml.document.main+xml"')
        archive.writestr("word/document.xml", "x")
    data = out.getvalue()
    end = data.rindex(b"PK\x05\x06")
    length, offset = struct.unpack_from("<LL", data, end + 12)
    record = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 2, 2, length, offset)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, end, 1)
    return data[:end] + record + locator + data[end:]


def saturated_zip64():
    data = bytearray(zip64())
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<HHLL", data, end + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return bytes(data)


def misplaced(data):
    """The end record says that the directory is where it is not."""
    changed = bytearray(data)
    struct.pack_into("<L", changed, changed.rindex(b"PK\x05\x06") + 16, 3)
    return bytes(changed)


def of_the_future(data):
    """The directory says of each entry that a later version of zip is needed."""
    return re.sub(rb"(PK\x01\x02..)..", lambda found: found[1] + b"\xff\0", data, flags=re.DOTALL)


def overstated(data):
    """An allocation table that says of sectors behind the end that they are used."""
    changed = bytearray(data)
    for sector in range(100, 128):
        struct.pack_into("<L", changed, 512 + 4 * sector, 0xFFFFFFFE)
    return bytes(changed)


WHOLE_PDF = read("Aisha Rahman - CV.pdf")
PNG, JPEG, BMP = read("陈晓明.png"), read("mai scan.jpeg"), read("small.bmp")


def linearized(length, *, whole=True):
    first = (
        b"%%PDF-1.4\n1 0 obj<</Linearized 1/L %d/N 1>>endobj\nxref\nstartxref\n0\n%%%%EOF\n"
        % length
    )
    rest = b"2 0 obj<<>>endobj\nxref\nstartxref\n20\n%%EOF\n"
    return first + (rest if whole else rest[:12])


OPENS = [
    # content, why it proves nothing
    (linearized(5746), "a linearized PDF that tells too great a length"),
    (linearized(50), "too small a one"),
    (WHOLE_PDF + bytes(3_000_000), "zeros behind a PDF's end, more than are looked through"),
    (WHOLE_PDF + b"\r\n" * 50_000, "line ends behind it"),
    (WHOLE_PDF + b"<script>x</script>" * 20_000, "a page behind it"),
    (WHOLE_PDF + b"\n7 0 obj\n<</Length 9>>stream", "a later version that breaks off"),
    (WHOLE_PDF.replace(b"startxref", b"startxref\n1\n%", 1), "a pointer that leads nowhere"),
    (WHOLE_PDF[: WHOLE_PDF.rindex(b"%%EOF")], "no mark at its end, but the pointer"),
    (pdf()[:-20], "a PDF cut within its table of contents, all objects there"),
    (pdf()[: pdf().index(b"trailer")], "likewise, before its trailer"),
    (DOCX + b"junk", "bytes behind a Word document's end"),
    (DOCX + b"\0" * 100_000, "zeros behind it"),
    (DOCX + b"junk" * 500_000, "more bytes behind it than are looked through at first"),
    (DOCX + bytes(2_000_000), "more zeros than that"),
    (misplaced(DOCX), "a directory that is not where it should be"),
    (of_the_future(DOCX), "a directory that the library does not read"),
    (zip64(), "records of zip64 that nothing needs"),
    (saturated_zip64(), "records of zip64 that are needed"),
    (read("soren_agard.odt") + b"\r\n", "a line end behind an OpenDocument text"),
    (overstated(read("CV María José.doc")), "unused sectors that a table says are used"),
    (b"{\\rtf1 {a}}\r\nExported by TalentBox 4.1\r\n", "a line behind RTF"),
    (b"{\\rtf1 {a}}" + bytes(70_000) + b"x", "zeros and a letter behind it"),
    (b"{\\rtf1 {a}", "the last brace forgotten"),
    (b"{\\rtf1 {a}} {\\rtf1 another", "another that breaks off behind it"),
    (WHOLE_PDF + b"x" * 2_000_000, "more bytes behind it than are looked through at first"),
    (PNG[:-2], "a PNG without its last checksum"),
    (BMP[:-1], "a BMP without the filling of its last row"),
    (PNG + b"junk" * 30_000, "bytes behind a PNG"),
    (PNG + b"junk" * 500_000, "more than are looked through at first"),
    (JPEG + b"junk" * 30_000, "bytes behind a JPEG"),
    (JPEG[:-2], "a JPEG without its end mark, as some scanners write it"),
    (JPEG[:2] + b"\xff\xe1\x00\x08Exif\0\0" + b"\0\0" + JPEG[2:], "stray bytes between its segments"),
    (BMP[:2] + struct.pack("<L", 999_999) + BMP[6:], "a BMP that tells too great a length"),
    (BMP + b"junk", "bytes behind a BMP"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), OPENS)
def test_what_opens_is_not_broken(data, why):
    found = look(data, "cv")
    assert found.media_type in DEFAULT_ACCEPT
    assert not found.broken, why


BROKEN = [
    (linearized(5746, whole=False), "a linearized PDF of which only the first page is there"),
    (WHOLE_PDF[: len(WHOLE_PDF) // 2], "a PDF cut in the middle"),
    (WHOLE_PDF[: len(WHOLE_PDF) // 2] + bytes(9000), "and filled up"),
    (linearized(5_000_000, whole=False) + b"x" * 2_500_000, "a long one, likewise"),
    (b"%PDF-1.4\n1 0 obj\n" + b"x" * 3_000_000, "a long PDF cut in the middle"),
    (DOCX[: len(DOCX) - 30], "a Word document without its directory's end"),
    (zip64()[:-40], "zip64, cut within its records"),
    (read("CV María José.doc")[:5000], "half a binary Word document"),
    (b"{\\rtf1 {a", "RTF cut within a group"),
    (PNG[:-20], "a PNG without its end"),
    (PNG[:-20] + b"junk" * 500_000, "a long one, likewise"),
    (DOCX[:-30] + b"junk" * 500_000, "a long Word document without its directory's end"),
    (JPEG[:20], "a JPEG whose image has not begun"),
    (BMP[: len(BMP) // 2], "half a BMP"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), BROKEN)
def test_what_does_not_open_is_broken(data, why):
    found = look(data, "cv.doc")
    assert found.media_type in DEFAULT_ACCEPT
    assert found.broken, why


@settings(max_examples=400, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_content_raises(data):
    rows = [row[0] for row in (*KINDS, *OPENS, *BROKEN, *LOCKED) if len(row[0]) < 200_000]
    rows += PROTECTED
    content = bytearray(data.draw(st.sampled_from(rows)))
    for _ in range(data.draw(st.integers(1, 9))):
        at = data.draw(st.integers(0, max(0, len(content) - 4)))
        content[at : at + 4] = data.draw(st.binary(max_size=5))
    assert look(bytes(content), data.draw(st.sampled_from(["a.pdf", "a.eml", "a"]))).what


# -- passwords


def encrypted(algorithm, user, owner="owner"):
    writer = PdfWriter(clone_from=io.BytesIO(WHOLE_PDF))
    writer.encrypt(user, owner, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_a_pdf_is_locked_where_it_needs_a_password_to_be_read(algorithm):
    for user in ("secret", "naïve pass"):
        assert str(look(encrypted(algorithm, user)).what) == "password-protected"
    assert str(look(encrypted(algorithm, "")).what) == "a PDF document"
    assert str(look(encrypted(algorithm, "secret") + b"junk" * 30_000).what) == "password-protected"
    # Its dictionary far from the end, as a large page before the trailer has it.
    far = encrypted(algorithm, "secret")
    trailer = far.rindex(b"xref\n0")
    stuffed = far[:trailer] + b"%" + b"x" * 100_000 + b"\n" + far[trailer:]
    assert str(look(stuffed).what) == "password-protected"


FILTERED = b"/StmF/DefaultCryptFilter/StrF/DefaultCryptFilter"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (b"/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 4/R 4/CF<</Recipients[<30>]>>" + FILTERED, "a certificate"),
        (b"/Adobe.PubSec/SubFilter/adbe.pkcs7.s4/V 2/Length 128/Recipients[<3082>]", "of earlier years"),
        (b"/FOPN_foweb/V 1/Length 128", "a licence"),
    ],
)  # fmt: skip
def test_a_pdf_is_encrypted_where_only_some_people_can_open_it(rules, why):
    rules = b"<</Filter" + rules + b">>"
    inside = pdf(extra=b"/Encrypt " + rules)
    beside = pdf(extra=b"/Encrypt 4 0 R", more=rules)
    for data in (inside, beside, inside + b"junk" * 30_000):
        assert look(data, "cv.pdf").media_type == ENCRYPTED, why


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (b"", "no dictionary at all"),
        (b"<</Filter/Adobe.PubSec/V 4/R 4/O(x)/U(x)/P -1>>", "attachments alone, by a certificate"),
        (b"<</Filter/Standard/V 9/R 9/O<00>/U<00>/P -1>>", "by rules of later years"),
        (b"<</Filter/Standard/V 2/R 3/O(", "it breaks off"),
        (b"<</Filter/Standard/V x/R 3/O<" + b"00" * 32 + b">/U<" + b"00" * 32 + b">/P 1>>", "no number"),
    ],
)  # fmt: skip
def test_where_a_password_cannot_be_told_the_pdf_is_sent(rules, why):
    for data in (
        pdf(extra=b"/Encrypt 4 0 R/ID[<00><00>]", more=rules),
        pdf(extra=b"/Encrypt " + (rules or b"<<>>")),
    ):
        assert look(data).media_type == PDF, why


def locked_slides():
    """A presentation whose stream "Current User" says that the slides are encrypted."""
    data = read("portfolio.ppt")
    assert data.count(b"\x5f\xc0\x91\xe3") == 1
    return data.replace(b"\x5f\xc0\x91\xe3", b"\xdf\xc4\xd1\xf3")


def encrypted_zip(data):
    """Its entries are said to be encrypted."""
    changed = bytearray(data)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := changed.find(mark, at + 1)) >= 0:
            changed[at + flags] |= 1
    return bytes(changed)


def flagged(flags):
    """A Word document of 4096 bytes whose first say ``flags``."""
    made = bytearray(compound("WordDocument"))
    entry = 1024 + 128  # the second of the directory's entries
    struct.pack_into("<LQ", made, entry + 116, 20, 4096)
    made += bytes((21 << 9) - len(made)) + b"\xec\xa5" + bytes(8) + struct.pack("<H", flags)
    return bytes(made) + bytes(5000)


PROTECTED = tuple(encrypted(each, "secret") for each in ("RC4-40", "RC4-128", "AES-256-R5"))
LOCKED = [
    (compound("EncryptionInfo", "EncryptedPackage"), True, "a Word, Excel or PowerPoint file of today"),
    (compound("WordDocument", "\x09DRMContent"), True, "rights management"),
    (compound("PowerPoint Document", "EncryptedSummary"), True, "an old presentation"),
    (locked_slides(), True, "one that keeps its properties open"),
    (read("portfolio.ppt"), False, "one that is not locked"),
    (flagged(0x0100), True, "an old Word document"),
    (flagged(0x8100), True, "an older one"),
    (flagged(0x0200), False, "one that is not locked"),
    (zipped(("mimetype", OASIS + "text"), ("META-INF/manifest.xml", "<m:encryption-data/>")), True, "an OpenDocument text"),
    (encrypted_zip(DOCX), True, "a Word document whose zip file is encrypted"),
    (zipped(("mimetype", OASIS + "presentation"), ("META-INF/manifest.xml", "<m:encryption-data/>")), True, "a presentation"),
    (zipped(("mimetype", OASIS + "text"), ("META-INF/manifest.xml", "<m:file-entry/>")), False, "one that is not locked"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "locked", "why"), LOCKED)
def test_locked_documents(data, locked, why):
    assert (str(look(data, "cv.docx").what) == "password-protected") is locked, why
