"""Connections to the shared ledger: what is required of them, and what is said when they fail."""

import contextlib
import os
import shutil
import signal

import pytest

from tests.support.postgres import free_port, need_postgres, running_pooler
from tests.support.tls import make_certificate
from watcher.model.errors import LedgerError

need_postgres()

import psycopg  # noqa: E402 - it need not be installed

from tests.support.share import set_up  # noqa: E402 - likewise
from watcher.ledger import connection as connection_module  # noqa: E402 - likewise
from watcher.ledger.connection import connect, explain, weak_tls  # noqa: E402 - likewise


@pytest.mark.parametrize(
    ("url", "weak"),
    [
        ("postgresql://u@db.example.org/d", ""),  # verified without being asked to
        ("postgresql://u@db.example.org/d?sslmode=verify-full", ""),
        ("postgresql://u@db.example.org/d?sslmode=require", "db.example.org"),
        ("postgresql://u@db.example.org/d?sslmode=disable", "db.example.org"),
        ("postgresql://u@localhost/d?sslmode=disable", ""),
        ("postgresql://u@127.0.0.1,10.0.0.7/d?sslmode=prefer", "10.0.0.7"),
        ("postgresql://u@[::1]/d?sslmode=disable", ""),
        ("postgresql:///d?host=/run/postgresql&sslmode=disable", ""),
        ("postgresql://u@localhost/d?hostaddr=10.0.0.7&sslmode=disable", "10.0.0.7"),
        ("postgresql://u@/d?hostaddr=10.0.0.7&sslmode=disable", "localhost"),
        ("postgresql:///d?service=office&sslmode=disable", "office"),
        ("postgresql:///d", ""),
    ],
)
def test_only_this_machine_is_reached_without_a_verified_certificate(url, weak):
    assert weak_tls(url) == weak
    if weak:
        with pytest.raises(LedgerError, match="TLS"):
            connect(url, "")


def test_certificates_are_verified_unless_the_host_is_this_machine(tmp_path, own_cluster):
    certificate, key = make_certificate(tmp_path)
    elsewhere, _ = make_certificate(tmp_path / "elsewhere")
    set_up(url := own_cluster.new_database())
    own_cluster.speak_tls(certificate, key)
    named = url.replace("127.0.0.1", "hrflow.test") + "?hostaddr=127.0.0.1"
    with contextlib.closing(connect(f"{named}&sslrootcert={certificate}", "")) as connection:
        assert connection.pgconn.ssl_in_use
    other_name = named.replace("hrflow.test", "db.example.org")
    for untrusted in (
        named,  # the system knows no such authority
        f"{named}&sslrootcert={elsewhere}",
        f"{other_name}&sslrootcert={certificate}",
    ):
        with pytest.raises(LedgerError, match="certificate"):
            connect(untrusted, "")
    connect(url, "").close()


def test_a_server_without_tls_is_not_used(database):
    with pytest.raises(LedgerError, match="doesn't use TLS"):
        connect(database.replace("127.0.0.1", "hrflow.test") + "?hostaddr=127.0.0.1", "")


@pytest.mark.skipif(
    not shutil.which("pgbouncer"),
    reason="PgBouncer is not installed (Debian, Ubuntu: apt install pgbouncer)",
)
def test_a_pooler_has_to_work_in_session_mode(shared_cluster, database):
    set_up(database)

    def connect_by(port):
        connect(database.replace(str(shared_cluster.port), str(port)), "").close()

    with running_pooler(shared_cluster, "session") as port:
        connect_by(port)
    with (
        running_pooler(shared_cluster, "transaction") as port,
        pytest.raises(LedgerError, match="session mode"),
    ):
        connect_by(port)


def test_a_server_that_stops_answering_is_given_up(shared_cluster, database, monkeypatch):
    monkeypatch.setattr(connection_module, "_ANSWER", 1.0)
    set_up(database)
    with contextlib.closing(connect(database, "")) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        finally:
            os.kill(backend, signal.SIGCONT)


def test_what_fails_is_said_with_what_to_do(shared_cluster):
    port = free_port()
    for url, said in [
        (f"postgresql://u@127.0.0.1:{port}/d", "can't be reached"),
        ("postgresql://u@password.invalid/d", "was not found"),
        (shared_cluster.url("nowhere"), "has no database"),
        (shared_cluster.url(user="nobody"), "rejected the user"),
        ("postgresql://[", "not an address"),
    ]:
        with pytest.raises(LedgerError, match=said) as caught:
            connect(url, "")
        assert caught.value.hint
        assert "psycopg" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", SSL encryption', "doesn't accept"),
        ('server certificate for "a" does not match host name "b"', "certificate"),
        ("FATAL:  sorry, too many clients already", "too many connections"),
        ("FATAL:  the database system is starting up", "can't be reached"),
        ("session is read-only", "is read-only"),
    ],
)
def test_a_connection_that_fails_has_no_code_but_a_text(reason, said):
    text = f'connection to server at "role.example.org", port 5432 failed: {reason}'
    found = explain(psycopg.OperationalError(text), "postgresql://role.example.org/d")
    assert said in str(found)
    assert found.hint


def test_what_a_server_refuses_in_another_language_is_told_as_it_is():
    text = 'connection to server at "db" (10.0.0.7), port 5432 failed: FATAL:  accès refusé'
    found = explain(psycopg.OperationalError(text), "postgresql://db/d")
    assert str(found) == "The shared ledger at db can't be used: accès refusé."


def test_certificates_of_the_system_are_trusted(tmp_path, own_cluster, monkeypatch):
    certificate, key = make_certificate(tmp_path)
    set_up(url := own_cluster.new_database())
    own_cluster.speak_tls(certificate, key)
    named = url.replace("127.0.0.1", "hrflow.test") + "?hostaddr=127.0.0.1"
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(connection_module, "_TRUSTED", (str(tmp_path / "none"), certificate))
    connect(named, "").close()


def test_a_user_without_rights_is_told_so(database, shared_cluster):
    with shared_cluster.superuser() as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
    url = database.replace("hrflow@", "stranger@")
    with pytest.raises(LedgerError, match=r"not been set up|is missing a permission"):
        connect(url, "")
