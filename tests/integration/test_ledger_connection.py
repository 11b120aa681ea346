"""Connections to the shared ledger: what is required of them, and what is said when they fail."""

import pytest

from tests.support.postgres import free_port, need_postgres
from watcher.model.errors import LedgerError

need_postgres()

from watcher.ledger.connection import connect, weak_tls  # noqa: E402 - it needs psycopg


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
    ],
)
def test_only_this_machine_is_reached_without_a_verified_certificate(url, weak):
    assert weak_tls(url) == weak
    if weak:
        with pytest.raises(LedgerError, match="TLS"):
            connect(url, "")


def test_what_fails_is_said_in_one_sentence(shared_cluster):
    port = free_port()
    for url, said in [
        (f"postgresql://u@127.0.0.1:{port}/d", "can't be reached"),
        (shared_cluster.url("nowhere"), "has no database"),
        ("postgresql://[", "not an address"),
    ]:
        with pytest.raises(LedgerError, match=said) as caught:
            connect(url, "")
        assert "psycopg" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_user_without_rights_is_told_so(database, shared_cluster):
    with shared_cluster.superuser() as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
    url = database.replace("hrflow@", "stranger@")
    with pytest.raises(LedgerError, match=r"not been set up|is missing a permission"):
        connect(url, "")
