#!/usr/bin/env python3
"""Programs that ask Amazon Rekognition, answered by roadloop; and roadloop asking it.

    python3 -m pip install -r deploy/requirements.txt
    python3 examples/rekognition/check.py ROADLOOP RECORDING

One side is boto3 as it is, the other `roadloop serve --rekognition`; buckets and tables
are moto's. Between the two, where roadloop asks, stands somebody who says "too much" to
every third question. Ends with 1 where anything is not as Amazon would have it.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STARTED_WITHIN = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    until = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{process.args[0]} does not answer")


class Throttle(BaseHTTPRequestHandler):
    """Passes two questions on and refuses the third, or refuses all until some time."""

    protocol_version = "HTTP/1.1"
    to_port = 0
    refuses_until = None
    asked = refused = 0
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with Throttle.lock:
            Throttle.asked += 1
            until = Throttle.refuses_until
            refuses = time.monotonic() < until if until else Throttle.asked % 3 == 0
            Throttle.refused += refuses
        if refuses:
            code = "ProvisionedThroughputExceededException"
            return self.answer(400, json.dumps({"__type": code, "Message": "too much"}).encode())
        server = http.client.HTTPConnection("127.0.0.1", Throttle.to_port)
        headers = {"X-Amz-Target": self.headers["X-Amz-Target"]}
        server.request("POST", "/", body, headers)
        answer = server.getresponse()
        self.answer(answer.status, answer.read())
        server.close()

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def refused(code, ask, **question):
    try:
        ask(**question)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"{code} was expected")


def boto3_asks(rekognition, s3, images):
    """A boto3 client, unmodified, and what it is answered."""
    seen = {}
    for image in images:
        content = image.read_bytes()
        by_bytes = rekognition.detect_labels(Image={"Bytes": content})
        s3.put_object(Bucket="fleet-images", Key=f"a b/{image.name}#1", Body=content)
        in_bucket = {"S3Object": {"Bucket": "fleet-images", "Name": f"a b/{image.name}#1"}}
        by_object = rekognition.detect_labels(Image=in_bucket)
        assert by_bytes["Labels"] == by_object["Labels"], image
        confidences = [label["Confidence"] for label in by_bytes["Labels"]]
        assert confidences == sorted(confidences, reverse=True), confidences
        assert all(55 <= confidence <= 100 for confidence in confidences), confidences
        for label in by_bytes["Labels"]:
            seen.setdefault(label["Name"], (content, label))
            for instance in label["Instances"]:
                box = instance["BoundingBox"]
                assert 0 <= box["Left"] <= box["Left"] + box["Width"] <= 1.000001, box
    assert {"Person", "Car"} <= set(seen), set(seen)
    content, person = seen["Person"]
    image = {"Bytes": content}
    assert person["Instances"] and person["Parents"] == [], person
    assert len(rekognition.detect_labels(Image=image, MaxLabels=1)["Labels"]) == 1
    all_of_it = rekognition.detect_labels(Image=image, MinConfidence=10)["Labels"]
    assert len(all_of_it) >= len(rekognition.detect_labels(Image=image)["Labels"])
    only = {"GeneralLabels": {"LabelInclusionFilters": ["Person"]}}
    named = rekognition.detect_labels(Image=image, Features=["GENERAL_LABELS"], Settings=only)
    assert [label["Name"] for label in named["Labels"]] == ["Person"], named

    faces = [rekognition.detect_faces(Image={"Bytes": i.read_bytes()}) for i in images]
    assert any(face["FaceDetails"] for face in faces), "no face on any image"

    signs = (ROOT / "crates/roadloop-vision/testdata/reference/signs.png").read_bytes()
    texts = rekognition.detect_text(Image={"Bytes": signs})["TextDetections"]
    lines = {text["Id"]: text["DetectedText"] for text in texts if text["Type"] == "LINE"}
    words = [text for text in texts if text["Type"] == "WORD"]
    assert lines and words, texts
    for word in words:
        assert word["DetectedText"] in lines[word["ParentId"]], (word, lines)
        assert len(word["Geometry"]["Polygon"]) == 4, word
    sure = {"WordFilter": {"MinConfidence": 100}}
    none = rekognition.detect_text(Image={"Bytes": signs}, Filters=sure)["TextDetections"]
    assert len(none) < len(texts), none

    ask = rekognition.detect_labels
    refused("InvalidImageFormatException", ask, Image={"Bytes": b"no image at all"})
    refused("ImageTooLargeException", ask, Image={"Bytes": bytes((5 << 20) + 1)})
    refused("ImageTooLargeException", ask, Image={"Bytes": bytes(9 << 20)})
    missing = {"S3Object": {"Bucket": "fleet-images", "Name": "nothing.png"}}
    refused("InvalidS3ObjectException", ask, Image=missing)
    elsewhere = {"S3Object": {"Bucket": "others-images", "Name": "1.png"}}
    refused("AccessDeniedException", ask, Image=elsewhere)
    refused("InvalidParameterException", ask, Image=image, MinConfidence=101)
    refused("InvalidParameterException", ask, Image=image, Features=["IMAGE_PROPERTIES"])
    refused("UnknownOperationException", rekognition.detect_moderation_labels, Image=image)
    print(f"boto3 was answered: {len(seen)} labels on {len(images)} images")


def roadloop_asks(run, here, recording, dynamodb):
    """roadloop as the one who asks, with the table of DynamoDB it tells of it."""
    selection = [recording, "--every", "12"]
    service = ["--detector", "rekognition", "--finder", "rekognition", "--dynamodb", "drives"]
    plan = run(here / "asked", "run", *selection, *service, "--dry-run").stdout
    assert "would ask Amazon Rekognition about 24 times" in plan, plan
    assert Throttle.asked == 0, "a plan asks nobody"
    no_table = run(here / "asked", "run", *selection, *service, fails=True)
    assert "aws dynamodb create-table --table-name drives" in no_table.stderr, no_table.stderr
    dynamodb.create_table(
        TableName="drives",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "timestamp", "AttributeType": "S"},
            {"AttributeName": "camera", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "timestamp", "KeyType": "HASH"},
            {"AttributeName": "camera", "KeyType": "RANGE"},
        ],
    )
    run(here / "asked", "run", *selection, *service)
    assert Throttle.refused > 0
    asked = Throttle.asked
    run(here / "asked", "run", *selection, *service)
    assert Throttle.asked == asked, "what is known is not asked again"

    # The same models here and there say the same.
    run(here / "own", "run", *selection)
    query = ["sql", "--format", "csv", "select frame, kind, label, round(confidence, 4) as "
             "confidence from detections where kind in ('object', 'scene', 'face') "
             "order by frame, label, confidence"]
    own, other = run(here / "own", *query).stdout, run(here / "asked", *query).stdout
    assert own == other and own.count("\n") > 20, (own, other)
    hidden = list((here / "asked" / "anonymized").rglob("*.jpg"))
    assert len(hidden) == 8, hidden

    items = dynamodb.scan(TableName="drives")["Items"]
    assert len(items) == 8, items
    surest = run(here / "asked", "sql", "--format", "csv", "select frames.camera, image, "
                 "max(confidence) * 100 as surest, count(*) as persons from detections join frames "
                 "using (frame) where label = 'person' group by 1, 2").stdout
    for line in surest.splitlines()[1:]:
        camera, image, surest, persons = line.split(",")
        [item] = [item for item in items if item["image"]["S"] == image]
        assert item["camera"]["S"] == camera and item["Ped_Count"]["N"] == persons, item
        assert abs(float(item["Person"]["N"]) - float(surest)) < 0.001, item
    print(f"roadloop asked {asked} times, was refused {Throttle.refused}, and lost nothing")


def worker_waits(run, start, here, recording):
    """A service that grants nothing for a while costs a job time and no attempt."""
    workspace = here / "queued"
    queue = ["--queue", f"sqlite:{workspace}/jobs.db"]
    run(workspace, "run", recording, "--every", "12", "--stages", "extract,detect", *queue, "--detach")
    refused = Throttle.refused
    Throttle.refuses_until = time.monotonic() + 8
    started = time.monotonic()
    worker = start(workspace, "worker", *queue, "--detector", "rekognition", "--until-idle")
    assert worker.wait(timeout=300) == 0
    assert time.monotonic() - started > 7 and Throttle.refused > refused + 3
    status = ["queue", "status", Path(recording).name, "--parts", "--json", *queue]
    [order] = json.loads(run(workspace, *status).stdout)
    jobs = order["jobs"]
    detected = [job for job in jobs if job["stage"] == "detect"]
    assert detected and all(job["state"] == "done" for job in jobs), jobs
    assert all(job["attempts"] == 1 for job in detected), detected
    print(f"a worker waited out {Throttle.refused - refused} refusals without an attempt")


def main():
    roadloop, recording = (str(Path(arg).resolve()) for arg in sys.argv[1:3])
    here = Path(tempfile.mkdtemp())
    processes = []
    environment = dict(os.environ)

    def start(workspace, *args, **more):
        command = [roadloop, "--workspace", str(workspace), "--quiet", *map(str, args)]
        processes.append(subprocess.Popen(command, env={**environment, **more}))
        return processes[-1]

    def run(workspace, *args, fails=False):
        command = [roadloop, "--workspace", str(workspace), "--quiet", *map(str, args)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, (command, done.returncode, done.stderr)
        return done

    try:
        moto_port, port = free_port(), free_port()
        moto = os.environ.get("ROADLOOP_MOTO_SERVER", "moto_server")
        server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(moto_port)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.append(server)
        wait_for(moto_port, server)
        amazon = f"http://127.0.0.1:{moto_port}"
        environment |= {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": amazon, "AWS_ENDPOINT_URL_DYNAMODB": amazon,
            "AWS_ALLOW_HTTP": "true",
        }
        served = start(here / "served", "serve", "--rekognition", "--listen",
                       f"127.0.0.1:{port}", "--bucket", "fleet-images")
        wait_for(port, served)
        os.environ.update(environment)
        os.environ["AWS_ENDPOINT_URL_REKOGNITION"] = f"http://127.0.0.1:{port}"
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        s3.create_bucket(Bucket="fleet-images")
        run(here / "none", "extract", recording, "--out", here / "images", "--every", "12")
        images = sorted((here / "images").rglob("*.jpg"))
        boto3_asks(boto3.client("rekognition"), s3, images)
        example = subprocess.run([sys.executable, HERE / "label_images.py", *images[:2]],
                                 capture_output=True, text=True, check=True).stdout
        assert " Person " in example, example

        Throttle.to_port = port
        throttle = ThreadingHTTPServer(("127.0.0.1", 0), Throttle)
        threading.Thread(target=throttle.serve_forever, daemon=True).start()
        asked_at = f"http://127.0.0.1:{throttle.server_address[1]}"
        environment["AWS_ENDPOINT_URL_REKOGNITION"] = asked_at
        roadloop_asks(run, here, recording, dynamodb)
        worker_waits(run, start, here, recording)
        served.terminate()
        assert served.wait(timeout=30) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(here)


if __name__ == "__main__":
    main()
