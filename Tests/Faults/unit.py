#!/usr/bin/env python3
"""Runs the unit as it is shipped under a systemd of its own: started, watched, killed, stopped, with everything that it forbids the program.

    python3 Tests/Faults/unit.py --binary .build/debug/bursar [--keep]

The systemd is process 1 of its own namespaces (processes, mounts, network, control groups) over a copy of this machine's files that is thrown away: nothing of it is seen outside.
Needs root, `unshare` and systemd; where one of them is missing it says so and passes. Standard library only. Prints `N passed, N failed` at the end.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "Harness"))

from bursar import Tally

PROJECT = os.path.abspath(os.path.join(here, "..", ".."))
UNIT = os.path.join(PROJECT, ".deploy", "bursar.service")
SYSTEMD = "/lib/systemd/systemd"
# The unit is taken as it is; only the watchdog is made to bark sooner (a stopped process hears no SIGABRT, so that comes to an end sooner too), and a target of our own wants nothing else.
DROP_IN = "[Service]\nWatchdogSec=4\nTimeoutAbortSec=2\n"
TARGET = "[Unit]\nDescription=Nothing but what is asked for\n"

# Process 1 of the new namespaces, until it becomes systemd: a root of its own over this machine's files, with what a container has.
INSIDE = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$FOLDER/space"
mkdir "$FOLDER/space/upper" "$FOLDER/space/work" "$FOLDER/space/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/space/upper,workdir=$FOLDER/space/work" "$FOLDER/space/root"
root="$FOLDER/space/root"
mount -t proc proc "$root/proc"
# The kernel's settings are everybody's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
for name in null zero full random urandom tty; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
touch "$root/dev/console"
mount --bind "$FOLDER/console" "$root/dev/console"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
rm -rf "$root"/etc/systemd/system/*.wants
mkdir -p "$root/etc/systemd/system/bursar.service.d" "$root/usr/local/bin"
cp "$FOLDER/bursar.service" "$FOLDER/only.target" "$root/etc/systemd/system/"
cp "$FOLDER/sooner.conf" "$root/etc/systemd/system/bursar.service.d/"
cp "$BINARY" "$root/usr/local/bin/bursar"
mkdir -p "$root/usr/share/bursar"
cp -r "$PROJECT/SQL" "$PROJECT/Web" "$root/usr/share/bursar/"
rm -rf "$root/etc/bursar.env" "$root/var/lib/bursar" "$root/var/lib/private/bursar"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
cd "$root"
mkdir -p run/before
pivot_root . run/before
umount -l run/before
exec env -i container=bursar PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=only.target --log-target=journal --show-status=no < /dev/null
"""


