#!/usr/bin/env python3
"""Extraction as one would write it in Python: rosbags (or mcap, for MCAP files), then
OpenCV's or Pillow's PNG.

    python3 bench/extract_peer.py BAG --out DIR --with opencv|pillow [--threads N]
    python3 bench/extract_peer.py BAG --rgb FILE     # for writers that take plain pixels
    python3 bench/extract_peer.py BAG --check DIR

Default PNG settings of each library, as people use them. Reading is sequential;
encoding and writing run in threads (both libraries let go of the interpreter's
lock while they compress), with a bound on what waits. CPU time is of the whole
process, threads and the kernel's share included, imports left out.

`--check` compares a folder of PNGs made by roadloop with the frames in the bag,
pixel by pixel, in the order of the sequence numbers in their names.
"""

import argparse
import resource
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from mcap.reader import make_reader
from PIL import Image
from rosbags.rosbag1 import Reader
from rosbags.typesys import Stores, get_typestore

TYPE = "sensor_msgs/msg/Image"


def frames(bag: Path):
    """RGB frames of the first camera of a recording of rgb8 images."""
    types = get_typestore(Stores.ROS1_NOETIC)
    messages = mcap_messages(bag) if bag.suffix == ".mcap" else bag_messages(bag)
    for data in messages:
        image = types.deserialize_ros1(data, TYPE)
        if image.encoding != "rgb8":
            raise SystemExit(f"made for rgb8, found {image.encoding}")
        rows = image.data.reshape(image.height, image.step)
        yield rows[:, : 3 * image.width].reshape(image.height, image.width, 3)


def bag_messages(bag: Path):
    with Reader(bag) as reader:
        cameras = [connection for connection in reader.connections if connection.msgtype == TYPE]
        if not cameras:
            raise SystemExit(f"no {TYPE} in the bag\npath: {bag}")
        for _, _, data in reader.messages(connections=cameras[:1]):
            yield data


def mcap_messages(path: Path):
    with path.open("rb") as file:
        reader = make_reader(file)
        channels = reader.get_summary().channels.values()
        topic = next(channel.topic for channel in channels if channel.message_encoding == "ros1")
        for _, _, message in reader.iter_messages(topics=[topic]):
            yield message.data


def save_with_opencv(path: Path, rgb: np.ndarray) -> None:
    if not cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {path}")


def save_with_pillow(path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(path)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def extract(bag: Path, out: Path, save, threads: int) -> int:
    out.mkdir(parents=True, exist_ok=True)
    waiting = deque()
    count = 0
    with ThreadPoolExecutor(threads) as pool:
        for index, rgb in enumerate(frames(bag)):
            waiting.append(pool.submit(save, out / f"{index:06}.png", rgb))
            if len(waiting) > 2 * threads:
                waiting.popleft().result()
            count = index + 1
        for saved in waiting:
            saved.result()
    return count


def check(bag: Path, folder: Path) -> int:
    files = sorted(folder.rglob("*.png"), key=lambda path: int(path.stem.rsplit("-", 1)[-1]))
    size = compared = different = 0
    for rgb, path in zip(frames(bag), files):
        found = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if not np.array_equal(found, rgb):
            different += 1
            print(f"differs: {path}", file=sys.stderr)
        size += path.stat().st_size
        compared += 1
    in_bag = sum(1 for _ in frames(bag))
    print(f"{compared} compared, {different} different, {in_bag} in the bag, {len(files)} files, {size} bytes")
    return 0 if different == 0 and compared == in_bag == len(files) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bag", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--with", dest="library", choices=["opencv", "pillow"], default="opencv")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rgb", type=Path, metavar="FILE")
    parser.add_argument("--check", type=Path, metavar="DIR")
    args = parser.parse_args()
    if args.check:
        return check(args.bag, args.check)
    if args.rgb:
        with args.rgb.open("wb") as file:
            for rgb in frames(args.bag):
                file.write(rgb.tobytes())
        return 0
    if not args.out:
        parser.error("--out or --check is needed")

    cv2.setNumThreads(1)
    save = {"opencv": save_with_opencv, "pillow": save_with_pillow}[args.library]
    cpu, wall = cpu_seconds(), time.perf_counter()
    count = extract(args.bag, args.out, save, args.threads)
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    size = sum(path.stat().st_size for path in args.out.glob("*.png"))
    print(
        f"{args.library}, {args.threads} threads: {count} images, {1000 * cpu / count:.1f} ms CPU per image, "
        f"{count / wall:.1f} images/s, {size} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
