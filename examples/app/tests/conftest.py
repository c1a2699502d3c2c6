"""What the tests share: the API as a process of its own, on a real server, and what they may do to both.

Run by examples/app/test, which brings the server with the sample tenants, and says where it is in PGHOST.
"""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest

APP = Path(__file__).resolve().parent.parent
SAMPLE = {"acme": 1525, "globex": 60}
PYTHON = "/usr/bin/python3"


class Api:
    """The API's process."""

    def __init__(self, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, **environment}
        self.process = None
        self.log = ""

    def start(self):
        log = open(os.environ["TMPDIR"] + f"/api-{self.port}.log", "a+")
        self.process = subprocess.Popen(
            [PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(self.port), "--no-access-log",
             "--log-level", "warning", "api.main:app"], cwd=APP, env=self.environment, stdout=log, stderr=log)
        self.log = log.name
        wait_until(self.answers)

    def answers(self):
        try:
            return httpx.get(self.url + "/api/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self, signal_=signal.SIGKILL):
        self.process.send_signal(signal_)
        self.process.wait(20)


class Database:
    """The server's processes."""

    def pg_ctl(self, *arguments):
        return subprocess.run([os.environ["PG_CTL"], "--pgdata", os.environ["PGDATA"], "--wait", *arguments],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def start(self):
        """After a crash, the server does not start until its last process has gone."""
        wait_until(lambda: self.pg_ctl("--log", os.environ["PGDATA"] + "/server.log", "start"))

    def kill(self):
        pid = int(Path(os.environ["PGDATA"], "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in [pid, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def token_of(tenant):
    return subprocess.run([PYTHON, "-m", "api.auth", tenant], cwd=APP, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


class Client:
    """One tenant's requests."""

    def __init__(self, url, tenant):
        self.tenant, self.token = tenant, token_of(tenant)
        self.http = httpx.Client(base_url=url + "/api/", headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def __call__(self, method, path, status=200, key=None, params=None, **arguments):
        """Sends a request, expects a status, and returns the JSON of the answer."""
        response = self.send(method, path, key, params, **arguments)
        assert response.status_code == status, response.text
        return response.json()

    def send(self, method, path, key=None, params=None, **arguments):
        headers = {**arguments.pop("headers", {}), **({"Idempotency-Key": key} if key is not None else {})}
        params = {"tenant_id": self.tenant, **(params or {})}
        return self.http.request(method, path, params=params, headers=headers, **arguments)

    def reuse(self, asset, campaign="fall-campaign-2026", status=200, key=None, **body):
        return self("POST", f"campaign-assets/{asset}/reuse", status, key,
                    json={"campaign_space_id": campaign, **body})

    def history(self, asset, status=200, **params):
        return self("GET", f"campaign-assets/{asset}/reuse-history", status, params=params)

    def analytics(self, status=200, **params):
        return self("GET", "campaign-assets/reuse-analytics", status, params=params)


@pytest.fixture(scope="session")
def api():
    api = Api()
    api.start()
    yield api
    api.kill()


@pytest.fixture(scope="session")
def database():
    return Database()


@pytest.fixture(scope="session")
def acme(api):
    return Client(api.url, "acme")


@pytest.fixture(scope="session")
def globex(api):
    return Client(api.url, "globex")


@pytest.fixture
def owner():
    """A connection of the tables' owner's, which sees all tenants."""
    with psycopg.connect("user=postgres", autocommit=True) as conn:
        yield conn


unused_assets = (f"asset-{n:04}" for n in itertools.count(400))


@pytest.fixture
def asset():
    """An asset that no other test has reused."""
    return next(unused_assets)


def pytest_report_teststatus(report):
    """Prints a line for each test, as test/run counts them."""
    if report.when == "call" or (report.failed and report.when in ("setup", "teardown")):
        name = report.nodeid.split("::", 1)[1].replace("::", " ")
        word = "not ok" if report.failed else "ok"
        return report.outcome, f"{word} - api {name}\n", word.upper()
    return "", "", ""


sys.path.insert(0, str(APP))
