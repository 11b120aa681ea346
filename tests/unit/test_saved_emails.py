"""What is found in saved emails, and what of it is left out, whatever state they are in."""

import base64
import binascii
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.mails import blank_png, image, mail, pdf, save
from tests.support.outlook import attachment, compound, message
from watcher.documents import Spool, find_container, identify, reopen
from watcher.model.files import Mail, Unusable
from watcher.model.uploads import Altered
from watcher.sniff import formats

MAILS = (formats.MAIL.media_type, formats.MSG.media_type)
ABOUT = Mail("Application as nurse", "ines@example.org", "2025-02-03")
CUT = b"--b1\nContent-Type: application/pdf; name=cv.pdf\nContent-Transfer-Encoding: base64\n\n"


def look(root, name="mail.eml", **options):
    """What is found at a path below the folder."""
    return identify(
        str(root),
        os.path.join(root, name),
        accepts=lambda sniffed: sniffed.media_type == "application/pdf",
        opens=lambda sniffed: sniffed.media_type in MAILS,
        spool=Spool(os.path.join(root, ".spool")),
        **options,
    )


def inside(root, name="mail.eml"):
    """The names inside a mail, each with why it is left out."""
    document = look(root, name).document
    assert not document.problem, document.problem
    return {part.name: str(part.left_out) for part in document.parts}


def raw(*parts, headers=b""):
    """A mail of raw parts."""
    head = b"From: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\n" + headers
    head += b"Content-Type: multipart/mixed; boundary=b1\n\n"
    return head + b"".join(b"--b1\n" + part + b"\n" for part in parts) + b"--b1--\n"


def part(headers, content=b"%PDF-1.4\nx\n%%EOF\n"):
    return headers + b"\n\n" + content


def test_a_document_in_a_mail_is_read_hashed_and_sent_from_the_spool(tmp_path):
    content = pdf("cv", size=300_000)
    path = save(tmp_path, "mail.eml", mail(("CV.pdf", content)))
    found = look(tmp_path, "mail.eml/CV.pdf", keep_open=True)
    document = found.document
    with found.handle:
        assert found.handle.read() == content
    assert (document.container, document.mail, document.below) == (path, ABOUT, "CV.pdf")
    assert document.stat.size == len(content)
    with reopen(str(tmp_path), document.path, document.stat, Spool(str(tmp_path / "s"))) as again:
        assert again.read() == content
    assert os.listdir(tmp_path / ".spool") == []


def test_a_part_that_is_too_large_is_not_taken_out(tmp_path):
    save(tmp_path, "mail.eml", mail(("CV.pdf", pdf("cv", size=5000))))
    found = look(tmp_path, "mail.eml/CV.pdf", max_size=4000, keep_open=True)
    with found.handle:
        assert found.handle.seek(0, os.SEEK_END) == 0
    assert "larger than 4.0\u00a0kB, the maximum" in str(found.document.problem)
    assert (found.document.sha256, found.document.stat.size > 5000) == ("", True)


