#!/usr/bin/env python3
"""What the queue costs and what it gives, on this machine.

    python bench/queue/measure.py [--roadloop target/demo/roadloop] [--rounds 3]

- overhead: the demo recording through all stages by `run`, and by way of the queue with
  one worker; CPU and wall time of all processes, the least of some rounds, in turn;
- workers: the same recording three times, by one and by two workers of one core each;
- latency: a recording is put into a watched folder (settled after 1 s), and into a bucket
  whose messages go to SQS; until its first image lies in the store. Bucket and SQS are
  moto's, from `requirements.txt`.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chaos import DEMO, ROOT, free_port, program, wait_for

DROPS = 20


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Place:
    """A folder of its own, and the program in it."""

    def __init__(self, roadloop, environment=None):
        self.folder = Path(tempfile.mkdtemp(prefix="roadloop-measure-"))
        self.roadloop, self.environment = roadloop, os.environ | (environment or {})

    def start(self, *args):
        return subprocess.Popen([self.roadloop, *map(str, args)], cwd=self.folder,
                                env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def run(self, *args):
        process = self.start(*args)
        if process.wait() not in (0, 3):
            sys.exit(f"{args}: {process.returncode}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


def timed(work):
    cpu, wall = children_cpu(), time.time()
    work()
    return children_cpu() - cpu, time.time() - wall


def overhead(roadloop, rounds):
    direct, queued = [], []
    for _ in range(rounds):
        with Place(roadloop) as place:
            direct.append(timed(lambda: place.run("run", DEMO)))
        with Place(roadloop) as place:
            def by_queue():
                place.run("run", DEMO, "--queue", "queue.db", "--detach")
                place.run("worker", "--queue", "queue.db", "--until-idle")
            queued.append(timed(by_queue))
    for name, times in [("run", direct), ("by way of the queue", queued)]:
        cpu, wall = (min(part) for part in zip(*times))
        print(f"{name}: {cpu:.2f} s of CPU, {wall:.2f} s")
    ratio = min(cpu for cpu, _ in queued) / min(cpu for cpu, _ in direct)
    print(f"CPU: {ratio:.3f}x")


def workers(roadloop, count):
    with Place(roadloop) as place:
        for number in range(3):
            place.run("run", DEMO, "--queue", "queue.db", "--detach", "--name", f"drive-{number}",
                      "--stages", "extract,detect,anonymize")
        def work():
            all_of_them = [place.start("--jobs", 1, "worker", "--queue", "queue.db",
                                       "--until-idle") for _ in range(count)]
            for process in all_of_them:
                process.wait()
        cpu, wall = timed(work)
        print(f"{count} workers of one core: {wall:.1f} s, {3 * 96 / wall:.1f} frames/s, "
              f"{cpu:.1f} s of CPU")


def percentiles(name, times):
    times.sort()
    print(f"{name}: p50 {statistics.median(times):.2f} s, p99 {times[-1]:.2f} s of {len(times)}")


def folder_latency(roadloop):
    with Place(roadloop) as place:
        (place.folder / "in").mkdir()
        watch = place.start("watch", "in", "--settle", 1, "--stages", "extract")
        time.sleep(2)
        times = []
        for number in range(DROPS):
            drive = place.folder / f"{number}.mcap"
            subprocess.run([roadloop, "bag", "filter", DEMO, "--out", drive, "--every",
                            str(number + 1)], check=True, capture_output=True)
            os.rename(drive, place.folder / "in" / drive.name)
            dropped = time.time()
            images = place.folder / "roadloop/images"
            while not list(images.glob(f"{number}-*/*/*")):
                time.sleep(0.01)
            times.append(time.time() - dropped)
        watch.terminate()
        watch.wait()
        percentiles("folder to first image, 1 s of settling in it", times)


def bucket_latency(roadloop):
    import boto3
    port = free_port()
    moto = subprocess.Popen([program("ROADLOOP_MOTO_SERVER", "moto_server"), "-p", str(port)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
                   "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(environment)
    try:
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        for bucket in ["ingest", "lake"]:
            s3.create_bucket(Bucket=bucket)
        url = sqs.create_queue(QueueName="uploads")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        events = {"QueueArn": arn["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket="ingest", NotificationConfiguration={"QueueConfigurations": [events]})
        with Place(roadloop, environment) as place:
            watch = place.start("--store", "s3://lake/fleet", "watch", "s3://ingest", "--events",
                                "sqs://uploads", "--every-secs", 3600, "--stages", "extract")
            time.sleep(3)
            times = []
            for number in range(DROPS):
                drive = place.folder / f"{number}.mcap"
                subprocess.run([roadloop, "bag", "filter", DEMO, "--out", drive, "--every",
                                str(number + 1)], check=True, capture_output=True)
                dropped = time.time()
                s3.put_object(Bucket="ingest", Key=drive.name, Body=drive.read_bytes())
                prefix = f"fleet/images/{number}-"
                while not s3.list_objects_v2(Bucket="lake", Prefix=prefix)["KeyCount"]:
                    time.sleep(0.02)
                times.append(time.time() - dropped)
            watch.terminate()
            watch.wait()
        percentiles("bucket, by SQS, to first image in a bucket", times)
    finally:
        moto.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--roadloop", default=ROOT / "target/demo/roadloop")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    roadloop = str(Path(args.roadloop).resolve())
    overhead(roadloop, args.rounds)
    for count in [1, 2]:
        workers(roadloop, count)
    folder_latency(roadloop)
    bucket_latency(roadloop)


if __name__ == "__main__":
    main()
