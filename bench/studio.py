#!/usr/bin/env python3
"""How fast the studio's API answers, and what it holds, on a workspace of any size.

    python3 bench/studio.py target/release/roadloop WORKSPACE [--times 200]

Each question is put once cold (nothing of it is known to the process yet), then so many
times, pages at places drawn from a fixed seed. Prints a table for docs/benchmarks.md: the
time of the first answer, the median and the 99th of 100, and the size of an answer.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path


class Studio:
    def __init__(self, binary: str, workspace: str):
        command = [binary, "--workspace", workspace, "studio", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(r"listening on (http://\S+)", line):
                self.base = found[1]
                return
        sys.exit("the studio did not start")

    def ask(self, path: str, **query) -> tuple[float, bytes]:
        url = f"{self.base}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        start = time.perf_counter()
        with urllib.request.urlopen(url) as answer:
            body = answer.read()
        return time.perf_counter() - start, body

    def memory_mib(self) -> tuple[int, int]:
        """Now, and at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        of = lambda name: int(re.search(rf"{name}:\s+(\d+)", text)[1]) // 1024
        return of("VmRSS"), of("VmHWM")


def quantile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("workspace")
    parser.add_argument("--times", type=int, default=200)
    args = parser.parse_args()
    studio = Studio(args.binary, args.workspace)
    try:
        measure(studio, args.times)
    finally:
        studio.process.kill()


def measure(studio: Studio, times: int) -> None:
    draw = random.Random(7)
    started_with = studio.memory_mib()[0]
    total = json.loads(studio.ask("frames", limit=1)[1])["total"]
    first = json.loads(studio.ask("frames", limit=60)[1])["frames"]
    label = json.loads(studio.ask("vocabulary")[1])["labels"][0]["name"]
    some = f"has({label}, conf >= 0.9)"
    few = json.loads(studio.ask("frames", limit=1, filter=some)[1])["total"]

    def frame():
        one = draw.choice(first)
        return studio.ask(f"frames/{one['recording']}/{one['camera']}/{one['sequence']}", filter="")

    # Those of a filter nobody asked before come first: what they find is kept.
    fresh = iter(range(10_000))
    questions = [
        ("a page of 60, of all", times, lambda: studio.ask("frames", limit=60, offset=draw.randrange(total))),
        (f"a page of 60, `{some}`", times, lambda: studio.ask("frames", limit=60, filter=some, offset=draw.randrange(max(1, few)))),
        ("the first page of a filter that is new", min(times, 20), lambda: studio.ask("frames", limit=60, filter=f"{some} and width >= {next(fresh)}")),
        ("one frame", times, frame),
        ("label counts, of all", min(times, 20), lambda: studio.ask("counts", by="label")),
        (f"label counts, `{some}`", min(times, 20), lambda: studio.ask("counts", by="label", filter=some)),
        ("confidences, of all", min(times, 20), lambda: studio.ask("confidences")),
        ("timeline of 240 steps", times, lambda: studio.ask("timeline", steps=240, filter=some)),
        ("track", min(times, 10), lambda: studio.ask("track", filter=some)),
        ("words of filters", min(times, 10), lambda: studio.ask("vocabulary")),
        ("recordings", min(times, 20), lambda: studio.ask("recordings")),
    ]
    print(f"{total:,} frames; {few:,} of them `{some}`\n")
    print("| | first | median | 99 % | bytes |\n| --- | --- | --- | --- | --- |")
    for name, count, ask in questions:
        cold, body = ask()
        taken = [ask()[0] for _ in range(count)]
        cells = [milliseconds(cold), milliseconds(quantile(taken, 0.5)), milliseconds(quantile(taken, 0.99))]
        print(f"| {name} | {' | '.join(cells)} | {len(body):,} |", flush=True)
    now, most = studio.memory_mib()
    print(f"\nmemory: {started_with} MiB at the start, {now} MiB after all of it, {most} MiB at most")


if __name__ == "__main__":
    main()
