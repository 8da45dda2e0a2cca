"""`bursar demo` on a data folder of its own, and its people."""

import json
import subprocess
import threading
import time

from bursar import Bursar, Client


class Demo(Bursar):
    def start(self, *options, wait=True):
        began = time.monotonic()
        self.process = subprocess.Popen(
            [self.binary, "demo", "--json", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *options],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True)
        killer = threading.Timer(600, self.process.kill)
        killer.start()
        line = self.process.stdout.readline()
        killer.cancel()
        if not line.startswith("{"):
            raise RuntimeError(f"the demo did not start: {self.last_words()}")
        self.notes = json.loads(line)
        self.base = self.notes["base_url"].rstrip("/")
        # Asked before the flows make others: the administrator's account with its fourteen months of history.
        mine = self.person("account_admin")["email"]
        accounts = self.api().request("GET", "/v1/accounts?limit=100").json()["data"]
        self.account = [one for one in accounts if one["administrator"]["email"] == mine][-1]["id"]
        return time.monotonic() - began

    @property
    def sandbox(self):
        return self.notes["tenants"][0]

    def person(self, role, tenant=0):
        return next(user for user in self.notes["tenants"][tenant]["users"] if user["role"] == role)

    def api(self, tenant=0):
        return Client(self.port, self.notes["tenants"][tenant]["operator_key"], timeout=120)
