"""A network that misbehaves on demand: a TCP forwarder on loopback between a kiosk and the server."""

from __future__ import annotations

import socket
import threading
from enum import StrEnum
from types import TracebackType

CHUNK = 1 << 14


class Weather(StrEnum):
    """What the network is like for connections from now on (open ones are cut on every change)."""

    FINE = "fine"
    CUT = "cut"
    HALF = "half"
    GARBAGE = "garbage"
    DEAF = "deaf"


class Proxy:
    """Listens on a free port of 127.0.0.1 and forwards to `target`, as the weather allows.

    `half` forwards requests but cuts every answer after `half_bytes`; `garbage` answers with HTML as a
    captive portal would; `deaf` forwards the request and swallows the answer (a lost acknowledgement).
    """

    def __init__(self, target: tuple[str, int], half_bytes: int = 40) -> None:
        self._target = target
        self._half_bytes = half_bytes
        self._weather = Weather.FINE
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, value: Weather) -> None:
        with self._lock:
            self._weather = value
            for sock in self._open:
                _shut(sock)
            self._open.clear()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and cut everything."""
        _shut(self._listener)
        self._listener.close()
        self.weather = Weather.CUT
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: that is how this thread ends
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        weather = self._weather
        if weather is Weather.CUT:
            client.close()
            return
        if weather is Weather.GARBAGE:
            _answer_garbage(client)
            return
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        limit = {Weather.HALF: self._half_bytes, Weather.DEAF: 0}.get(weather)
        back = threading.Thread(target=self._pump, args=(server, client, limit), daemon=True)
        back.start()
        self._pump(client, server, None)
        back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        """Copy until the end or the limit; then both sides are cut."""
        try:
            while data := source.recv(CHUNK):
                if limit is not None:
                    sink.sendall(data[:limit])
                    break
                sink.sendall(data)
        except OSError:
            return  # the other side went away: so does this one
        finally:
            _shut(source)
            _shut(sink)


def _answer_garbage(client: socket.socket) -> None:
    body = b"<html>Welcome to the free Wi-Fi. Please log in.</html>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    with client:
        try:
            client.recv(CHUNK)
            client.sendall(head % len(body) + body)
        except OSError:
            return  # whoever asked did not wait


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # was not connected any more
