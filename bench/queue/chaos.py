#!/usr/bin/env python3
"""Kills everything that may be killed, and compares what is left with a quiet run.

    python bench/queue/chaos.py [--queue sqlite|nats|sqs] [--kills 60] [--workers 4]

Three recordings, cut from the demo recording, go through all stages by workers on a
bucket. First quietly: one worker, nothing killed. Then with workers that are killed
(-9) at random and started anew, a store that answers every twentieth request with 500
or 503, and, for `nats`, a cluster of three servers whose leader of the stream is killed
and started anew three times. Afterwards no job may be left, dead or stuck, and frames,
detections, images, tables and videos must be the same, byte by byte and row by row.

Everything runs on this machine and is started here: the S3 server of
`roadloop-store`'s tests, NATS or moto from `requirements.txt`. Wanted beside them:

    cargo build -p roadloop-app
    cargo build -p roadloop-store --features testing --example s3_server
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "testdata/demo/demo.mcap"
ROWS = [
    "select * from frames order by recording, camera, sequence",
    "select * from detection_rows order by frame, kind, label, number",
]
FOLDERS = ["images", "anonymized", "video", "topics"]
LEADER_KILLS = 3
# A run that takes longer than this is stuck.
PATIENCE_S = 1800


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing answers on port {port}")


def program(variable, name):
    found = os.environ.get(variable) or shutil.which(name, path=Path(sys.executable).parent) \
        or shutil.which(name)
    return found or sys.exit(f"{name} is wanted: pip install -r bench/queue/requirements.txt")


class Bucket:
    """An S3 server with one bucket, perhaps one that breaks now and then."""

    def __init__(self, server, breaks_one_in=None, host="127.0.0.1"):
        command = [server, "--bucket", "fleet", "--host", host]
        if breaks_one_in:
            command += ["--breaks-one-in", str(breaks_one_in)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.address, "AWS_ACCESS_KEY_ID": "someone",
                "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}

    def ask(self, method, path, body=None):
        # It may refuse just now.
        for _ in range(50):
            url = f"{self.address}/{urllib.parse.quote(path, safe='/?=&')}"
            request = urllib.request.Request(url, data=body, method=method)
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.read()
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
        sys.exit("the bucket does not answer")

    def keys(self, prefix):
        found, token = [], ""
        while True:
            text = self.ask("GET", f"fleet?list-type=2&prefix={prefix}{token}").decode()
            found += re.findall(r"<Key>(.*?)</Key>", text)
            more = re.search(r"<NextContinuationToken>(.*?)</NextContinuationToken>", text)
            if not more:
                return found
            token = f"&continuation-token={more[1]}"

    def hashes(self, prefix):
        sums = {}
        for folder in FOLDERS:
            for key in self.keys(f"{prefix}/{folder}/"):
                name = key.removeprefix(f"{prefix}/")
                sums[name] = hashlib.sha256(self.ask("GET", f"fleet/{key}")).hexdigest()
        return sums


class Nats:
    """Three servers that keep copies of each other's streams."""

    def __init__(self, folder, host="127.0.0.1"):
        self.server, self.nodes = program("ROADLOOP_NATS_SERVER", "nats-server"), []
        routes = [free_port() for _ in range(3)]
        for number, route in enumerate(routes):
            home = folder / f"n{number}"
            home.mkdir()
            port, monitor = free_port(), free_port()
            others = ", ".join(f'"nats-route://127.0.0.1:{other}"' for other in routes)
            (home / "nats.conf").write_text(
                f'listen: "{host}:{port}"\nhttp: "127.0.0.1:{monitor}"\n'
                f"server_name: n{number}\n"
                f'jetstream {{ store_dir: "{home}/storage", sync_interval: always }}\n'
                f'cluster {{ name: chaos, listen: "127.0.0.1:{route}", routes: [{others}] }}\n')
            self.nodes.append({"port": port, "monitor": monitor, "home": home, "process": None})
            self.start(number)
        for node in self.nodes:
            wait_for(node["monitor"])
        self.address = "nats://" + ",".join(f"{host}:{node['port']}" for node in self.nodes)
        self.kills = 0

    def start(self, number):
        node = self.nodes[number]
        log = open(node["home"] / "log", "a")
        node["process"] = subprocess.Popen(
            [self.server, "--config", node["home"] / "nats.conf"], stdout=log, stderr=log)

    def leader(self):
        for node in self.nodes:
            try:
                url = f"http://127.0.0.1:{node['monitor']}/jsz?streams=1&accounts=1"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    state = json.load(answer)
                for account in state.get("account_details", []):
                    for stream in account.get("stream_detail", []):
                        name = stream.get("cluster", {}).get("leader", "")
                        if name:
                            return int(name.removeprefix("n"))
            except OSError:
                continue
        return None

    def kill_leader(self):
        number = self.leader()
        if number is None:
            return False
        process = self.nodes[number]["process"]
        process.kill()
        process.wait()
        time.sleep(3)
        self.start(number)
        self.kills += 1
        return True

    def stop(self):
        for node in self.nodes:
            node["process"].kill()