def test_a_mail_that_has_changed_is_not_taken_for_the_one_before(tmp_path):
    save(tmp_path, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    document = look(tmp_path, "mail.eml/CV.pdf").document
    save(tmp_path, "mail.eml", mail(("CV.pdf", pdf("another"))))
    spool = Spool(str(tmp_path / "spool"))
    assert isinstance(reopen(str(tmp_path), document.path, document.stat, spool), Altered)
    os.unlink(tmp_path / "mail.eml")
    assert reopen(str(tmp_path), document.path, document.stat, spool).gone
    assert look(tmp_path, "mail.eml/CV.pdf").gone


def test_a_mail_behind_a_link_is_not_opened(tmp_path):
    outside = tmp_path / "outside"
    folder = tmp_path / "cvs"
    outside.mkdir()
    folder.mkdir()
    save(outside, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    os.symlink(outside / "mail.eml", folder / "mail.eml")
    assert find_container(str(folder), str(folder / "mail.eml" / "CV.pdf")) == ""
    assert isinstance(look(folder, "mail.eml/CV.pdf"), Unusable)


def test_what_is_no_document_is_left_out_with_a_reason(tmp_path):
    picture = image(1240, 1754)
    made = mail(
        ("CV.pdf", pdf("cv")),
        ("invite.ics", b"BEGIN:VCALENDAR", "text/calendar"),
        ("card.vcf", b"BEGIN:VCARD", "text/vcard"),
        ("smime.p7s", b"0", "application/pkcs7-signature"),
        ("scan.png", picture, "image/png"),
        ("signature.png", image(300, 80), "image/png"),
        html='<p>Hello <img src="cid:logo@x"></p>',
    )
    for name, kind, headers, content in (
        ("logo.png", "image/png", {"Content-ID": "<logo@x>"}, picture),
        ("image002.png", "application/octet-stream", {"Content-ID": "<logo@x>"}, picture),
        ("CV 2.pdf", "application/octet-stream", {"Content-ID": "<logo@x>"}, pdf("2")),
        ("image001.png", "image/png", {}, image(300, 80)),
        ("page.png", "image/png", {}, picture),
    ):
        main, _, sub = kind.partition("/")
        made.add_attachment(
            content, maintype=main, subtype=sub, filename=name, disposition="inline"
        )
        for header, value in headers.items():
            made.get_payload()[-1][header] = value
    save(tmp_path, "mail.eml", made)
    assert inside(tmp_path) == {
        "CV.pdf": "",
        "invite.ics": "a calendar entry",
        "card.vcf": "a contact card",
        "smime.p7s": "a digital signature",
        "scan.png": "",
        "signature.png": "a small image, such as a logo",
        "logo.png": "an image in the text",
        "image002.png": "an image in the text",
        "CV 2.pdf": "",
        "image001.png": "a small image, such as a logo",
        "page.png": "",  # too large for the end of a text: a page that was photographed
    }


LOGO = "a small image, such as a logo"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (image(300, 80), LOGO),
        (image(300, 80, "GIF"), LOGO),
        (image(300, 80, "WEBP"), LOGO),
        (image(300, 80, "BMP"), LOGO),
        (image(400, 400, noisy=True), LOGO),  # 480 kB: the bytes do not tell
        (image(1200, 300, "JPEG"), LOGO),  # a banner
        (image(300, 80, "JPEG", exif=b"Exif\0\0" + bytes(60_000), icc_profile=bytes(90_000)), LOGO),
        (image(300, 80, noisy=True)[:3000], LOGO),  # what is there tells its size
        (image(595, 842, "JPEG"), ""),  # A4 at 72 dpi
        (image(1240, 1754, mode="1"), ""),  # 1 kB
        (blank_png(30_000, 30_000), ""),  # which nobody decodes
        (image(300, 80)[:20], ""),  # damaged: a document, which is refused if it is none
        (b"\x89PNG\r\n\x1a\n" + bytes(300), ""),
        (b"", ""),
    ],
    ids=[
        "png", "gif", "webp", "bmp", "noise", "banner", "long header", "cut", "a4", "black and white",
        "bomb", "no size", "zeros", "empty",
    ],
)  # fmt: skip
@pytest.mark.parametrize("disposition", ["attachment", "inline"])
def test_an_image_too_small_for_a_page_is_a_logo(tmp_path, content, why, disposition):
    made = mail(("CV.pdf", pdf("cv")))
    made.add_attachment(
        content, maintype="image", subtype="png", filename="image.png", disposition=disposition
    )
    save(tmp_path, "mail.eml", made)
    assert inside(tmp_path)["image.png"] == why


def test_attached_mails_are_opened_one_level_deep(tmp_path):
    innermost = mail(("3.pdf", pdf("3")))
    inner = mail(("2.pdf", pdf("2")), subject="The application itself")
    inner.add_attachment(innermost)
    outer = mail(("1.pdf", pdf("1")))
    outer.add_attachment(inner)
    outer.add_attachment(mail(text="no document"))
    save(tmp_path, "mail.eml", outer)
    assert inside(tmp_path) == {
        "1.pdf": "",
        "2.pdf": "",
        "email.eml": "an email inside an attached email",
        "email (2).eml": "an email without a document",
    }
    assert look(tmp_path, "mail.eml/2.pdf").document.mail.subject == "The application itself"


