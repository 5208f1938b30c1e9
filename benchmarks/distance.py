"""A proxy that adds round-trip time to a server on this machine, as a network would.

usage: python benchmarks/distance.py HOST PORT MILLISECONDS

It prints the port on which it listens, and runs until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what comes from one side to the other, each piece after the delay, in order."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def send() -> None:
        while True:
            due, piece = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.close()

    sending = asyncio.create_task(send())
    while piece := await reader.read(1 << 16):
        waiting.put_nowait((loop.time() + delay, piece))
    waiting.put_nowait((loop.time() + delay, b""))
    await sending


async def connected(
    host: str, port: int, delay: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Connect a client to the server; what the client sends is delayed."""
    try:
        there, to = await asyncio.open_connection(host, port)
        await asyncio.gather(passed_on(reader, to, delay), passed_on(there, writer, 0.0))
    except OSError:
        writer.close()


async def main(host: str, port: int, delay: float) -> None:
    """Listen until killed."""
    server = await asyncio.start_server(partial(connected, host, port, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000))
