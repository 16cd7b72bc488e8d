#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The client of the lab: opens HTTP connections and reports, one by one, what became of them.

  load.py requests --target VIP=SOURCES... --rate N --at-least N
      opens `rate` connections a second to each target from changing source addresses until it is
      told to stop (SIGTERM). Most ask for one page; every tenth stays open and uploads something
      again and again, so that some are always in flight and full-sized packets travel towards the
      VIP. Prints "under way" when one connection to each target is complete, and at the end a
      JSON list with one object per connection.

  load.py download --target VIP=SOURCES --seconds N [--proxy NAME]
      one paced download, on a connection that a certain proxy answers; prints a JSON object when
      the first byte has come, and a second one at the end.

  load.py rush --target VIP=SOURCES... --tasks N
      N connections at a time to each target, one request each, as many as there can be until
      SIGTERM. Prints "under way" when one to each target is complete, and at the end a JSON object
      with how many ended in which way: "complete", or the error.

  load.py hold --target VIP=SOURCES... --connections N
           [--bulk N] [--idle N] [--within SECONDS]
      N connections to each target that stay open until SIGTERM and upload something every few
      seconds, each at its own pace; N more that upload all the time; N more that are silent between
      their first and their last request. All are opened within a time. Prints "under way" when
      every connection is answered, and at the end a JSON list with one object per connection.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import itertools
import json
import signal
import socket
import time
from collections import Counter
from dataclasses import asdict, dataclass

IP_BIND_ADDRESS_NO_PORT = 24
LINGER_EVERY, LINGER_REQUESTS, LINGER_PAUSE = 10, 5, 0.4
UPLOAD = b"u" * 30000
HOLD_PAUSE, HOLD_PATIENCE = 2.0, 60.0
BULK_PAUSE, IDLE_PAUSE = 0.2, 3600.0
TIMEOUT = 15.0
SOURCE_COUNT = 64


@dataclass
class Connection:
    """What became of one connection; `error` is None when every byte came as promised."""

    family: int
    source: str
    opened_at: float
    port: int = 0
    seconds: float = 0.0
    proxy: str | None = None
    error: str | None = None


class Target:
    """A VIP and the addresses to ask from, written VIP=SOURCES with SOURCES a prefix."""

    def __init__(self, text):
        vip, _, sources = text.partition("=")
        self.vip = ipaddress.ip_address(vip)
        hosts = itertools.islice(ipaddress.ip_network(sources).hosts(), SOURCE_COUNT)
        self.sources = [str(host) for host in hosts]
        self.host = f"[{vip}]" if self.vip.version == 6 else vip

    async def open(self, source):
        """Open one TCP connection from the given source address."""
        family = socket.AF_INET6 if self.vip.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((source, 0))
            await asyncio.get_running_loop().sock_connect(sock, (str(self.vip), 80))
            return await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise


async def ask(reader, writer, host, path="/", body=b"", last=True):
    """Send one request and read the head of the answer: the proxy's name and the body's length."""
    method, connection = "POST" if body else "GET", "close" if last else "keep-alive"
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    if status.split()[1] != "200":
        raise ValueError(f"answered {status}")
    fields = dict(line.lower().split(": ", 1) for line in lines if line)
    if int(fields["received"]) != len(body):
        raise ValueError(f"{fields['received']} bytes of {len(body)} arrived")
    return fields["served-by"], int(fields["content-length"])


async def converse(target, record, requests):
    """Send `requests` requests on one connection, with pauses, and close it."""
    reader, writer = await target.open(record.source)
    record.port = writer.get_extra_info("sockname")[1]
    try:
        for number in range(1, requests + 1):
            proxy, length = await ask(reader, writer, target.host, last=number == requests,
                                      body=UPLOAD if requests > 1 else b"")
            await reader.readexactly(length)
            if record.proxy not in (None, proxy):
                raise ValueError(f"the connection moved from {record.proxy} to {proxy}")
            record.proxy = proxy
            if number < requests:
                await asyncio.sleep(LINGER_PAUSE)
        if await reader.read():
            raise ValueError("more bytes than promised")
    finally:
        writer.close()


async def connect_once(target, number, requests):
    """One connection from open to close, as a record; nothing that goes wrong is lost."""
    source = target.sources[number % len(target.sources)]
    record = Connection(target.vip.version, source, time.monotonic())
    try:
        await asyncio.wait_for(converse(target, record, requests), TIMEOUT)
    except (OSError, EOFError, ValueError, LookupError) as error:
        record.error = f"{type(error).__name__}: {error}"
    record.seconds = time.monotonic() - record.opened_at
    return record


async def open_at_rate(target, args, stopped, complete):
    """Open connections to one target at an even pace until stopped and enough were opened.

    The event `complete` is set when one of them is.
    """
    slots = asyncio.Semaphore(args.concurrency)
    tasks = []
    begin = time.monotonic()

    async def connection(number):
        async with slots:
            record = await connect_once(
                target, number, LINGER_REQUESTS if number % LINGER_EVERY == 0 else 1)
        complete.set()
        return record

    for number in itertools.count():
        if stopped.is_set() and number >= args.at_least:
            break
        await asyncio.sleep(begin + number / args.rate - time.monotonic())
        tasks.append(asyncio.create_task(connection(number)))
    return await asyncio.gather(*tasks)


async def report(events):
    """Say when all have happened."""
    for event in events:
        await event.wait()
    print("under way", flush=True)