@pytest.mark.parametrize(
    ("content", "names", "why"),
    [
        (raw(part(b"Content-Type: application/pdf")), ["attachment 1"], "without a name"),
        (raw(part(b'Content-Disposition: attachment; filename=""')), ["attachment 1"], "an empty one"),
        (raw(part(b'Content-Disposition: attachment; filename="../../etc/CV.pdf"')), ["CV.pdf"], "a path"),
        (raw(part(b'Content-Disposition: attachment; filename="C:\\\\CVs\\\\CV.pdf"')), ["CV.pdf"], "a path"),
        (raw(part(b'Content-Disposition: attachment; filename=".."')), ["attachment 1"], "no name"),
        (raw(part(b'Content-Type: application/pdf; name="=?utf-8?B?TMOpYS5wZGY=?="')), ["Léa.pdf"], "as Outlook writes it"),
        (raw(part(b"Content-Type: application/pdf; name*=utf-8''L%C3%A9a.pdf")), ["Léa.pdf"], "RFC 2231"),
        (raw(part(b'Content-Type: application/pdf; name="L\xe9a.pdf"')), ["Léa.pdf"], "no ASCII"),
        (raw(part(b'Content-Type: application/pdf; name="L\xc3\xa9a.pdf"')), ["Léa.pdf"], "UTF-8 as it is"),
        (raw(part(b'Content-Type: application/pdf; name="=?nonsense?B?TGVh?=.pdf"')), ["Lea.pdf"], "an unknown character set"),
        (raw(part(b'Content-Type: application/pdf; name="' + b"x" * 400 + b'.pdf"')), ["x" * 116 + ".pdf"], "a very long name"),
        (raw(part(b"Content-Type: application/pdf; name=a.pdf"), part(b"Content-Type: application/pdf; name=A.pdf")), ["a.pdf", "A (2).pdf"], "names that some systems do not tell apart"),
        (raw(part(b"Content-Type: application/pdf; name=a.pdf")).replace(b"--b1--", b""), ["a.pdf"], "cut off"),
        (raw(part(b"Content-Type: ;;;=\nContent-Disposition: attachment; filename=a.pdf")), ["a.pdf"], "broken headers"),
        (raw(part(b"Content-Type: application/pdf; name=winmail.dat", b"\x78\x9f\x3e\x22")), ["winmail.dat"], "Outlook's"),
        (raw(part(b"Content-Type: text/plain; name=ATT00001.txt", b"-- sent from my phone")), ["ATT00001.txt"], "a text that Exchange cut off"),
        (b"\xef\xbb\xbf" + raw(part(b"Content-Type: application/pdf; name=a.pdf")), ["a.pdf"], "with a mark"),
        (b"400\n" + raw(part(b"Content-Type: application/pdf; name=a.pdf")), ["a.pdf"], "Apple's"),
    ],
)  # fmt: skip
def test_names_are_safe_and_different_whatever_a_mail_says(tmp_path, content, names, why):
    save(tmp_path, "mail.eml", content)
    assert list(inside(tmp_path)) == names, why
    for name in names:
        assert not isinstance(look(tmp_path, f"mail.eml/{name}"), Unusable), name


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (b"text/x-amp-html", {}),  # the text once more, for another kind of program
        (b"text/rtf", {}),
        (b"text/calendar", {"attachment 1": "a calendar entry"}),
        (b"application/pgp-encrypted", {"attachment 1": "a note about the encryption"}),
        (b"application/applefile; name=CV.pdf", {"CV.pdf": "a system file"}),
        (b"text/html; name=CV.html", {"CV.html": ""}),
        (b"text/html\nContent-Disposition: attachment", {"attachment 1": ""}),
    ],
)
def test_parts_that_belong_to_the_email_are_no_documents(tmp_path, kind, found):
    save(tmp_path, "mail.eml", raw(part(b"Content-Type: " + kind, b"<html><p>Hello</p></html>")))
    assert inside(tmp_path) == found


