"""kill -9 of a writer at random instants: whether the tables can be read every time, hold
whole shards only, and a second run completes them.

    python3 bench/catalog/kill.py ROADLOOP RECORDING [--times 100] [--store URI]

Every fifth time a compaction is killed as well."""

import argparse
import collections
import csv
import io
import random
import subprocess
import sys
import tempfile
import time

SHARDS = """select recording, camera, shard, count(*) as frames,
    count(distinct frame) as distinct_frames from frames group by 1, 2, 3"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roadloop")
    parser.add_argument("recording")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--store")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory() as workspace:
        run(args, workspace)


def run(args, workspace):
    command = [args.roadloop, "--workspace", workspace, "--quiet"]
    if args.store:
        command += ["--store", args.store]

    def extract(name):
        return command + ["run", args.recording, "--stages", "extract", "--name", name]

    def shards():
        query = command + ["sql", SHARDS, "--format", "csv", "--max-rows", "1000000"]
        rows = csv.DictReader(io.StringIO(check(query)))
        found = collections.defaultdict(dict)
        for row in rows:
            if row["frames"] != row["distinct_frames"]:
                sys.exit(f"a frame is there twice: {row}")
            found[row["recording"]][row["camera"], row["shard"]] = int(row["frames"])
        return found

    started = time.monotonic()
    check(extract("undisturbed"))
    undisturbed = time.monotonic() - started
    whole = shards()["undisturbed"]
    partly = killed = finished = 0
    for number in range(args.times):
        name = f"killed-{number}"
        killed += kill(extract(name), undisturbed)
        left = shards()[name]
        broken = {key: count for key, count in left.items() if whole.get(key) != count}
        if broken:
            sys.exit(f"{name} has partial shards: {broken}")
        partly += 0 < len(left) < len(whole)
        finished += len(left) == len(whole)
        if number % 5 == 4:
            kill(command + ["catalog", "compact"], undisturbed)
        check(extract(name))
        if shards()[name] != whole:
            sys.exit(f"{name} was not completed by a second run")
    total = sum(sum(frames.values()) for frames in shards().values())
    expected = (args.times + 1) * sum(whole.values())
    if total != expected:
        sys.exit(f"{total} frames instead of {expected}")
    print(
        f"{args.times} instants: {killed} killed before their end, {partly} with some of the "
        f"shards, {finished} with all; readable every time, no partial shard, each completed "
        f"by a second run, {total} frames in the end"
    )


def check(command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def kill(command, longest):
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(random.uniform(0, longest))
    is_running = process.poll() is None
    process.kill()
    process.wait()
    return is_running


main()