async def requests_command(args):
    """Load every target at once and print what became of every connection."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    complete = [asyncio.Event() for _ in args.target]
    *lists, _ = await asyncio.gather(*map(open_at_rate, args.target, itertools.repeat(args),
                                          itertools.repeat(stopped), complete), report(complete))
    print(json.dumps([asdict(record) for record in itertools.chain(*lists)]))


async def one_after_the_other(target, numbers, stopped, complete, ends):
    """Open connections to one target and count in which way they end, until stopped."""
    for number in numbers:
        record = await connect_once(target, number, requests=1)
        ends[record.error.partition(":")[0] if record.error else "complete"] += 1
        if not record.error:
            complete.set()
        if stopped.is_set():
            return


async def rush_command(args):
    """Open as many connections as there can be, and print how many ended in which way."""
    stopped, ends = asyncio.Event(), Counter()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    complete = [asyncio.Event() for _ in args.target]
    await asyncio.gather(report(complete), *(
        one_after_the_other(target, itertools.count(first, args.tasks), stopped, event, ends)
        for target, event in zip(args.target, complete) for first in range(args.tasks)))
    print(json.dumps(ends))


class Stay:
    """How connections that are held stay: until when, and how long between requests."""

    def __init__(self, pause, stopped):
        self.pause, self.stopped = pause, stopped
        self.answered = asyncio.Event()  # or broken

    async def rest(self):
        """Wait for the next request; at once when it is the last."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.stopped.wait(), self.pause)


async def hold(target, record, stay):
    """Upload something now and then on one connection until stopped."""
    reader, writer = await target.open(record.source)
    record.port = writer.get_extra_info("sockname")[1]
    try:
        while True:
            last = stay.stopped.is_set()
            proxy, length = await asyncio.wait_for(
                ask(reader, writer, target.host, last=last, body=UPLOAD), HOLD_PATIENCE)
            await asyncio.wait_for(reader.readexactly(length), HOLD_PATIENCE)
            if record.proxy not in (None, proxy):
                raise ValueError(f"the connection moved from {record.proxy} to {proxy}")
            record.proxy = proxy
            stay.answered.set()
            if last:
                return
            await stay.rest()
    finally:
        writer.close()


async def hold_one(target, number, stay):
    """One connection that is held, as a record."""
    record = Connection(target.vip.version, target.sources[number % len(target.sources)],
                        time.monotonic())
    try:
        await hold(target, record, stay)
    except (OSError, EOFError, ValueError, LookupError, asyncio.TimeoutError) as error:
        record.error = f"{type(error).__name__}: {error}"
    stay.answered.set()
    record.seconds = time.monotonic() - record.opened_at
    return record


async def hold_command(args):
    """Hold connections to every target and print what became of each."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    pauses = [HOLD_PAUSE] * args.connections + [BULK_PAUSE] * args.bulk + [IDLE_PAUSE] * args.idle
    tasks, stays = [], []
    for number, pause in enumerate(pauses):
        for target in args.target:
            stays.append(Stay(pause, stopped))
            tasks.append(asyncio.create_task(hold_one(target, number, stays[-1])))
        await asyncio.sleep(args.within / len(pauses))  # so that each has its own pace
    await report([stay.answered for stay in stays])
    print(json.dumps([asdict(record) for record in await asyncio.gather(*tasks)]))


async def start_download(target, args):
    """Open a download; when a proxy was asked for, try source addresses until it is the one."""
    for source in target.sources:
        reader, writer = await target.open(source)
        proxy, length = await ask(reader, writer, target.host, f"/slow?seconds={args.seconds}")
        if args.proxy in (None, proxy):
            port = writer.get_extra_info("sockname")[1]
            record = Connection(target.vip.version, source, time.monotonic(), port, proxy=proxy)
            return reader, writer, record, length
        writer.close()
    raise SystemExit(f"no source address of {len(target.sources)} is served by {args.proxy}")


async def download_command(args):
    """Run one paced download to its end and print how it went."""
    reader, writer, record, length = await start_download(args.target[0], args)
    print(json.dumps(asdict(record)), flush=True)
    try:
        await asyncio.wait_for(reader.readexactly(length), args.seconds + TIMEOUT)
    except (OSError, EOFError) as error:
        record.error = f"{type(error).__name__}: {error}"
    record.seconds = time.monotonic() - record.opened_at
    writer.close()
    print(json.dumps(asdict(record)), flush=True)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    many = commands.add_parser("requests")
    many.add_argument("--rate", type=float, default=100, help="connections a second, per target")
    many.add_argument("--at-least", type=int, default=0, help="connections to open, per target")
    many.add_argument("--concurrency", type=int, default=128, help="open at a time, per target")
    many.set_defaults(command=requests_command)
    one = commands.add_parser("download")
    one.add_argument("--seconds", type=float, default=8)
    one.add_argument("--proxy", help="the proxy that must serve it")
    one.set_defaults(command=download_command)
    rush = commands.add_parser("rush")
    rush.add_argument("--tasks", type=int, default=16, help="connections at a time, per target")
    rush.set_defaults(command=rush_command)
    held = commands.add_parser("hold")
    held.add_argument("--connections", type=int, default=100, help="to each target")
    held.add_argument("--bulk", type=int, default=0, help="more that upload all the time")
    held.add_argument("--within", type=float, default=HOLD_PAUSE, help="seconds to open all")
    held.add_argument("--idle", type=int, default=0, help="more that are silent meanwhile")
    held.set_defaults(command=hold_command)
    for command in (many, one, rush, held):
        command.add_argument("--target", type=Target, action="append", required=True,
                             metavar="VIP=SOURCES")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse_arguments()
    asyncio.run(arguments.command(arguments))
