"""wrk, pgbench and nginx: run, read what they print."""

import os
import re
import shutil
import subprocess

NUMBER = r"([\d.]+)"


def milliseconds(text):
    value, unit = re.match(NUMBER + r"(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


class WrkResult:
    def __init__(self, text):
        self.text = text
        self.rate = float(re.search(r"Requests/sec:\s+" + NUMBER, text).group(1))
        self.p50 = milliseconds(re.search(r"^\s+50%\s+(\S+)", text, re.M).group(1))
        self.p99 = milliseconds(re.search(r"^\s+99%\s+(\S+)", text, re.M).group(1))
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        errors = re.search(r"Socket errors: (.*)", text)
        self.bad = int(bad.group(1)) if bad else 0
        self.errors = errors.group(1) if errors else ""

    @property
    def fault(self):
        """Words for a run that did not go as it should; empty when all went well."""
        words = []
        if self.bad:
            words.append(f"{self.bad} answers were refusals")
        if self.errors:
            words.append(f"socket errors: {self.errors}")
        return f"  !! {', '.join(words)}" if words else ""


def has(program):
    return shutil.which(program) is not None or os.path.exists(f"/usr/sbin/{program}")


def wrk(url, connections, seconds, script=None, threads=1):
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--latency"]
    if script:
        command += ["-s", script]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f"wrk: {done.stderr or done.stdout}")
    return WrkResult(done.stdout)


def pgbench(server, lines, clients, seconds, folder, name, variables=None):
    """Transactions a second of the script. Latency comes with it: (rate, average in ms)."""
    path = f"{folder}/{name}.sql"
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    command = [*server.psql_command("bursar_app", "pgbench"), "-n", "-M", "prepared", "-f", path, "-c", str(clients), "-j", "1", "-T", str(seconds)]
    for key, value in (variables or {}).items():
        command += ["-D", f"{key}={value}"]
    done = subprocess.run([*command, "bursar"], capture_output=True, text=True, timeout=seconds + 120)
    rate = re.search(r"tps = " + NUMBER, done.stdout)
    if done.returncode != 0 or not rate or "aborted" in done.stderr:
        raise RuntimeError(f"pgbench {name}: {done.stderr.strip()[-500:]}")
    return float(rate.group(1)), float(re.search(r"latency average = " + NUMBER, done.stdout).group(1))


class Nginx:
    """Answers `ok` on a loopback port, with one worker."""

    def __init__(self, folder, port):
        self.url = f"http://127.0.0.1:{port}/healthz"
        path = f"{folder}/nginx.conf"
        with open(path, "w") as file:
            file.write(
                f"worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off;\n"
                "events { worker_connections 1024; }\n"
                f"http {{ access_log off; keepalive_requests 1000000000; default_type text/plain;\n"
                f" client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n"
                f" server {{ listen 127.0.0.1:{port}; location / {{ return 200 'ok\\n'; }} }} }}\n")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([program, "-c", path, "-p", folder], stderr=subprocess.DEVNULL)

    def close(self):
        self.process.terminate()
        self.process.wait()


def resident_megabytes(process):
    with open(f"/proc/{process}/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0


def processor_seconds(process):
    """User and system time that the process has used so far: what a request costs, however busy the machine is with other things."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def say_load(say):
    say(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