def control_groups():
    """Where the second version of control groups is mounted, alone or beside the first."""
    return next((folder for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified") if os.path.exists(f"{folder}/cgroup.procs")), None)


def missing():
    if os.geteuid() != 0:
        return "not root"
    for program in (SYSTEMD, shutil.which("unshare") or "unshare", shutil.which("nsenter") or "nsenter"):
        if not os.path.exists(program):
            return f"{program} is not installed"
    if control_groups() is None:
        return "no control groups of the second version"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


class Machine:
    """The systemd with the unit in it."""

    def __init__(self, binary):
        self.folder = tempfile.mkdtemp(prefix="bursar-unit-")
        self.group = f"{control_groups()}/{os.path.basename(self.folder)}"
        os.mkdir(f"{self.folder}/space")
        shutil.copy(UNIT, self.folder)
        for name, text in (("sooner.conf", DROP_IN), ("only.target", TARGET), ("console", ""), ("inside", INSIDE)):
            with open(f"{self.folder}/{name}", "w") as file:
                file.write(text)
        os.mkdir(self.group)

        def enter():
            with open(f"{self.group}/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))

        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--uts", "--ipc", "--net", "bash", f"{self.folder}/inside"],
            env={**os.environ, "FOLDER": self.folder, "BINARY": os.path.abspath(binary), "PROJECT": PROJECT}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, preexec_fn=enter)
        self.first = None

    def up(self, seconds=30):
        """Waits for process 1; its number out here."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"it did not come up: {self.process.stderr.read()[-300:]}")
            scope = f"{self.group}/init.scope/cgroup.procs"
            if os.path.exists(scope):
                with open(scope) as file:
                    numbers = file.read().split()
                if numbers and self.inside_of(numbers[0], "systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                    self.first = numbers[0]
                    return
            time.sleep(0.1)
        raise RuntimeError("it did not come up in time")

    @staticmethod
    def inside_of(first, *words, timeout=120):
        return subprocess.run(["nsenter", "-t", first, "-m", "-p", "-u", "-i", "-n", "-C", *words], capture_output=True, text=True, timeout=timeout)

    def run(self, *words):
        return self.inside_of(self.first, *words)

    def facts(self):
        """What systemd knows of the unit."""
        return dict(line.split("=", 1) for line in self.run("systemctl", "show", "bursar").stdout.splitlines() if "=" in line)

    def status(self):
        """What the server answers to /readyz, from inside."""
        said = self.run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -1 <&3")
        return said.stdout.split(" ")[1] if said.stdout.startswith("HTTP/1.1 ") else ""

    def until(self, holds, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            facts = self.facts()
            if holds(facts):
                return facts
            time.sleep(0.2)
        return self.facts()

    def close(self, keep):
        if os.path.exists(f"{self.group}/cgroup.kill"):
            with open(f"{self.group}/cgroup.kill", "w") as file:
                file.write("1")
        self.process.kill()
        self.process.wait()
        end = time.monotonic() + 10
        while os.path.exists(self.group) and time.monotonic() < end:
            for folder, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            time.sleep(0.1)
        if keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def confined(machine, facts, tally):
    """What the kernel says of the process, beside what the unit asks for."""
    said = machine.run("cat", f"/proc/{facts['MainPID']}/status").stdout
    have = {line.split(":")[0]: line.split(":", 1)[1].split() for line in said.splitlines() if ":" in line}
    tally.check(have.get("Uid", ["0"])[0] != "0", "it runs as a user made for it", f"user {have.get('Uid', ['?'])[0]}")
    bare = all(set(have.get(name, ["?"])[0]) == {"0"} for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
    tally.check(bare and have.get("NoNewPrivs") == ["1"] and have.get("Seccomp") == ["2"], "without any capability, with a filter on what it may call")
    inside = ["nsenter", "-t", facts["MainPID"], "-m"]
    written = machine.run(*inside, "bash", "-c", "touch /usr/here || touch /etc/here || { [ -z \"$(ls -A /root /home | grep -v :)\" ] && echo hidden; }")
    tally.check(written.stderr.count("Read-only") == 2 and written.stdout.strip() == "hidden", "and sees a system that it cannot write, with nobody's home in it", written.stderr.splitlines()[0] if written.stderr else "")
    folder = machine.run("stat", "-c", "%a %u", "/var/lib/private/bursar").stdout.split()
    tally.check(folder[:1] == ["700"] and folder[1:] == have.get("Uid", [])[:1], "its data are its own alone", " ".join(folder))


def run(binary, tally, keep):
    machine = Machine(binary)
    try:
        machine.up()
        began = time.monotonic()
        started = machine.run("systemctl", "start", "bursar")
        facts = machine.facts()
        tally.check(started.returncode == 0 and facts.get("ActiveState") == "active" and machine.status() == "200",
                    "systemctl start returns when the server is ready", f"{time.monotonic() - began:.1f} s; {facts.get('StatusText', '')}{started.stderr[-200:]}")
        if facts.get("ActiveState") != "active":
            print(machine.run("systemctl", "status", "-l", "--no-pager", "-n", "40", "bursar").stdout[-3000:], flush=True)
            print(machine.run("journalctl", "--no-pager", "-n", "40").stdout[-3000:], flush=True)
            return
        confined(machine, facts, tally)
        time.sleep(9)
        again = machine.facts()
        tally.check(again.get("NRestarts") == "0" and again["MainPID"] == facts["MainPID"], "its signs of life keep the watchdog quiet", "more than twice four seconds")

        machine.run("kill", "-KILL", facts["MainPID"])
        facts = machine.until(lambda now: now.get("NRestarts") == "1" and now.get("ActiveState") == "active", 60)
        tally.check(facts.get("NRestarts") == "1" and machine.status() == "200", "killed, it is there again", f"restart {facts.get('NRestarts')}, {facts.get('ActiveState')}")

        machine.run("kill", "-STOP", facts["MainPID"])
        began = time.monotonic()
        facts = machine.until(lambda now: now.get("NRestarts") == "2" and now.get("ActiveState") == "active", 90)
        tally.check(facts.get("NRestarts") == "2" and machine.status() == "200", "stuck, the watchdog ends it, and it is there again",
                    f"after {time.monotonic() - began:.0f} s")

        began = time.monotonic()
        stopped = machine.run("systemctl", "stop", "bursar")
        # A unit that has ended and that nobody wants is forgotten; the journal knows how.
        told = machine.run("journalctl", "--no-pager", "-o", "cat", "-n", "6", "_PID=1").stdout
        tally.check(stopped.returncode == 0 and "bursar.service: Deactivated successfully." in told, "systemctl stop lets it finish, and it ends well",
                    f"{time.monotonic() - began:.1f} s" if stopped.returncode == 0 else told[-300:])
        left = machine.run("bash", "-c", "ps -e -o comm= | grep -cE 'bursar|postgres'").stdout.strip()
        tally.check(left == "0", "and nothing of it is left", f"{left} processes")
    finally:
        machine.close(keep)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    tally = Tally()
    why = missing()
    if why:
        print(f"      {why}: the unit is not started, skipped", flush=True)
        return tally.close()
    try:
        run(asked.binary, tally, asked.keep)
    except Exception as error:  # Whatever it was, the closing line has to say that it failed.
        tally.check(False, "the run came to its end", f"{type(error).__name__}: {error}")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
