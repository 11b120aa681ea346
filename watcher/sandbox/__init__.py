"""A local HrFlow for testing: the API of ``/v1``, as strict as its documents allow.

What the documents specify is done as they say. What they leave open is decided here, all of it
**not documented; our assumption**; the switches of ``api.Api`` have it decided otherwise.

Access
    - A missing ``X-API-KEY`` or ``X-USER-EMAIL``, or another email than the account's (without
      regard to case), gets the documented 401 of a wrong key. So does a key of the wrong form (not
      ``ask_``, ``askw_`` or ``askr_`` and 32 hexadecimal digits), and a write-only key on any GET.
Uploads
    - The body is read to its end before anything is said, also where the headers sufficed.
    - Unknown, repeated and malformed fields, texts that are empty or ``None``, a missing, empty or
      nameless file: 400 with a message that names the field. ``content_type``, as later pages call
      it, is ``profile_content_type``. Flags are ``0`` or ``1``.
    - Items of ``tags`` and ``metadatas`` have exactly ``name`` and ``value``. Labels need a
      ``job_key`` or a ``job_reference``; the rest is optional; a rating is 0 to 1.
    - ``created_at`` may be ISO 8601 or seconds since 1970; milliseconds are refused.
    - A reference that its source has already: the document is parsed again, under the same profile
      key, and the webhook says ``profile.parsing.update``. ``references="at_once"`` refuses it:
      400, a message with "reference" and "already". ``"late"`` only knows references of profiles
      that are visible, so that two uploads in a row become two profiles; ``"never"`` does not look
      at all. Look-ups find the first.
    - A source that is disabled or archived is like an unknown one; ``sync_parsing=1`` where the
      source does not allow it is a 400. ``sync_parsing_indexing`` has no effect.
    - A body without ``Content-Length``: 411. File types are not judged.
Look-ups
    - Only those, and only by the parameters, that hrflow-watcher and the SDK's tests use. Unknown,
      repeated, missing and malformed parameters: 400.
    - What is not there: 400 and ``Invalid parameters. Unable to find object: …``, as the SDK's
      documentation has it for sources.
    - A search gives ``{"profiles": […]}`` and ``meta``, a list of stored profiles the bare list;
      pages start at 1, the newest come first, and a page has at most 30. A search looks at stage
      ``new`` unless another is named, and at profiles without a label as if they were new.

Everything is kept in memory and forgotten at the end. It listens on 127.0.0.1 only. ``multipart``
parses uploads; it comes with the extra ``sandbox``.
"""

from watcher.sandbox.api import UNKNOWN_SOURCES
from watcher.sandbox.faults import Fault, Kind
from watcher.sandbox.samples import (
    EMAIL,
    ENGINEERING,
    EXPRESS,
    READ_KEY,
    READ_WRITE_KEY,
    SALES,
    WRITE_KEY,
    Source,
    sample_cv_pdf,
)
from watcher.sandbox.server import Sandbox

__all__ = [
    "EMAIL",
    "ENGINEERING",
    "EXPRESS",
    "READ_KEY",
    "READ_WRITE_KEY",
    "SALES",
    "UNKNOWN_SOURCES",
    "WRITE_KEY",
    "Fault",
    "Kind",
    "Sandbox",
    "Source",
    "sample_cv_pdf",
]
