"""A small WebSocket client for tests: RFC 6455 over a plain socket, text and bytes, no extensions."""

import base64
import json
import os
import socket
import struct


class Closed(Exception):
    """The other side has ended it: with a code, or None where it just went."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    def __init__(self, port, path, host, headers=None, address="127.0.0.1", limit=30):
        self.socket = socket.create_connection((address, port), timeout=limit)
        sent = {"Host": host, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()} | (headers or {})
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
        self.socket.sendall(head.encode())
        self.input = self.socket.makefile("rb")
        self.status = int(self.input.readline().split()[1])
        while self.input.readline().strip():
            pass
        if self.status != 101:
            self.close()
            raise AssertionError(f"{path}: {self.status} instead of a WebSocket")

    def send(self, message):
        text = isinstance(message, str)
        self.frame(1 if text else 2, message.encode() if text else message)

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536 else bytes([0xFF]) + struct.pack(">Q", size))
        self.socket.sendall(head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)))

    def read(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise Closed(None)
        return data

    def receive(self, limit=None):
        """The next message, as text or bytes; pings are answered. Raises Closed, after saying so too."""
        if limit is not None:
            self.socket.settimeout(limit)
        message = b""
        while True:
            try:
                first, second = self.read(2)
                size = second & 0x7F
                if size > 125:
                    size = struct.unpack(">H" if size == 126 else ">Q", self.read(2 if size == 126 else 8))[0]
                payload = self.read(size)
            except ConnectionError:
                raise Closed(None) from None
            opcode = first & 0x0F
            if opcode == 8:
                try:
                    self.frame(8, payload)
                except OSError:
                    pass
                raise Closed(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005)
            if opcode == 9:
                self.frame(10, payload)
            elif opcode < 3:
                message += payload
                text = opcode == 1 or (opcode == 0 and text)
                if first & 0x80:
                    return message.decode() if text else message

    def json(self, limit=None):
        return json.loads(self.receive(limit))

    def close(self):
        try:
            self.frame(8, b"\x03\xe8")
        except OSError:
            pass
        self.input.close()
        self.socket.close()
