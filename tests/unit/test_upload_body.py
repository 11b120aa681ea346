"""The body of an upload: what is sent is what was identified, or its end is kept back."""

import hashlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata

from watcher.hrflow.body import BIG, CHUNK, AlteredError, FormBody, UnreadableError

FIELDS = (("source_key", "key"), ("tags", '[{"name":"Büro \\"Süd\\"","value":"1\n2"}]'))


def make(content, *, file=None, size=None, name="cv.pdf"):
    handle = file or io.BufferedReader(io.BytesIO(content))
    return FormBody(
        FIELDS,
        handle,
        size=len(content) if size is None else size,
        sha256=hashlib.sha256(content).hexdigest(),
        file_name=name,
        media_type="application/pdf",
        throttle=lambda _: None,
    )


@pytest.mark.parametrize("name", ["cv.pdf", 'a "b"\n\\ü.pdf'])
@pytest.mark.parametrize("size", [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_it_is_what_the_library_would_make_of_it(size, name):
    content = bytes(range(256)) * (size // 256 + 1)
    body = make(content[:size], name=name)
    pieces = list(body)
    boundary = body.content_type.partition("boundary=")[2]
    expected, content_type = encode_multipart_formdata(
        [*FIELDS, ("file", (name, content[:size], "application/pdf"))], boundary
    )
    assert (b"".join(pieces), body.content_type) == (expected, content_type)
    assert len(body) == len(expected)
    assert body.handed_out
    assert all(len(piece) <= CHUNK + 1024 for piece in pieces)


class Dripping(io.BytesIO):
    """Gives what it has in pieces of its own choice, as some file systems do."""

    def __init__(self, content, sizes):
        super().__init__(content)
        self._sizes = sizes

    def read1(self, size=-1):
        return super().read1(min(size, self._sizes.pop() if self._sizes else size))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(min_size=1, max_size=60),
    st.sampled_from(["same", "shorter", "longer", "other"]),
    st.lists(st.integers(1, 20)),
)
def test_another_content_is_never_sent_to_its_end(content, becomes, sizes):
    found = {
        "same": content,
        "shorter": content[:-1],
        "longer": content + b"!",
        "other": content[:-1] + bytes([content[-1] ^ 1]),
    }[becomes]
    body, sent = make(content, file=Dripping(found, sizes)), []
    try:
        sent += body
    except AlteredError:
        assert becomes != "same"
        assert not body.handed_out
        assert b"".join(sent) == b""  # a small file goes in one piece or not at all
    else:
        assert becomes == "same"
        assert content in b"".join(sent)


def test_of_a_large_file_that_grows_the_end_is_kept_back():
    content = b"x" * (2 * CHUNK)
    body, sent = make(content, file=io.BytesIO(content + b"y")), []
    with pytest.raises(AlteredError, match="grew"):
        sent += body
    assert not body.handed_out
    assert len(b"".join(sent)) < len(body) - CHUNK // 2


@pytest.mark.parametrize("at", [0, BIG // 2, BIG + CHUNK])  # the first piece, one between, the last
def test_of_a_large_file_that_is_overwritten_the_end_is_kept_back(at):
    content = bytes(BIG + CHUNK + 1)
    other = content[:at] + b"x" + content[at + 1 :]
    sent = 0
    body = make(content, file=io.BufferedReader(io.BytesIO(other)))
    with pytest.raises(AlteredError, match="changed"):
        for piece in body:
            sent += len(piece)
    assert not body.handed_out
    assert sent < len(body) - 1
    assert len(b"".join(make(content))) == len(body)


def test_a_disk_that_fails_is_told_from_a_file_that_changed():
    class Failing(io.BytesIO):
        def read1(self, size=-1):
            raise OSError(5, "Input/output error")

    body = make(b"content", file=Failing())
    with pytest.raises(UnreadableError, match="Input/output error"):
        list(body)
    assert not body.handed_out