def uuencoded(name, content, end=b"`\nend\n"):
    lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + name + b"\n" + b"".join(lines) + end


def test_attachments_in_the_text_are_found(tmp_path):
    content, head = (
        pdf("cv", size=5000),
        b"From: a@example.org\nDate: Mon, 03 Feb 2025 10:00:00\n\n",
    )
    text = b"begin 644 with me\nBegin with this.\n" + uuencoded(b"L\xe9a CV.pdf", content)
    text += uuencoded(b"empty.pdf", b"") + b"and\n" + uuencoded(b"cut.pdf", content, b"")[:-900]
    for name, ends in (("mail.eml", b"\n"), ("windows.eml", b"\r\n")):
        save(tmp_path, name, head + text.replace(b"\n", ends))
        assert inside(tmp_path, name) == {"Léa CV.pdf": "", "cut.pdf": ""}
        found = look(tmp_path, f"{name}/Léa CV.pdf", keep_open=True)
        with found.handle:
            assert found.handle.read() == content
        assert look(tmp_path, f"{name}/cut.pdf").document.sniffed.broken


def test_a_text_with_very_many_attachments_is_refused(tmp_path):
    save(tmp_path, "mail.eml", raw(part(b"", uuencoded(b"a.pdf", b"x") * 501)))
    assert "more than 500" in str(look(tmp_path).document.problem)


WHOLE = pdf("cv", size=5000)
IN_BASE64 = base64.encodebytes(WHOLE)
A_PDF = b"Content-Type: application/pdf; name=cv.pdf\nContent-Transfer-Encoding: "
EACH_PADDED = b"".join(base64.b64encode(WHOLE[at : at + 50]) + b"\n" for at in range(0, 5100, 50))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (part(A_PDF + b"base64 (by a gateway)", IN_BASE64), "a comment"),
        (part(A_PDF + b"base64;", IN_BASE64), "a stray semicolon"),
        (part(A_PDF + b'"Base64"', IN_BASE64), "quotes"),
        (part(A_PDF + b"x-base64", IN_BASE64), "an old name"),
        (part(A_PDF.replace(b":", b" :") + b"base64", IN_BASE64), "blanks before colons"),
        (part(A_PDF + b"base64", EACH_PADDED), "each line encoded by itself"),
        (part(A_PDF + b'"quoted-printable"', binascii.b2a_qp(WHOLE, istext=False)), "quotes"),
        (part(A_PDF + b"x-uuencode;", uuencoded(b"cv.pdf", WHOLE)), "a stray semicolon"),
    ],
)
def test_a_document_is_decoded_whatever_its_headers_look_like(tmp_path, sent, why):
    save(tmp_path, "mail.eml", raw(sent))
    found = look(tmp_path, "mail.eml/cv.pdf", keep_open=True)
    with found.handle:
        assert found.handle.read() == WHOLE, why


def test_emails_in_a_digest_are_opened_though_it_does_not_call_them_so(tmp_path):
    inner = raw(part(b"Content-Type: application/pdf; name=cv.pdf"), headers=b"Subject: x\n")
    digest = raw(b"\n" + inner.replace(b"b1", b"b2")).replace(
        b"multipart/mixed", b"multipart/digest", 1
    )
    save(tmp_path, "mail.eml", digest)
    assert inside(tmp_path) == {"cv.pdf": ""}


def test_a_document_in_cut_base64_is_incomplete(tmp_path):
    whole = base64.encodebytes(pdf("cv", size=5000))
    save(tmp_path, "mail.eml", raw()[:-7] + CUT + whole[: len(whole) // 2 - 1])
    assert look(tmp_path, "mail.eml/cv.pdf").document.sniffed.broken


def test_a_mail_with_very_many_attachments_is_refused(tmp_path):
    one = part(b"Content-Type: application/pdf; name=a.pdf")
    save(tmp_path, "mail.eml", raw(*[one] * 501))
    assert "more than 500" in str(look(tmp_path).document.problem)


def test_parts_nested_very_deep_are_refused_in_plain_words(tmp_path):
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)
    )
    save(tmp_path, "mail.eml", b"From: a@example.org\nMIME-Version: 1.0\n" + nested)
    assert "email can't be read" in str(look(tmp_path).document.problem)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_content_raises_an_exception(tmp_path, data):
    whole = raw(part(b'Content-Type: application/pdf; name="a.pdf"'), headers=b"Subject: x\n")
    at = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=60))
    save(tmp_path, "mail.eml", whole[:at] + junk + whole[at + data.draw(st.integers(0, 60)) :])
    found = look(tmp_path)
    for each in found.document.parts or ():
        assert not isinstance(look(tmp_path, f"mail.eml/{each.name}"), Unusable)


