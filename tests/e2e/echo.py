"""An application for tests: a WebSocket that says everything back, and a page that says ok. Runs inside a session."""

import asyncio
import base64
import hashlib
import signal
import sys

PORT = 9000


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = [line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key:")]
    if not key:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()
        return
    accept = base64.b64encode(hashlib.sha1((key[0] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    try:
        while True:
            first, second = await reader.readexactly(2)
            mask = await reader.readexactly(4)
            data = await reader.readexactly(second & 127)
            writer.write(bytes([first, len(data)]) + bytes(byte ^ mask[index % 4] for index, byte in enumerate(data)))
            await writer.drain()
            if first & 15 == 8:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    await (await asyncio.start_server(serve, "0.0.0.0", PORT)).serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asyncio.run(main())
