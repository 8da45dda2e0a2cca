#!/usr/bin/env python3
"""A mail server for looking: takes every mail on 127.0.0.1 and prints what it says, one-time links and all. Standard library only.

    python3 Tests/Harness/mailbox.py [port 1025]
    BURSAR_SMTP_URL=smtp://127.0.0.1:1025 BURSAR_SMTP_TLS=off BURSAR_MAIL_FROM=portal@demo.test make run
"""

import email
import email.policy
import socketserver
import sys


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 mailbox")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"DATA":
                self.say("354 go on")
                self.show(self.message())
                self.say("250 taken")
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 mailbox")

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())

    def message(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

    def show(self, mail):
        text = mail.get_body(("plain",))
        rule = "─" * 72
        print(f"{rule}\nTo:      {mail['To']}\nSubject: {mail['Subject']}\n\n{text.get_content() if text else ''}", flush=True)


class Mailbox(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 1025
    with Mailbox(("127.0.0.1", port), Conversation) as mailbox:
        print(f"Mails to 127.0.0.1:{port} are shown here; Ctrl-C ends it.", flush=True)
        try:
            mailbox.serve_forever()
        except KeyboardInterrupt:
            pass
