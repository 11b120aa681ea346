"""A real PostgreSQL: a private cluster in a temporary folder, of a user other than root."""

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid

import pytest

from tests.support.waiting import PATIENCE, wait_until

#: Ends the clusters of a folder and removes it, once nobody holds the other end of its input: that
#: is when the test run that made them is over, or was killed.
_KEEPER = 'cat; for data in "$2"/*/; do "$1" stop -D "$data" -m immediate; done; rm -rf "$2"'

#: Debian keeps a version's programs in a folder of their own.
PROGRAMS = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda at: int(at.split("/")[4]))


def program(name):
    """The path of one of PostgreSQL's programs; "" where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([*PROGRAMS[::-1], os.environ["PATH"]])) or ""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def is_open(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Cluster:
    """A PostgreSQL that can be stopped, started and killed."""

    def __init__(self, root, user, data="data"):
        self.root = root
        self.user = user
        self.data = os.path.join(root, data)
        self.port = free_port()
        self.password = None

    def run(self, name, *arguments):
        """Run one of PostgreSQL's programs as the cluster's user."""
        done = subprocess.run(
            [program(name), *arguments], user=self.user, cwd=self.root, timeout=PATIENCE,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def create(self):
        self.run(
            "initdb", "-D", self.data, "-U", "hrflow", "--auth=trust", "-E", "UTF8", "--no-sync"
        )

    def start(self):
        settings = f"-p {self.port} -k {self.root} -c listen_addresses=127.0.0.1"
        log = os.path.join(self.root, "log")
        self.run("pg_ctl", "start", "-w", "-D", self.data, "-o", settings, "-l", log)

    def stop(self, mode="fast"):
        """End it; ``immediate`` is how a machine that loses its power ends it."""
        self.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def is_running(self):
        status = [program("pg_ctl"), "status", "-D", self.data]
        return subprocess.run(
            status, user=self.user, cwd=self.root, capture_output=True, timeout=PATIENCE, check=False
        ).returncode == 0  # fmt: skip

    def processes(self):
        """The process that listens, and those that it has started."""
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            listener = int(file.readline())
        with open(f"/proc/{listener}/task/{listener}/children", encoding="ascii") as file:
            return [listener, *map(int, file.read().split())]

    def back_up(self):
        """A standby as of now, which hears no more; it is to be started, and promoted."""
        standby = Cluster(self.root, self.user, "standby")
        self.run("pg_basebackup", "-D", standby.data, "-d", self.url(), "-X", "stream", "-c", "fast",
                 "-R")  # fmt: skip
        return standby

    def demand_password(self, password):
        """Let nobody in without this password from now on."""
        self.password = password
        with self.superuser() as connection:
            connection.execute(f"ALTER ROLE hrflow PASSWORD '{password}'")
            self._admit("scram-sha-256")
            connection.execute("SELECT pg_reload_conf()")

    def reset(self):
        """Make it as it was created, and run; its databases stay."""
        if not self.is_running():
            self.start()
        self._admit("trust")
        self.run("pg_ctl", "reload", "-D", self.data)
        assert wait_until(self._is_open)
        with self.superuser() as connection:
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")

    def _admit(self, method):
        with open(os.path.join(self.data, "pg_hba.conf"), "w", encoding="utf-8") as file:
            for database in ("all", "replication"):
                file.write(f"host {database} all 127.0.0.1/32 {method}\n")

    def _is_open(self):
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is tested

        self.password = None
        with contextlib.suppress(psycopg.OperationalError), self.superuser():
            return True
        return False

    def speak_tls(self, certificate, key):
        for name, path in (("server.crt", certificate), ("server.key", key)):
            target = os.path.join(self.data, name)
            shutil.copyfile(path, target)
            os.chmod(target, 0o600)
            if self.user is not None:
                os.chown(target, self.user, -1)
        with self.superuser() as connection:
            connection.execute("ALTER SYSTEM SET ssl = on")
            connection.execute("SELECT pg_reload_conf()")

    def url(self, database="postgres", user="hrflow"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def superuser(self, database="postgres"):
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is tested

        with contextlib.closing(
            psycopg.connect(self.url(database), autocommit=True, password=self.password)
        ) as connection:
            yield connection

    def new_database(self, owner="hrflow"):
        """The address of an empty database; ``owner`` is a role that is made if there is none."""
        name = f"test_{uuid.uuid4().hex}"
        with self.superuser() as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [owner]).rowcount:
                connection.execute(f"CREATE ROLE {owner} LOGIN")
            connection.execute(f"CREATE DATABASE {name} OWNER {owner}")
        return self.url(name, owner)


@contextlib.contextmanager
def running_cluster(disk="", **settings):
    """A cluster in a new folder; ``disk``: on a file system of its own, of so many bytes."""
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    root = tempfile.mkdtemp()
    with contextlib.ExitStack() as stack:
        if disk:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", root], check=True
            )
            stack.callback(os.rmdir, root)
            stack.callback(subprocess.run, ["umount", root], check=True)
        if user is not None:
            os.chown(root, user, -1)
        keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "sh", program("pg_ctl"), root], user=user, cwd="/",
            start_new_session=True, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(keeper.communicate, timeout=PATIENCE)
        cluster = Cluster(root, user)
        cluster.create()
        with open(os.path.join(cluster.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        cluster.start()
        yield cluster


@contextlib.contextmanager
def running_pooler(cluster, mode):
    """A PgBouncer before a cluster; gives its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as root:
        settings = os.path.join(root, "settings")
        with open(settings, "w", encoding="ascii") as file:
            file.write(
                f"[databases]\n* = host=127.0.0.1 port={cluster.port} user=hrflow\n"
                f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
                f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\n"
            )
        os.chmod(root, 0o755)
        process = subprocess.Popen(
            [shutil.which("pgbouncer"), "--quiet", settings], user=cluster.user,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert wait_until(lambda: is_open(port))
            yield port
        finally:
            process.kill()
            process.wait(PATIENCE)


def need_postgres():
    if not program("initdb"):
        pytest.skip(
            "PostgreSQL is not installed (Debian, Ubuntu: apt install postgresql)",
            allow_module_level=True,
        )
    if os.geteuid() == 0 and "postgres" not in {each.pw_name for each in pwd.getpwall()}:
        pytest.skip(
            "PostgreSQL does not run as root, and there is no user called postgres",
            allow_module_level=True,
        )
    pytest.importorskip("psycopg", reason="psycopg is not installed (the extra called ledger)")


@pytest.fixture(scope="session")
def shared_cluster():
    need_postgres()
    with running_cluster(fsync="off") as cluster:
        yield cluster


@pytest.fixture
def own_cluster(shared_cluster):
    """The cluster, for a test that may stop it and change its settings."""
    yield shared_cluster
    shared_cluster.reset()


@pytest.fixture
def database(shared_cluster):
    """The address of an empty database."""
    return shared_cluster.new_database()