class Moto:
    """Amazon's queues."""

    def __init__(self, folder):
        port = free_port()
        log = open(folder / "moto.log", "w")
        command = [program("ROADLOOP_MOTO_SERVER", "moto_server"), "-p", str(port)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(port)
        self.endpoint, self.address = f"http://127.0.0.1:{port}", "sqs://chaos"

    def stop(self):
        self.process.kill()


class Run:
    """Workers and what is asked of them, on a bucket and a queue of their own."""

    def __init__(self, roadloop, folder, bucket, queue, environment):
        self.roadloop, self.folder, self.queue = roadloop, folder, queue
        folder.mkdir()
        self.environment = os.environ | bucket.environment() | environment | {
            "ROADLOOP_STORE": "s3://fleet/lake", "ROADLOOP_QUEUE_ADDRESS": queue}
        self.log = open(folder / "workers.log", "a")

    def ok(self, *args):
        ran = subprocess.run([self.roadloop, *args], cwd=self.folder, env=self.environment,
                             capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"{args}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def worker(self, within=()):
        return subprocess.Popen([*within, self.roadloop, "worker", "--log-format", "json"],
                                cwd=self.folder, env=self.environment,
                                stdout=self.log, stderr=self.log)

    def order(self, recordings):
        for recording in recordings:
            self.ok("run", recording, "--detach")

    def status(self):
        return json.loads(self.ok("queue", "status", "--json"))

    def rows(self):
        return [self.ok("sql", rows, "--json", "--max-rows", "1000000") for rows in ROWS]


def recordings_in(bucket, folder, roadloop):
    names = []
    for name, cut in [("all", []), ("front", ["--topics", "/camera/front/image_raw/compressed"]),
                      ("thirds", ["--every", "3"])]:
        file = folder / f"{name}.mcap"
        if not file.exists():
            subprocess.run([roadloop, "bag", "filter", DEMO, "--out", file, *cut], check=True,
                           capture_output=True)
        bucket.ask("PUT", f"fleet/in/{name}.mcap", file.read_bytes())
        names.append(f"s3://fleet/in/{name}.mcap")
    return names


def is_over(status):
    return all(order["is_over"] for order in status["orders"])


def differences(quiet, quiet_bucket, disturbed, bucket):
    """What is left that should not be, and what is not as after the quiet run."""
    status, problems = disturbed.status(), []
    waiting = sum(stage["waiting"] + stage["in_flight"] for stage in status["stages"])
    if waiting:
        problems.append(f"{waiting} jobs are left in the queue")
    if status["dead"]:
        problems.append(f"{status['dead']} jobs are dead")
    problems += [f"order {order['order']} is not done" for order in status["orders"]
                 if not order["is_done"]]
    problems += [f"other rows: {rows}"
                 for rows, one, other in zip(ROWS, quiet.rows(), disturbed.rows()) if one != other]
    expected, found = quiet_bucket.hashes("lake"), bucket.hashes("lake")
    problems += [f"other objects: {name}" for name in sorted(expected.keys() | found.keys())
                 if expected.get(name) != found.get(name)]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queue", choices=["sqlite", "nats", "sqs"], default="sqlite")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--roadloop", default=ROOT / "target/debug/roadloop")
    parser.add_argument("--s3-server", default=ROOT / "target/debug/examples/s3_server")
    args = parser.parse_args()
    dice = random.Random(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="roadloop-chaos-"))
    running = []
    try:
        quiet_bucket = Bucket(args.s3_server)
        bucket = Bucket(args.s3_server, breaks_one_in=20)
        running += [quiet_bucket.process, bucket.process]

        started = time.time()
        quiet = Run(args.roadloop, folder / "quiet", quiet_bucket, "sqlite:queue.db", {})
        quiet.order(recordings_in(quiet_bucket, folder, args.roadloop))
        quiet.ok("worker", "--until-idle")
        assert all(order["is_done"] for order in quiet.status()["orders"])
        print(f"quiet run: {time.time() - started:.0f} s", flush=True)

        cluster, environment, address = None, {}, "sqlite:queue.db"
        if args.queue != "sqlite":
            cluster = Nats(folder) if args.queue == "nats" else Moto(folder)
            address = cluster.address
            environment = {"AWS_ENDPOINT_URL_SQS": getattr(cluster, "endpoint", "")}
        # What is killed at random is no fault of the job: it may be tried often. Small
        # jobs, so that there are many to be killed in.
        environment |= {"ROADLOOP_QUEUE_HOLD_SECS": "3", "ROADLOOP_QUEUE_ATTEMPTS": "1000",
                        "ROADLOOP_QUEUE_FRAMES_PER_JOB": "16"}
        chaos = Run(args.roadloop, folder / "chaos", bucket, address, environment)
        started = time.time()
        chaos.order(recordings_in(bucket, folder, args.roadloop))
        workers = [chaos.worker() for _ in range(args.workers)]
        kills, over = 0, False
        leader_at = [args.kills * (n + 1) // (LEADER_KILLS + 1) for n in range(LEADER_KILLS)]
        while not over or kills < args.kills:
            if time.time() - started > PATIENCE_S:
                sys.exit(f"stuck: {json.dumps(chaos.status())}")
            if kills < args.kills:
                time.sleep(dice.uniform(0.2, 2.5))
                place = dice.randrange(len(workers))
                workers[place].kill()
                workers[place].wait()
                workers[place] = chaos.worker()
                kills += 1
                if isinstance(cluster, Nats) and kills in leader_at and not cluster.kill_leader():
                    leader_at.append(kills + 1)
            else:
                time.sleep(2)
            over = is_over(chaos.status())
            if over and kills < args.kills:
                # More to kill in: the same recordings are ordered once more.
                chaos.order(f"s3://fleet/in/{name}.mcap" for name in ["all", "front", "thirds"])
        took = time.time() - started
        status = chaos.status()
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait()
        problems = differences(quiet, quiet_bucket, chaos, bucket)
        rows = [json.loads(chaos.ok("sql", f"select count(*) n from {table}", "--json"))
                for table in ["frames", "detection_rows"]]
        leaders = f", leader killed {cluster.kills} times" if isinstance(cluster, Nats) else ""
        print(f"{args.queue}: {kills} workers killed{leaders}, {took:.0f} s, "
              f"{len(status['orders'])} orders, {rows} rows, {len(bucket.hashes('lake'))} objects")
        for problem in problems[:20]:
            print(f"PROBLEM {problem}")
        if problems:
            print(f"kept: {folder}")
            sys.exit(1)
        print("the same as the quiet run")
        shutil.rmtree(folder)
    finally:
        for process in running:
            process.kill()
        if "cluster" in locals() and cluster:
            cluster.stop()
        if "workers" in locals():
            for worker in workers:
                worker.kill()


if __name__ == "__main__":
    main()
