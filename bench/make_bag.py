#!/usr/bin/env python3
"""Makes a ROS 1 bag of raw rgb8 frames from real pictures.

    python3 bench/make_bag.py OUT.bag [PICTURES …] --frames 200 --size 1280x720

PICTURES are images, folders of them, videos, or MCAP recordings with compressed
images; without any, the demo recording is taken. Each frame is a slowly moving
part of one of them, enlarged or shrunk to the size asked for, with Gaussian noise
on top (sigma 2, as a camera in daylight has): clean scaled pictures would
compress better than any sensor's and flatter every encoder.

Frames are made and written one at a time: a bag of any length takes little
memory. The same arguments write the same bytes.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore

DEMO = Path(__file__).resolve().parent.parent / "testdata/demo/demo.mcap"
START_NS = 1_777_887_000_000_000_000  # 2026-05-04T09:30:00Z
FRAME_HZ = 30
TOPIC, TYPE = "/camera/front/image_raw", "sensor_msgs/msg/Image"
MOST_SOURCES = 40
NOISE_FIELDS = 7
SEED = 7


def every_nth_frame(path: Path):
    """Frames of a video, at most a few per file, spread over its length."""
    video = cv2.VideoCapture(str(path))
    step = max(1, int(video.get(cv2.CAP_PROP_FRAME_COUNT)) // 8)
    index = 0
    while True:
        more, frame = video.read()
        if not more:
            return
        if index % step == 0:
            yield frame
        index += 1


def compressed_images(path: Path):
    from mcap.reader import make_reader

    types = get_typestore(Stores.ROS2_HUMBLE)
    with path.open("rb") as file:
        for index, (schema, _, message) in enumerate(make_reader(file).iter_messages()):
            if schema and schema.name == "sensor_msgs/msg/CompressedImage" and index % 8 == 0:
                image = types.deserialize_cdr(message.data, schema.name)
                yield cv2.imdecode(image.data, cv2.IMREAD_COLOR)


def read_sources(paths: list[Path]) -> list[np.ndarray]:
    files = []
    for path in paths:
        files += sorted(entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else [path]
    sources = []
    for path in files:
        if path.suffix == ".mcap":
            frames = compressed_images(path)
        elif path.suffix in (".avi", ".mp4", ".mkv"):
            frames = every_nth_frame(path)
        else:
            frames = [cv2.imread(str(path), cv2.IMREAD_COLOR)]
        sources += [frame for frame in frames if frame is not None]
    if not sources:
        raise SystemExit("none of the files is a picture, a video or a recording with pictures")
    return sources[:: -(-len(sources) // MOST_SOURCES)]


def moving_part(source: np.ndarray, size: tuple[int, int], t: float) -> np.ndarray:
    """A part of the picture with the aspect wanted, drifting with time, at the size wanted."""
    height, width = source.shape[:2]
    share = 0.80 + 0.15 * math.sin(t * 0.7)
    part_w = min(width, height * size[0] / size[1]) * share
    part_h = part_w * size[1] / size[0]
    left = (width - part_w) * (0.5 + 0.5 * math.sin(t * 0.43))
    top = (height - part_h) * (0.5 + 0.5 * math.cos(t * 0.31))
    zoom = size[0] / part_w
    part_from_source = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    return cv2.warpAffine(source, part_from_source, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def frames(sources: list[np.ndarray], count: int, size: tuple[int, int]):
    """RGB frames with noise; a source is shown for a second, then the next."""
    random = np.random.default_rng(SEED)
    # A few fields, shifted anew for each frame: fresh noise for every pixel of
    # thousands of frames would take longer than everything that is measured.
    shape = (size[1] + 64, size[0] + 64, 3)
    fields = [random.normal(0, 2, shape).round().astype(np.int16) for _ in range(NOISE_FIELDS)]
    for index in range(count):
        source = sources[index // FRAME_HZ % len(sources)]
        rgb = cv2.cvtColor(moving_part(source, size, index / FRAME_HZ), cv2.COLOR_BGR2RGB)
        y, x = random.integers(0, 64, 2)
        noise = fields[index % NOISE_FIELDS][y : y + size[1], x : x + size[0]]
        yield np.clip(rgb + noise, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--size", default="1280x720", metavar="WxH")
    parser.add_argument("--compression", choices=["lz4", "bz2"], help="of the bag's chunks")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))

    types = get_typestore(Stores.ROS1_NOETIC)
    image_type, header_type = types.types[TYPE], types.types["std_msgs/msg/Header"]
    time_type = types.types["builtin_interfaces/msg/Time"]
    args.out.unlink(missing_ok=True)
    writer = Writer(args.out)
    if args.compression:
        writer.set_compression(Writer.CompressionFormat[args.compression.upper()])
    with writer:
        connection = writer.add_connection(TOPIC, TYPE, typestore=types)
        sources = read_sources(args.pictures or [DEMO])
        for index, rgb in enumerate(frames(sources, args.frames, (width, height))):
            stamp = START_NS + index * 10**9 // FRAME_HZ
            header = header_type(index, time_type(stamp // 10**9, stamp % 10**9), "camera_front")
            message = image_type(header, height, width, "rgb8", 0, 3 * width, rgb.reshape(-1))
            writer.write(connection, stamp, types.serialize_ros1(message, TYPE))
    print(f"{args.frames} frames {width}x{height}, {args.out.stat().st_size} bytes: {args.out}")


if __name__ == "__main__":
    main()
