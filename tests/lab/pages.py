#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page server behind one proxy: every answer names the proxy.

  GET or POST /          a short page; the answer says how much was uploaded
  GET /slow?seconds=N    a download of a known length, paced over N seconds
"""

import argparse
import asyncio
import contextlib
from urllib.parse import parse_qs, urlsplit

CHUNK = b"." * 8191 + b"\n"
CHUNKS_A_SECOND = 10


async def read_request(reader):
    """The target of the next request and the length of its body, or None at the end."""
    line = await reader.readline()
    if not line:
        return None
    length = 0
    while field := (await reader.readline()).decode("latin-1").strip().lower():
        if field.startswith("content-length:"):
            length = int(field.partition(":")[2])
    return line.split()[1].decode("ascii"), len(await reader.readexactly(length))


def head(name, length, received):
    """The status line and header of an answer of `length` bytes."""
    return (f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n"
            f"Served-By: {name}\r\nReceived: {received}\r\n\r\n").encode()


async def send_download(name, writer, seconds):
    """Send `seconds` worth of chunks, no faster than they are due."""
    chunks = int(seconds * CHUNKS_A_SECOND)
    writer.write(head(name, chunks * len(CHUNK), 0))
    for _ in range(chunks):
        writer.write(CHUNK)
        await writer.drain()
        await asyncio.sleep(1 / CHUNKS_A_SECOND)


async def answer(name, target, received, writer):
    """Send the page or the download that `target` names."""
    url = urlsplit(target)
    if url.path == "/slow":
        await send_download(name, writer, float(parse_qs(url.query)["seconds"][0]))
        return
    page = f"This page comes from {name}.\n".encode()
    writer.write(head(name, len(page), received) + page)
    await writer.drain()


async def serve(name, reader, writer):
    """Answer requests of one connection until the peer closes it."""
    with contextlib.suppress(ConnectionError, EOFError):
        while request := await read_request(reader):
            await answer(name, *request, writer)
    writer.close()


async def main():
    """Listen on the loopback device until stopped."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--name", required=True, help="the proxy to name on the pages")
    options.add_argument("--port", type=int, required=True)
    args = options.parse_args()
    server = await asyncio.start_server(
        lambda reader, writer: serve(args.name, reader, writer), "127.0.0.1", args.port,
        backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
