"""Label Studio itself against what we write for it: imports `label_config.xml` and
`tasks.json`, exports JSON, and compares.

    python bench/datasets/label_studio.py <folder> --label-studio <program> [--data <folder>]
    python bench/datasets/label_studio.py <folder> --server http://127.0.0.1:8080
    python bench/datasets/label_studio.py <new folder> --roadloop <program> [--manifest <file>]

The folder is an export in the form labelstudio. With --roadloop the program imports a
manifest and writes all exports there first, as in `check.py`, and imports what comes back.
By hand only, with `pip install label-studio==1.23.2 pillow requests`.

Every box must come back with the very same numbers of percent and its class, and a task
that somebody looked at, one with nothing on it and one that nobody looked at must still be
told apart. What Label Studio exports is left as `exported.json` beside the tasks. Slow: its first
start makes a database, which takes minutes. Ends with 1 where anything differs.
"""

import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import requests

import check

EMAIL, PASSWORD = "check@roadloop.example", "only-for-this-check"
FIRST_START_SECS = 1200
IMPORT_SECS = 300


def start(program, data):
    """A server of its own: its process and address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port),
               "--username", EMAIL, "--password", PASSWORD, "--data-dir", str(data)]
    quiet = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false"}
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "server.log", "wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **quiet}, stdout=log, stderr=log)
    return process, f"http://127.0.0.1:{port}"


def wait(address, process):
    """Until it answers."""
    until = time.monotonic() + FIRST_START_SECS
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"Label Studio ended with {process.returncode}: see server.log")
        try:
            if requests.get(f"{address}/user/login/", timeout=10).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(2)
    raise RuntimeError("Label Studio does not answer")


def log_in(address, email, password):
    """A session, by the form that people use: tokens are off by default."""
    session = requests.Session()
    page = session.get(f"{address}/user/login/", timeout=60)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text).group(1)
    form = {"csrfmiddlewaretoken": token, "email": email, "password": password}
    session.post(f"{address}/user/login/", data=form, headers={"Referer": address}, timeout=60)
    if not session.get(f"{address}/api/current-user/whoami", timeout=60).ok:
        raise RuntimeError("Label Studio does not let us in")
    return session


def call(session, method, url, **more):
    """An answer in JSON."""
    headers = {"X-CSRFToken": session.cookies.get("csrftoken", ""), "Referer": url}
    answer = session.request(method, url, headers=headers, timeout=IMPORT_SECS, **more)
    if not answer.ok:
        raise RuntimeError(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
    return answer.json()


def through(session, address, folder):
    """The tasks as Label Studio exports them after importing ours."""
    config = (folder / "label_config.xml").read_text()
    project = call(session, "POST", f"{address}/api/projects", json={"title": "roadloop", "label_config": config})
    tasks = json.loads((folder / "tasks.json").read_text())
    address = f"{address}/api/projects/{project['id']}"
    said = call(session, "POST", f"{address}/import", json=tasks)
    until = time.monotonic() + IMPORT_SECS
    while True:
        exported = call(session, "GET", f"{address}/export?exportType=JSON&download_all_tasks=true")
        if len(exported) >= len(tasks) or time.monotonic() > until:
            return said, exported
        time.sleep(2)


def state(task):
    """Of a task: what people did with it."""
    if not task["annotations"]:
        return "nobody looked"
    return "labelled" if task["annotations"][0]["result"] else "looked at, empty"


def boxes(task):
    """Its boxes, all that is said of each."""
    found = []
    for annotation in task["annotations"]:
        for region in annotation["result"]:
            value = region["value"]
            sides = [value[side] for side in ("x", "y", "width", "height")]
            size = [region["original_width"], region["original_height"]]
            more = {"score": region.get("score"), "meta": region.get("meta")}
            found.append((value["rectanglelabels"], sides, size, more))
    return found


def compare(ours, theirs):
    """Rows of a table, and whether all of it is the same."""
    by_name = {task["data"]["name"]: task for task in theirs}
    counts, wrong = {}, []
    number = {"boxes": 0, "the same percent and class": 0, "the same score": 0, "the same attributes": 0}
    for task in ours:
        name, was = task["data"]["name"], state(task)
        other = by_name.pop(name, None)
        is_now = state(other) if other else "not there"
        counts[(was, is_now)] = counts.get((was, is_now), 0) + 1
        if was != is_now or other["data"] != task["data"]:
            wrong.append(f"{name}: {was} became {is_now}")
            continue
        left, right = boxes(task), boxes(other)
        if len(left) != len(right):
            wrong.append(f"{name}: {len(right)} boxes instead of {len(left)}")
        for box, back in zip(left, right):
            number["boxes"] += 1
            number["the same percent and class"] += box[:3] == back[:3]
            number["the same score"] += box[3]["score"] == back[3]["score"]
            number["the same attributes"] += box[3]["meta"] == back[3]["meta"]
            if box != back:
                wrong.append(f"{name}: {back} instead of {box}")
    wrong.extend(f"{name} is not ours" for name in by_name)
    rows = [(f"{was} -> {is_now}", count) for (was, is_now), count in sorted(counts.items())]
    return rows + list(number.items()), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="an export in the form labelstudio")
    parser.add_argument("--label-studio", default="label-studio", help="the program to start")
    parser.add_argument("--data", type=pathlib.Path, default=None, help="its data folder")
    parser.add_argument("--server", default=None, help="the address of one that runs")
    parser.add_argument("--roadloop", type=pathlib.Path, help="writes the export first")
    parser.add_argument("--manifest", type=pathlib.Path, default=check.EXCERPT)
    parser.add_argument("--email", default=EMAIL)
    parser.add_argument("--password", default=PASSWORD)
    args = parser.parse_args()
    dataset = None
    if args.roadloop is not None:
        dataset = check.Dataset(args.roadloop.resolve(), args.manifest, args.folder)
        args.folder /= "labelstudio"
    process, address = None, args.server
    if address is None:
        process, address = start(args.label_studio, args.data or pathlib.Path(tempfile.mkdtemp()))
    try:
        wait(address, process)
        session = log_in(address, args.email, args.password)
        said, exported = through(session, address, args.folder)
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=60)
    (args.folder / "exported.json").write_text(json.dumps(exported))
    rows, wrong = compare(json.loads((args.folder / "tasks.json").read_text()), exported)
    print(f"imported: {json.dumps(said)}")
    for title, count in rows:
        print(f"{title:40} {count:6}")
    for line in wrong[:20]:
        print("wrong:", line)
    if dataset is not None:
        name, _ = dataset.roadloop.taken(args.folder / "exported.json", "labelstudio")
        print("imported again:", dataset.same(dataset.roadloop.labels(name), "labelstudio", 1e-6))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
