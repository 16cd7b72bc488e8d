#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The client of the lab's UDP services (echo.py): flows that say something again and again.

  talk.py --target VIP=SOURCES... --flows N

holds N flows of either service to each target. It prints a line when all of them have been answered
once; when it is told to stop (SIGTERM), a JSON list with one object per flow. Nothing is repeated: a
datagram without its answer is an error, and so is an answer of another proxy than the first.
"""

import argparse
import asyncio
import json
import signal
import socket
from dataclasses import asdict, dataclass

from echo import ECHO_PORT, ID_LEN, INITIAL, QUIC_PORT
from load import Target

PAUSE, PATIENCE = 0.2, 15.0
CLIENT_ID = bytes([9, 255, 255]) + b"chosen"  # of an Initial packet: it names no proxy of the lab
PORTS = {"echo": ECHO_PORT, "quic": QUIC_PORT}


@dataclass
class Flow:
    """What became of one flow; `error` is None when every datagram was answered as it should be."""

    service: str
    family: int
    source: str
    proxy: str | None = None
    answers: int = 0
    error: str | None = None


def open_flow(flow, vip):
    """A socket that is connected to the service of a flow."""
    sock = socket.socket(socket.AF_INET6 if flow.family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((flow.source, 0))
    sock.connect((vip, PORTS[flow.service]))
    return sock


def question(flow, server_id):
    """What a flow says next: the header of QUIC, if it is that, and something."""
    if flow.service == "echo":
        return b"anybody there?"
    if server_id:
        return b"\x40" + server_id + b"something"
    return bytes([INITIAL, 0, 0, 0, 1, len(CLIENT_ID)]) + CLIENT_ID + bytes(1200)


def understand(flow, answer):
    """Check an answer and return the connection ID in it."""
    server_id, text = (answer[:ID_LEN], answer[ID_LEN:]) if flow.service == "quic" else (b"", answer)
    proxy, count = text.decode().split()
    flow.answers += 1
    if (flow.proxy or proxy, str(flow.answers)) != (proxy, count):
        raise ValueError(f"answer {flow.answers} of {flow.proxy}: {proxy} {count}")
    flow.proxy = proxy
    return server_id


async def talk(flow, vip, answered, stopped):
    """Talk until stopped, or until something is wrong."""
    loop, server_id = asyncio.get_running_loop(), b""
    with open_flow(flow, vip) as sock:
        try:
            while not stopped.is_set():
                await loop.sock_sendall(sock, question(flow, server_id))
                answer = await asyncio.wait_for(loop.sock_recv(sock, 2000), PATIENCE)
                server_id = understand(flow, answer)
                answered.release()
                await asyncio.sleep(PAUSE)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            flow.error = f"{type(error).__name__}: {error}"
            answered.release()


async def main():
    """Hold the flows and print what became of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--flows", type=int, default=10, help="of each service, to each target")
    options.add_argument("--target", type=Target, action="append", required=True, metavar="VIP=SOURCES")
    args = options.parse_args()
    stopped, tasks, flows = asyncio.Event(), [], []
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    for target in args.target:
        for number in range(args.flows):
            for service in PORTS:
                source = target.sources[number % len(target.sources)]
                flow, answered = Flow(service, target.vip.version, source), asyncio.Semaphore(0)
                flows.append(flow)
                tasks.append((asyncio.create_task(talk(flow, str(target.vip), answered, stopped)), answered))
                await asyncio.sleep(PAUSE / len(PORTS) / len(args.target) / args.flows)
    for _, answered in tasks:
        await answered.acquire()
    print("answered", flush=True)
    for task, _ in tasks:
        await task
    print(json.dumps([asdict(flow) for flow in flows]), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