# --- Outlook's ------------------------------------------------------------------------------------


def test_an_outlook_message_is_opened_with_what_is_attached_to_it(tmp_path):
    content = pdf("cv", size=9000)
    forwarded = message(attachment("inner.pdf", pdf("inner")), subject="The application itself")
    deepest = attachment("deepest", message(attachment("c.pdf", pdf("c"))))
    deep = message(attachment("b.pdf", pdf("b")), deepest)
    made = message(
        attachment("Curriculum vitae.pdf", content),
        attachment("logo.png", b"\x89PNG", kind="image/png", hidden=True),
        attachment("scan.png", image(1240, 1754), kind="image/png"),
        attachment("signature.png", image(300, 80), kind=""),
        attachment("fwd", forwarded),
        attachment("deep", deep),
    )
    save(tmp_path, "mail.msg", compound(made))
    assert inside(tmp_path, "mail.msg") == {
        "Curriculum vitae.pdf": "",
        "logo.png": "an image in the text",
        "scan.png": "",
        "signature.png": "a small image, such as a logo",
        "inner.pdf": "",
        "b.pdf": "",
        "deepest": "an email inside an attached email",
    }
    found = look(tmp_path, "mail.msg/Curriculum vitae.pdf", keep_open=True)
    with found.handle:
        assert found.handle.read() == content
    assert found.document.mail == ABOUT
    inner = look(tmp_path, "mail.msg/inner.pdf").document
    assert inner.mail.subject == "The application itself"


def test_a_message_without_a_document_attached_to_an_outlook_message_is_told_of(tmp_path):
    save(tmp_path, "mail.msg", compound(message(attachment("empty", message()))))
    assert inside(tmp_path, "mail.msg") == {"empty": "an email without a document"}


@pytest.mark.parametrize("name", ["deep.eml", "deep.msg"])
def test_emails_are_opened_one_level_deep_whatever_they_are_in(tmp_path, name):
    deep = mail(("b.pdf", pdf("b"))).as_bytes()
    if name.endswith(".msg"):
        deep = compound(message(attachment("b.pdf", pdf("b"))))
    forwarded = mail(("CV.pdf", pdf("cv")), (name, deep)).as_bytes()
    save(tmp_path, "mail.eml", mail(("forwarded.eml", forwarded)))
    embedded = message(attachment("CV.pdf", pdf("cv")), attachment(name, deep))
    save(tmp_path, "mail.msg", compound(message(attachment("forwarded", embedded))))
    expected = {"CV.pdf": "", name: "an email inside an attached email"}
    assert inside(tmp_path, "mail.eml") == inside(tmp_path, "mail.msg") == expected


def test_an_outlook_message_attached_to_a_mail_is_opened(tmp_path):
    deep = attachment("deep", message(attachment("b.pdf", pdf("b"))))
    made = compound(message(attachment("CV.pdf", pdf("cv")), deep))
    save(tmp_path, "mail.eml", mail(("forwarded.msg", made)))
    assert inside(tmp_path) == {"CV.pdf": "", "deep": "an email inside an attached email"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_outlook_message_raises_no_exception(tmp_path, data):
    whole = bytearray(compound(message(attachment("CV.pdf", pdf("cv", size=5000)))))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(512, len(whole) - 1))] = data.draw(st.integers(0, 255))
    save(tmp_path, "mail.msg", bytes(whole))
    found = look(tmp_path, "mail.msg")
    for each in found.document.parts or ():
        look(tmp_path, f"mail.msg/{each.name}")
