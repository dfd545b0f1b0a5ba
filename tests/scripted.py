"""Custom commands of the tests: small scripts that speak the chunked protocol, each in an app of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from replay.engine import Value
from support import run_spl, write_app, write_lookup

Run = Callable[..., list[dict[str, Value]]]

# The protocol in the fewest lines: `reply(metadata, body)` answers, `requests()` gives (metadata, rows).
PROTOCOL = """
import csv, io, json, os, sys

csv.field_size_limit(sys.maxsize)

def read():
    header = sys.stdin.buffer.readline()
    if not header:
        return None
    meta, body = (int(n) for n in header.decode().strip().split(",")[1:])
    metadata = json.loads(sys.stdin.buffer.read(meta))
    text = sys.stdin.buffer.read(body).decode("utf-8")
    return metadata, list(csv.DictReader(io.StringIO(text, newline="")))

def requests():
    while (request := read()) is not None:
        yield request
        if request[0].get("finished"):
            return

def reply(metadata, rows=()):
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(dict.fromkeys(k for row in rows for k in row)), lineterminator="\\n")
        writer.writeheader()
        writer.writerows(rows)
    send(json.dumps(metadata).encode(), out.getvalue().encode("utf-8"))

def send(head, body):
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(head), len(body)) + head + body)
    sys.stdout.buffer.flush()

info, _ = read()
"""

ECHO = """
reply({"type": "streaming", "required_fields": []})
for meta, rows in requests():
    reply({"finished": meta["finished"]}, rows)
"""


def run_script(
    folder: Path, script: str, rows: list[dict[str, Any]], arguments: str = "", **more: Any
) -> list[dict[str, Value]]:
    """Run ``| inputlookup input.csv | cmd <arguments>`` where cmd is the given script."""
    settings = {"filename": "cmd.py", "chunked": "true", **more.pop("commands", {})}
    app = write_app(folder / "app", {"commands": {"cmd": settings}})
    (app / "bin").mkdir(exist_ok=True)
    (app / "bin/cmd.py").write_text(PROTOCOL + textwrap.dedent(script), encoding="utf-8")
    write_lookup(app, "input.csv", rows)
    spl = more.pop("spl", f"| inputlookup input.csv {more.pop('before', '')} | cmd {arguments}")
    return run_spl(spl, app, **more)[0]
