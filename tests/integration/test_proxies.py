"""Which way requests to HrFlow take, whatever the environment says, through real proxies."""

import hashlib
import io
import shutil
import threading
import time

import pytest

from tests.support import proxy
from tests.support.tls import speak_tls
from watcher import sandbox as sb
from watcher.hrflow.client import Client
from watcher.hrflow.proxy import ProxyAddressError, find_proxy, proxy_of
from watcher.model.entries import Stat
from watcher.model.errors import UnusableError
from watcher.model.kinds import Cause
from watcher.model.settings import Account
from watcher.model.uploads import Accepted, Held, Job, Wait

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CONTENT = sb.sample_cv_pdf()


@pytest.fixture(autouse=True)
def calm(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A HrFlow that only a proxy finds, as ``https://hrflow.test``."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    with sb.Sandbox() as sandbox:
        url, certificate = speak_tls(sandbox, tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        sandbox.far = url.replace("localhost", proxy.HOST)
        yield sandbox


def upload(url, setting="system", **options):
    account = Account("default", sb.EMAIL, url, proxy=setting, connect_timeout=60.0, **options)
    client = Client(
        account, lambda: sb.READ_WRITE_KEY,
        wall=time.time, tick=time.monotonic, stop=threading.Event(),
    )  # fmt: skip
    digest = hashlib.sha256(CONTENT).hexdigest()
    fields = (("source_key", sb.SALES.key), ("reference", digest))
    job = Job(1, "/w", "/w/cv.pdf", Stat(len(CONTENT), 1), digest, "application/pdf", "cv.pdf",
              "default", sb.SALES.key, digest, fields, 0)  # fmt: skip
    try:
        return client.upload(job, io.BytesIO(CONTENT))
    finally:
        client.close()


@pytest.mark.parametrize("kind", [proxy.Http, proxy.Socks5])
@pytest.mark.parametrize(("user", "sign"), [("", ""), ("ana:s@cret", "ana:s%40cret@")])
def test_a_file_goes_through_a_proxy(server, monkeypatch, kind, user, sign):
    with proxy.run_proxy(kind, user) as way:
        scheme = "http" if kind is proxy.Http else "socks5h"
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{sign}127.0.0.1:{way.port}")
        assert isinstance(upload(server.far), Accepted)
        assert way.asked == [proxy.HOST]
    assert [record.sha256 for record in server.ledger.records()] == [
        hashlib.sha256(CONTENT).hexdigest()
    ]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (proxy.Http, "http://127.0.0.1:{}"),
        (proxy.Http, "http://ana:wrong@127.0.0.1:{}"),
        (proxy.Socks5, "socks5://127.0.0.1:{}"),
        (proxy.Socks5, "socks5h://ana:wrong@127.0.0.1:{}"),
    ],
)
def test_a_proxy_that_wants_to_know_who_asks(server, monkeypatch, kind, address):
    with proxy.run_proxy(kind, "ana:right") as way:
        monkeypatch.setenv("HTTPS_PROXY", address.format(way.port))
        # An address, as socks5 has names looked up here.
        outcome = upload(server.far.replace(proxy.HOST, "192.0.2.1"))
    assert isinstance(outcome, Wait)
    assert outcome.offline
    assert f"127.0.0.1:{way.port} requires a valid user name" in str(outcome.why)
    assert "wrong" not in str(outcome.why)
    assert server.ledger.records() == ()


@pytest.mark.parametrize("scheme", ["http", "socks4", "socks5", "socks5h", "socks"])
def test_a_proxy_that_is_not_there(monkeypatch, scheme):
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://ana:hush@127.0.0.1:9")
    outcome = upload("https://192.0.2.1/v1")
    assert isinstance(outcome, Wait)
    assert "127.0.0.1:9 can't be reached" in str(outcome.why)
    assert "hush" not in str(outcome.why)


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
def test_a_proxy_that_leaves_names_to_this_machine(monkeypatch, scheme):
    with proxy.run_proxy(proxy.Socks5) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{way.port}")
        outcome = upload("https://nowhere.invalid/v1")
        assert isinstance(outcome, Wait)
        assert outcome.offline
        assert "socks5h://" in str(outcome.why)
        assert f"127.0.0.1:{way.port}" in str(outcome.why)
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://nowhere.invalid:1080")
    assert "nowhere.invalid:1080 can't be reached" in str(upload("https://192.0.2.1/v1").why)


BROKEN = [
    ("http://[::1", "a bracket that is open"),
    ("http://:3128", "no host"),
    ("http://proxy:port", "a port that is none"),
    ("http://proxy:99999", "a port beyond all"),
    ("http://proxy:0", "no port"),
    ("http://pro xy:80", "a blank"),
    ("ftp://proxy:21", "a kind that is none of a proxy's"),
    ("socks6://proxy:1080", "likewise"),
    ("://proxy", "no kind"),
]


@pytest.mark.parametrize(("text", "why"), BROKEN)
def test_a_proxy_whose_address_makes_no_sense(monkeypatch, text, why):
    monkeypatch.setenv("HTTPS_PROXY", text)
    outcome = upload("https://hrflow.test/v1")
    assert isinstance(outcome, Held), why
    assert outcome.cause is Cause.ACCOUNT
    assert 'proxy = "none"' in str(outcome.why)
    with pytest.raises(UnusableError, match="is not valid"):
        proxy_of(Account("default", "a@example.org", "https://hrflow.test/v1"))


@pytest.mark.parametrize("setting", ["system", "http://127.0.0.1:{}", "socks5h://127.0.0.1:{}"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_asked_for_through_a_proxy(monkeypatch, tmp_path, setting, host):
    with proxy.run_proxy(proxy.Http) as way, sb.Sandbox() as sandbox:
        for name in VARIABLES[:3]:
            monkeypatch.setenv(name, f"http://127.0.0.1:{way.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{way.port}")
        monkeypatch.setenv("NO_PROXY", "example.org")
        (tmp_path / ".netrc").write_text(f"machine {host} login ana password hush\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "nothing"))
        url = sandbox.url.replace("127.0.0.1", host)
        assert isinstance(upload(url, setting.format(way.port)), Accepted)
        assert way.asked == []
        assert sandbox.ledger.records()[0].sha256 == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.1", "[::1]"])
def test_this_machine_is_never_reached_through_a_proxy(host):
    assert find_proxy("http://proxy.example.com:8080", f"http://{host}:8000/v1") == ""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "p:1"}, "http://p:1"),
        ({"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"),
        ({"all_proxy": "socks://p:1/"}, "socks5h://p:1/"),  # as GNOME writes it
        ({"HTTP_PROXY": "http://p:1"}, ""),  # for other servers
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "hrflow.ai"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.ai"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:1"}, "http://p:1"),
    ],
)
def test_the_systems_proxy(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_proxy("system", "https://api.hrflow.ai/v1") == expected
    assert find_proxy("none", "https://api.hrflow.ai/v1") == ""
    assert find_proxy("http://mine:1", "https://api.hrflow.ai/v1") == "http://mine:1"


def test_an_address_that_cannot_be_used_is_said_at_once():
    with pytest.raises(ProxyAddressError):
        find_proxy("ftp://p:1", "https://api.hrflow.ai/v1")
