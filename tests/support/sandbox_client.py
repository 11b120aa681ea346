"""A client of the sandbox without a library's opinions, and the bodies that it sends."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.support.waiting import PATIENCE
from watcher.sandbox import EMAIL, ENGINEERING, READ_WRITE_KEY

BOUNDARY = "a-boundary-of-the-tests"


class Clock:
    def __init__(self, now=1_700_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        return self.json["message"]


def part(name, value, file_name=None, content_type=None):
    """One part as it stands in a body."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name else "")
    head = f"Content-Disposition: {disposition}\r\n"
    head += f"Content-Type: {content_type}\r\n" if content_type else ""
    value = value if isinstance(value, bytes) else value.encode()
    return f"--{BOUNDARY}\r\n{head}\r\n".encode() + value + b"\r\n"


CV = part("file", b"Jane Example\njane@example.org\n", "cv.txt", "text/plain")
END = f"--{BOUNDARY}--\r\n".encode()


def form(*files, **fields):
    """A whole body: text fields, then files (one small CV if none is given)."""
    texts = b"".join(part(name, value) for name, value in fields.items() if value is not None)
    return texts + b"".join(files or [CV]) + END


class Client:
    """One keep-alive connection to a sandbox."""

    def __init__(self, sandbox):
        self.connection = http.client.HTTPConnection(
            urlsplit(sandbox.origin).netloc, timeout=PATIENCE
        )

    def request(self, method, target, body=None, headers=None, **more):
        headers = (
            {"X-API-KEY": READ_WRITE_KEY, "X-USER-EMAIL": EMAIL} if headers is None else headers
        )
        headers = {name: value for name, value in {**headers, **more}.items() if value is not None}
        self.connection.request(method, target, body, headers)
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def get(self, path, headers=None, **query):
        return self.request("GET", f"/v1{path}?{urlencode(query)}", headers=headers)

    def post(self, body, headers=None, content_type=f"multipart/form-data; boundary={BOUNDARY}"):
        more = {"Content-Type": content_type}
        return self.request("POST", "/v1/profile/parsing/file", body, headers, **more)

    def upload(self, *files, **fields):
        return self.post(form(*files, **{"source_key": ENGINEERING.key, **fields}))

    def set(self, **switches):
        answer = self.request("POST", "/_sandbox/faults", json.dumps(switches), {})
        assert answer.status == 200, answer
        return answer.json["data"]
