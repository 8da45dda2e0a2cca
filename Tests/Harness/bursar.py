"""A `bursar serve` on a data folder of its own, for the programs under Tests that look at the server from outside.

Standard library only. Everything a run makes lies in one temporary folder; every process it ends is one that it started or
one that works in that folder.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pg_folder():
    """The folder of psql and pgbench: PostgreSQL's own, or the one on the PATH."""
    try:
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        if os.path.exists(f"{said}/psql"):
            return said
    except (OSError, subprocess.CalledProcessError):
        pass
    found = shutil.which("psql")
    if not found:
        raise SystemExit("psql is not installed (package postgresql)")
    return os.path.dirname(found)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body) if self.body else None

    @property
    def code(self):
        try:
            return self.json().get("code")
        except (ValueError, AttributeError):
            return None


class Client:
    """One keep-alive connection. Errors of the connection are OSError or http.client.HTTPException, for the caller to judge."""

    def __init__(self, port, key=None, timeout=30):
        self.port, self.key, self.timeout = port, key, timeout
        self.connection = None

    def request(self, method, path, body=None, key=None, media="application/json", headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = dict(headers or {})
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if key:
            sent["Idempotency-Key"] = key
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = media
        try:
            self.connection.request(method, path, body=data, headers=sent)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise
        if answer.headers.get("Connection", "").lower() == "close":
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Bursar:
    """The server, its private PostgreSQL, and its commands."""

    def __init__(self, binary, environment=None, folder=None):
        self.binary = os.path.abspath(binary)
        if not os.path.exists(self.binary):
            raise SystemExit(f"there is no program {binary}; build it first")
        self.folder = folder or tempfile.mkdtemp(prefix="bursar-test-")
        # PostgreSQL's own user has to pass through.
        os.chmod(self.folder, 0o755)
        self.data = f"{self.folder}/data"
        self.port = free_port()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("BURSAR_")}
        # What is measured and broken here asks as fast as it can, under one key.
        self.environment["BURSAR_RATE_LIMIT"] = "1000000"
        self.environment.update(environment or {})
        self.process = None
        self.log = open(f"{self.folder}/server.log", "ab")
        self.pg = pg_folder()

    # Commands

    def command(self, *words, check=True):
        done = subprocess.run(
            [self.binary, *words, "--data", self.data], env=self.environment, capture_output=True, text=True, timeout=300)
        if check and done.returncode != 0:
            raise RuntimeError(f"bursar {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def tenant(self, slug, *options):
        self.command("tenant", "create", "--slug", slug, "--name", f"Tenant {slug}", *options)

    def key(self, slug, *options):
        return self.command("key", "create", "--tenant", slug, *options).stdout.strip()

    def doctor(self):
        """(is well, findings that are failures)"""
        done = self.command("doctor", "--json", check=False)
        report = json.loads(done.stdout) if done.stdout.startswith("{") else {"findings": [], "well": False, "error": done.stderr}
        bad = [f"{f['name']}: {f['detail']}" for f in report["findings"] if f["verdict"] == "FAIL"]
        if "error" in report:
            bad.append(report["error"].strip())
        return done.returncode == 0 and report.get("well", False), bad, len(report["findings"])

    # The server's life

    def start(self, *options, wait=True):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *options],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True)
        return self.wait_ready() if wait else None

    def wait_ready(self, seconds=60):
        """Seconds until /readyz said 200."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.last_words()}")
            if self.ready_status() == 200:
                return time.monotonic() - began
            time.sleep(0.005)
        raise RuntimeError(f"the server was not ready within {seconds} s: {self.last_words()}")

    def ready_status(self):
        client = Client(self.port, timeout=5)
        try:
            return client.request("GET", "/readyz", headers={"Connection": "close"}).status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def last_words(self):
        with open(f"{self.folder}/server.log", errors="replace") as log:
            return " | ".join(log.read().splitlines()[-5:])

    def log_lines(self, *words):
        with open(f"{self.folder}/server.log", errors="replace") as log:
            return [line for line in log if all(word in line for word in words)]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, timeout=60):
        """The exit code after SIGTERM."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def close(self, keep=False):
        if self.process is not None:
            self.terminate()
        self.kill_postgres()
        self.log.close()
        if keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            sockets = self.__dict__.get("sockets_known")
            if sockets and os.path.basename(sockets).startswith("bursar-"):
                shutil.rmtree(sockets, ignore_errors=True)

    # Its PostgreSQL

    @property
    def cluster(self):
        return os.path.realpath(f"{self.data}/postgres")

    @property
    def sockets(self):
        with open(f"{self.cluster}/bursar.conf") as file:
            for line in file:
                if line.startswith("unix_socket_directories"):
                    self.sockets_known = line.split("'")[1]
                    return self.sockets_known
        raise RuntimeError("bursar.conf names no socket folder")

    def postgres_processes(self):
        """Every PostgreSQL process that works in this cluster's data folder, the postmaster first."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                if os.readlink(f"/proc/{name}/cwd") != self.cluster:
                    continue
                with open(f"/proc/{name}/comm") as file:
                    if not file.read().startswith("postgres"):
                        continue
            except OSError:
                continue
            found.append(int(name))
        try:
            with open(f"{self.cluster}/postmaster.pid") as file:
                first = int(file.readline())
        except (OSError, ValueError):
            first = None
        return sorted(found, key=lambda number: number != first)

    def kill_postgres(self):
        if not os.path.exists(self.data):
            return 0
        ended = 0
        for _ in range(5):
            processes = self.postgres_processes()
            if not processes:
                break
            for process in processes:
                try:
                    os.kill(process, signal.SIGKILL)
                    ended += 1
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
            # One round is what a test of recovery wants: the server may be starting the next postmaster already.
            break
        return ended

    def psql_command(self, role="postgres", program="psql"):
        return [f"{self.pg}/{program}", "-h", self.sockets, "-p", "5432", "-U", role]

    def sql(self, text, role="postgres", timeout=600):
        """Rows as lists of strings; NULL is the empty string. The superuser sees through row security."""
        done = subprocess.run(
            [*self.psql_command(role), "-d", "bursar", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=text, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return [line.split("\x1f") for line in done.stdout.splitlines()]


class Psql:
    """A psql that stays open: a question costs one round trip, so what it sees is what was there a moment ago."""

    END = "--the end of the answer--"

    def __init__(self, server, role="postgres"):
        self.process = subprocess.Popen(
            [*server.psql_command(role), "-d", "bursar", "-X", "-q", "-A", "-t"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)

    def ask(self, statement):
        """The lines of the answer; None when the connection is gone."""
        try:
            self.process.stdin.write(f"{statement};\n\\echo {self.END}\n")
            self.process.stdin.flush()
        except OSError:
            return None
        lines = []
        for line in self.process.stdout:
            if line.strip() == self.END:
                return lines
            lines.append(line.rstrip("\n"))
        return None

    def close(self):
        self.process.kill()
        self.process.wait()


class Tally:
    """Checks that are counted and printed, and the closing line that the commands look for."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, holds, name, detail=""):
        if holds:
            self.passed += 1
            print(f"ok    {name}" + (f" ({detail})" if detail else ""), flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}" + (f": {detail}" if detail else ""), flush=True)
        return holds

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0
