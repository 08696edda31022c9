#!/usr/bin/env python3
"""How fast the studio answers people who label, in a job of any size.

    cargo run --release -p roadloop-label --example limits fill WORKSPACE/labels.db
    python3 bench/labelling.py target/release/roadloop WORKSPACE [--people 100] [--rounds 20]

WORKSPACE is any folder; the example makes a job of 100,000 tasks with 50 labels there. So many people, each with a token of their own, take tasks in turn: take
the next, save a draft and answer with 200 boxes, from so many connections at once. Prints a
table for docs/benchmarks.md: the median and the 99th of 100 of each question, and what the
process used. Answers are kept: use a copy.
"""

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PASSWORD = "a long enough sentence"


class Studio:
    def __init__(self, binary: str, workspace: str):
        self.command = [binary, "--quiet", "--workspace", workspace]
        self.invite("admin")
        self.process = subprocess.Popen(
            [binary, "--workspace", workspace, "studio", "--login", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(r"listening on http://(\S+)", line):
                self.address = found[1]
                return
        sys.exit("the studio did not start")

    def run(self, *args: str) -> str:
        return subprocess.run([*self.command, *args], check=True, capture_output=True, text=True).stdout.strip()

    def invite(self, role: str) -> str:
        return self.run("users", "invite", "--role", role).split("#")[1]

    def join(self, role: str, name: str, scopes: str) -> str:
        secret = self.invite(role)
        body = {"secret": secret, "name": name, "password": PASSWORD}
        status, _, _ = Person(self.address, "").ask("POST", "/api/v1/invitation/accept", body)
        if status not in (204, 409):
            sys.exit(f"{name} could not come in: {status}")
        return self.run("users", "token", name, "--name", "bench", "--scopes", scopes)

    def used(self) -> tuple[float, int]:
        """Seconds of CPU so far, and MiB of memory at most."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return (int(fields[11]) + int(fields[12])) / 100, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


class Person:
    def __init__(self, address: str, token: str):
        self.connection = http.client.HTTPConnection(address, timeout=120)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body=None) -> tuple[int, bytes, float]:
        data = None if body is None else json.dumps(body)
        start = time.perf_counter()
        self.connection.request(method, path, data, self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), time.perf_counter() - start


def quantile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name: str, times: list[float]) -> None:
    at = lambda share: f"{quantile(times, share) * 1000:.1f} ms"
    print(f"| {name} | {len(times):,} | {at(0.5)} | {at(0.99)} | {max(times) * 1000:.0f} ms |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("workspace")
    parser.add_argument("--job", default="street")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--boxes", type=int, default=200)
    args = parser.parse_args()
    studio = Studio(args.binary, args.workspace)
    try:
        measure(studio, args)
    finally:
        studio.process.kill()


def measure(studio: Studio, args) -> None:
    reviewer = Person(studio.address, studio.join("reviewer", "rita", "read"))
    tokens = [studio.join("worker", f"worker{number}", "label") for number in range(args.people)]
    times = {name: [] for name in ["take the next task", "save a draft", "answer"]}
    lock, turns = threading.Lock(), iter([token for _ in range(args.rounds) for token in tokens])

    def work(seed: int) -> None:
        dice = random.Random(seed)
        while True:
            with lock:
                token = next(turns, None)
            if token is None:
                return
            person = Person(studio.address, token)
            status, body, took = person.ask("POST", f"/api/v1/work/{args.job}/next", {})
            if status != 200:
                raise RuntimeError(f"no task: {status} {body[:200]!r}")
            given = json.loads(body)
            labels = [label["name"] for label in given["labels"]]
            boxes = [{"label": dice.choice(labels), "left": dice.randrange(given["width"] - 40),
                      "top": dice.randrange(given["height"] - 40), "width": 10 + dice.randrange(30),
                      "height": 10 + dice.randrange(30), "confidence": None, "tags": []} for _ in range(args.boxes)]
            path = f"/api/v1/work/assignments/{given['id']}"
            draft, _, drafted = person.ask("PUT", f"{path}/draft", {"base": given["revision"], "boxes": boxes})
            status, body, answered = person.ask("POST", f"{path}/answer", {"boxes": boxes, "seconds": 30})
            if draft != 200 or status != 200 or json.loads(body)["outcome"] != "counted":
                raise RuntimeError(f"not counted: {draft} {status} {body[:200]!r}")
            with lock:
                for name, taken in zip(times, [took, drafted, answered]):
                    times[name].append(taken)

    before, started = studio.used()[0], time.perf_counter()
    # Nobody is asked twice at once.
    at_once = max(1, min(args.at_once, args.people // 2))
    with ThreadPoolExecutor(at_once) as pool:
        # An error of any of them is one of the whole.
        list(pool.map(work, range(at_once)))
    wall, cpu = time.perf_counter() - started, studio.used()[0] - before
    print("| | times | median | 99 % | longest |\n| --- | --- | --- | --- | --- |")
    for name, taken in times.items():
        row(name, taken)
    job = f"/api/v1/jobs/{args.job}"
    for name, path in [("the job, how far it is", job), ("tasks, the first page", f"{job}/tasks?limit=60"),
                       ("tasks that agree least", f"{job}/tasks?order=worst&limit=60"),
                       ("tasks, from the middle", f"{job}/tasks?offset=50000&limit=60"),
                       ("one task with its answers", f"{job}/tasks/1"), ("statistics", f"{job}/statistics")]:
        row(name, [reviewer.ask("GET", path)[2] for _ in range(30)])
    answers = len(times["answer"])
    print(f"\n{answers} answers of {args.people} people by {at_once} connections in {wall:.1f} s: "
          f"{answers / wall:.0f}/s, {1000 * cpu / answers:.1f} ms of CPU each; {studio.used()[1]} MiB at most")


if __name__ == "__main__":
    main()
