"""The two ports of ``replay serve``: start, stop, and what happens every few seconds."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from msgspec import Struct
from msgspec.structs import replace
from starlette.types import ASGIApp

from replay.errors import Place, ReplayError
from replay.serve.gateway import Gateway
from replay.serve.head import Head
from replay.serve.hec import Collector
from replay.serve.patience import Loop, Protocol
from replay.serve.tls import own_certificate

HEADER_LIMIT = 64 * 1024
MOST_CONNECTIONS = 500
REAP_EVERY, LOOK_EVERY = 5.0, 1.0
"""Seconds between two looks for jobs that are to be forgotten, and for searches that are due."""
GRACE = 3
"""Seconds that requests under way have when the server is told to stop."""


class Options(Struct, frozen=True):
    """What ``replay serve`` is told.

    Attributes:
        apps: folders of apps.
        store: folder in which all is kept, or None.
        host: address to listen on.
        api_port, hec_port: 0 takes any that is free.
        password_file: holds the password of ``admin``.
        certificate, key: PEM files, or None for the server's own.
        scheduler: whether saved searches run on their schedule.
    """

    apps: Sequence[Path] = ()
    store: Path | None = None
    host: str = "127.0.0.1"
    api_port: int = 8089
    hec_port: int = 8088
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    scheduler: bool = True


def serve(options: Options, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        options: see there.
        say: takes what the user should know, the password among it.

    Raises:
        ReplayError: an app is wrong, a port is taken, or the certificate cannot be read.
    """
    password, made = _password(options), secrets.token_urlsafe(18)
    api_port, hec_port = (options.api_port, "--api-port"), (options.hec_port, "--hec-port")
    with listening(options.host, *api_port) as api, listening(options.host, *hec_port) as hec:
        head = Head(options.apps, password or made, options.store)
        if password is None:
            say(f"password of admin: {made}")
        try:
            context = _tls(options, head.folder)
            head.api_uri = f"https://{_shown(options.host)}:{api.getsockname()[1]}"
            say(f"REST API:             {head.api_uri}")
            if options.scheduler:
                head.schedule()
            head.hec_uri = f"https://{_shown(options.host)}:{hec.getsockname()[1]}"
            say(f"HTTP Event Collector: {head.hec_uri}")
            with asyncio.Runner(loop_factory=Loop) as runner:
                runner.run(serve_ports(head, [(Gateway(head), api), (Collector(head), hec)], context, say))
        finally:
            head.close()


def _password(options: Options) -> str | None:
    """The password of the file, as ``$(cat file)`` gives it to a client: blanks count, the end of the line does not."""
    if options.password_file is None:
        return None
    place = Place(file=str(options.password_file))
    try:
        password = options.password_file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise ReplayError(f"cannot be read: {error.strerror}", place) from error
    except UnicodeDecodeError as error:
        raise ReplayError("the password is not UTF-8: write the file anew", replace(place, byte=error.start)) from error
    if not password.strip():
        raise ReplayError("the password is empty", place)
    if "\n" in password:
        raise ReplayError("there is more than one line: the file holds the password and nothing else", place)
    return password


@contextmanager
def listening(host: str, port: int, option: str = "--port") -> Iterator[socket.socket]:
    """A socket that listens; ``option`` is where the port comes from.

    Raises:
        ReplayError: the port is taken, or the address is none of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=256)
    except OverflowError:
        raise ReplayError(f"{option} {port}: a port is a number from 0 to 65535") from None
    except OSError as error:
        # Errors of the look-up of a name have numbers below 0, which are none of the system's.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        other = f": name another with {option}, or 0 for any that is free" if error.errno == errno.EADDRINUSE else ""
        raise ReplayError(f"cannot listen on {host}:{port}: {reason}{other}") from error
    with listener:
        # Connections inherit it. Without it each answer of two writes waits 40 ms for the client's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _tls(options: Options, folder: Path) -> ssl.SSLContext:
    if options.certificate is not None and options.key is not None:
        certificate, key = options.certificate, options.key
    else:
        certificate, key = own_certificate(folder, options.host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ReplayError(f"the certificate cannot be used: {error}", Place(file=str(certificate))) from error
    return context


def _shown(host: str) -> str:
    """The host as a client on this machine writes it in a URL."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  (compared, not listened on)
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host


class _Server(uvicorn.Server):
    """A server that leaves signals to us: there are two of them in the process."""

    @contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def serve_ports(
    head: Head, ports: Sequence[tuple[ASGIApp, socket.socket]], tls: ssl.SSLContext | None, say: Callable[[str], None]
) -> None:
    """Serve applications until SIGTERM or SIGINT; without ``tls``, over plain HTTP."""
    servers = []
    for app, _ in ports:
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", http=Protocol, ws="none", server_header=False,
            h11_max_incomplete_event_size=HEADER_LIMIT, limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE,
        )  # fmt: skip
        config.load()
        config.ssl = tls
        servers.append(_Server(config))

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    running = [asyncio.create_task(s.serve([sock])) for s, (_, sock) in zip(servers, ports, strict=True)]
    chores = [asyncio.create_task(_every(REAP_EVERY, head.jobs.reap))]
    if head.scheduler is not None:
        chores.append(asyncio.create_task(_every(LOOK_EVERY, head.scheduler.tick)))
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
        if any(task.done() for task in running):
            break
    else:
        say("ready")
    await asyncio.gather(*running)
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)


async def _every(seconds: float, chore: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(chore)
        except Exception:  # the next time it may work; a server without it would be worse
            logging.getLogger("replay.serve").exception("%s", chore.__qualname__)
