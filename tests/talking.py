"""Requests over one connection, byte for byte as a test writes them."""

from __future__ import annotations

import re
import socket

from running_server import Server


class Talk:
    """Requests one after another on one connection."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(server.address, timeout=20)
        self.file = self.socket.makefile("rb")

    def ask(self, *pieces: str) -> tuple[bytes, bytes]:
        """The head, without what tells time, and the body of the answer to a request sent in these pieces."""
        for piece in pieces:
            self.socket.sendall(piece.encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.file.readline()
        length = re.search(rb"content-length: (\d+)", head)
        body = self.file.read(int(length[1])) if length and not pieces[0].startswith("HEAD") else b""
        return re.sub(rb"date: [^\r]*\r\n|server-timing: [^\r]*\r\n", b"", head), body

    def close(self) -> None:
        self.file.close()
        self.socket.close()
