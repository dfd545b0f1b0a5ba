"""Runs a program over a file and prints what it took, as JSON: seconds, seconds of CPU, megabytes at most.

A process of its own, and a small one: Linux counts the memory of the process that starts a program as the
program's.
"""

import json
import os
import sys
import time

given, *command = sys.argv[1:]
streams = [(os.POSIX_SPAWN_OPEN, 0, given, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=streams), 0)
wall = time.perf_counter() - start
json.dump([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], sys.stdout)
sys.exit(os.waitstatus_to_exitcode(status))
