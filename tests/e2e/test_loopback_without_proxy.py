"""What is said to stay on this machine does, whatever the environment says of proxies."""

import pytest

from tests.support import proxy
from watcher import sandbox as sb


@pytest.fixture(params=["http", "socks5"])
def hostile(request, tmp_path):
    """Variables that would lead everything elsewhere; ``hostile.way`` is where."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("default login ana password hush\n")
    (home / ".netrc").chmod(0o600)
    with proxy.run_proxy(proxy.Http if request.param == "http" else proxy.Socks5) as way:
        address = f"{request.param}://127.0.0.1:{way.port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY")
        variables = dict.fromkeys((*names, *map(str.lower, names)), address)
        broken = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        variables |= dict.fromkeys(broken, str(tmp_path / "missing"))
        yield way, {**variables, "NO_PROXY": "", "no_proxy": "", "HOME": str(home)}


def test_nothing_leaves_this_machine_while_it_is_tried(desk, hostile):
    way, variables = hostile
    running = desk.start("try", **variables)
    running.wait_for("Received by HrFlow")
    assert running.end() == 0
    assert way.asked == []


def test_a_local_server_and_the_program_itself_are_reached_directly(desk, hostile):
    way, variables = hostile
    running = desk.start("run", **variables)
    running.wait_for("Watching")
    (desk.folder / "cv.pdf").write_bytes(sb.sample_cv_pdf())
    running.wait_for("cv.pdf")
    for command in ("status", "pause", "resume", "doctor"):
        done = desk.run(command, **variables)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert running.end() == 0
    assert desk.arrived()
    assert way.asked == []
