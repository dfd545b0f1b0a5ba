"""Floor: a chunked command in plain Python that adds constant columns with csv.reader and csv.writer."""

import csv
import io
import json
import sys

ADDED = 16
NAMES = [f"added{n}" for n in range(ADDED)]
VALUES = [f"value {n}" for n in range(ADDED)]


def main() -> None:
    given, out = sys.stdin.buffer, sys.stdout.buffer
    while True:
        line = given.readline()
        if not line:
            return
        meta, size = map(int, line.split(b",")[1:])
        metadata = json.loads(given.read(meta))
        body = given.read(size).decode()
        reply, text = {"type": "stateful"}, io.StringIO()
        if metadata["action"] == "execute":
            reply = {"finished": metadata["finished"]}
            rows = csv.reader(io.StringIO(body))
            writer = csv.writer(text)
            writer.writerow(next(rows) + NAMES)
            writer.writerows(row + VALUES for row in rows)
        head, data = json.dumps(reply).encode(), text.getvalue().encode()
        out.write(b"chunked 1.0,%d,%d\n%b%b" % (len(head), len(data), head, data))
        out.flush()


main()
