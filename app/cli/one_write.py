"""An answer's head and body in one write. uvicorn writes them one after the other, and each write is a system call, a
packet, and a sixth of what it spends on a request.
"""

from asyncio import BaseTransport, Transport
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HeadHeld(Transport):
    """A transport that keeps an answer's head until something follows it, or `flush`."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._transport.is_closing():
            self._head = b""  # uvicorn tells only the last of several requests sent together that its client has left
        elif self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif isinstance(data, bytes) and _is_head(data):
            self._head = data
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class OneWrite(HttpToolsProtocol):
    """uvicorn's protocol on such a transport."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Transport", transport))
        self.transport = self._held = HeadHeld(self.transport)

    def on_response_complete(self) -> None:
        self._held.flush()  # an answer to HEAD has nothing after it
        super().on_response_complete()


def _is_head(data: bytes) -> bool:
    """Of an answer; not an interim one (100 Continue), which a client waits for."""
    return data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 1")
