"""Floor: the smallest chunked command that answers getinfo."""

import json
import sys

given, out = sys.stdin.buffer, sys.stdout.buffer
meta, body = map(int, given.readline().split(b",")[1:])
json.loads(given.read(meta))
reply = b'{"type":"stateful"}'
out.write(b"chunked 1.0,%d,0\n%b" % (len(reply), reply))
out.flush()
