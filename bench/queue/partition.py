#!/usr/bin/env python3
"""Two hosts, and a minute in which one of them is cut off.

    sudo python bench/queue/partition.py [--seconds 60]

The hosts are network namespaces, each with a worker; a third place, this machine itself,
has three NATS servers and the bucket. In the middle of the work the second host's cable
is pulled, with the jobs it has; a minute later it is back. Its jobs come to the first one
meanwhile, and what it then says of them harms nothing. Afterwards everything must be as
after a quiet run: see `chaos.py`, of which this takes the parts. Wants root.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chaos import Bucket, Nats, PATIENCE_S, ROOT, Run, differences, is_over, recordings_in

HERE = "10.77.0.1"


def ip(*args):
    subprocess.run(["ip", *args], check=True)


class Network:
    """A switch on this machine, and two hosts on cables."""

    def __enter__(self):
        ip("link", "add", "rl-switch", "type", "bridge")
        ip("addr", "add", f"{HERE}/24", "dev", "rl-switch")
        ip("link", "set", "rl-switch", "up")
        for number, host in enumerate(["rl-a", "rl-b"], start=2):
            ip("netns", "add", host)
            ip("link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host)
            ip("link", "set", host, "master", "rl-switch", "up")
            ip("-n", host, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")
            ip("-n", host, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for host in ["rl-a", "rl-b"]:
            subprocess.run(["ip", "netns", "del", host])
        subprocess.run(["ip", "link", "del", "rl-switch"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--roadloop", default=ROOT / "target/debug/roadloop")
    parser.add_argument("--s3-server", default=ROOT / "target/debug/examples/s3_server")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roadloop-partition-"))
    running, nats = [], None
    with Network():
        try:
            quiet_bucket, bucket = Bucket(args.s3_server), Bucket(args.s3_server, host=HERE)
            running += [quiet_bucket.process, bucket.process]
            quiet = Run(args.roadloop, folder / "quiet", quiet_bucket, "sqlite:queue.db", {})
            quiet.order(recordings_in(quiet_bucket, folder, args.roadloop))
            quiet.ok("worker", "--until-idle")

            nats = Nats(folder, HERE)
            settings = {"ROADLOOP_QUEUE_HOLD_SECS": "5", "ROADLOOP_QUEUE_FRAMES_PER_JOB": "16"}
            cut = Run(args.roadloop, folder / "cut", bucket, nats.address, settings)
            cut.order(recordings_in(bucket, folder, args.roadloop))
            workers = [cut.worker(["ip", "netns", "exec", host]) for host in ["rl-a", "rl-b"]]
            running += workers
            started = time.time()

            def jobs_done():
                return sum(stage["done"] for order in cut.status()["orders"]
                           for stage in order["stages"])

            # Both are at it.
            while jobs_done() < 8:
                time.sleep(0.5)
            ip("link", "set", "rl-b", "down")
            before = jobs_done()
            time.sleep(args.seconds)
            alone = jobs_done() - before
            ip("link", "set", "rl-b", "up")
            print(f"cut off for {args.seconds:.0f} s, {alone} jobs done meanwhile", flush=True)
            # Something to do for the one that is back.
            cut.order(f"s3://fleet/in/{name}.mcap" for name in ["all", "front", "thirds"])
            while not is_over(cut.status()):
                if time.time() - started > PATIENCE_S:
                    sys.exit(f"stuck: {cut.status()}")
                time.sleep(1)
            for worker in workers:
                if worker.poll() is not None:
                    sys.exit("a worker ended")
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait()
            problems = differences(quiet, quiet_bucket, cut, bucket)
            for problem in problems[:20]:
                print(f"PROBLEM {problem}")
            if problems:
                sys.exit(f"kept: {folder}")
            print("the same as the quiet run")
            shutil.rmtree(folder)
        finally:
            for process in running:
                process.kill()
            if nats:
                nats.stop()


if __name__ == "__main__":
    main()
