#!/usr/bin/env python3
"""Runs a command and says what it took: wall time, CPU time, peak memory.

    python3 bench/measure.py [--count N] COMMAND …

With `--count`, the times are also given per image. Memory is the largest resident
set of the command, as the kernel kept it.
"""

import argparse
import os
import subprocess
import sys
import time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()

    start = time.perf_counter()
    process = subprocess.Popen(args.command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)

    cpu = usage.ru_utime + usage.ru_stime
    line = f"{wall:.2f} s wall, {cpu:.2f} s CPU, {usage.ru_maxrss / 1024:.0f} MiB at most"
    if args.count:
        line += f", {1000 * cpu / args.count:.2f} ms CPU per image, {args.count / wall:.1f} images/s"
    print(f"{os.path.basename(args.command[0])}: {line}", flush=True)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
