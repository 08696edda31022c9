#!/usr/bin/env python3
"""Finds the people of *street*'s video as well as two small detectors can.

    python3 bench/train/detect_people.py VIDEO MODELS testdata/train/street/people.json

VIDEO is `vtest.avi`; MODELS holds `yolox_nano_coco_416.onnx` and `nanodet_g_coco_416.onnx`.
Takes some 10 seconds a frame on one core; what it wrote is committed, and was then
corrected by eye (`corrections.json`).

Each frame is looked at eleven times: by YOLOX-nano whole, and by both networks in tiles of
416 pixels that overlap by a third, at 1, 1.6 and 2.3 times its size, mostly mirrored as
well. Boxes that a tile's inner edge cuts are dropped, as the next tile has them whole.
What the views found is put together as the mean of boxes that overlap by 0.55 or more,
weighted by their scores (Weighted Boxes Fusion, Solovyev et al., 2021); the score of the
result is the mean over all views, with 0 where a view found nothing. Kept is what at
least four views found and scores 0.2. What scores less than 0.5 and stands in the same
place in more than 15 % of frames is no person but a traffic cone.

Needs: numpy 2.4, opencv-python-headless 5.0, onnxruntime 1.32
"""

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from street_frames import FRAMES, read_frames

SIDE, STEP = 416, 280
VIEWS = [  # network, scale, mirrored
    ("yolox", SIDE / 768, False),
    ("yolox", 1.0, False), ("yolox", 1.0, True), ("yolox", 1.6, False), ("yolox", 1.6, True),
    ("yolox", 2.3, False), ("yolox", 2.3, True),
    ("nanodet", 1.0, False), ("nanodet", 1.6, False), ("nanodet", 1.6, True), ("nanodet", 2.3, False),
]
# What is so close to the edge of a tile is cut by it.
EDGE = 4
LEAST_VIEWS, LEAST_SCORE, SURE = 4, 0.2, 0.5
IN_PLACE_IN = 0.15


def session(path: Path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


class Yolox:
    """models/README.md says what goes in and what comes out; class 0 is a person."""

    fill, least = 114, 0.08

    def __init__(self, models: Path):
        self.session = session(models / "yolox_nano_coco_416.onnx")
        cells = [(column, row, stride) for stride in (8, 16, 32) for row in range(SIDE // stride) for column in range(SIDE // stride)]
        self.cells = np.array(cells)

    def people(self, tile: np.ndarray) -> np.ndarray:
        out = self.session.run(None, {"images": tile.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        strides = self.cells[:, 2:]
        centre, half = (out[:, :2] + self.cells[:, :2]) * strides, np.exp(out[:, 2:4]) * strides / 2
        score = out[:, 4] * out[:, 5]
        kept = score > self.least
        return np.column_stack([centre - half, centre + half, score])[kept]


class Nanodet:
    fill, least = 0, 0.12
    mean = np.array([103.53, 116.28, 123.675], np.float32)
    deviation = np.array([57.375, 57.12, 58.395], np.float32)

    def __init__(self, models: Path):
        self.session = session(models / "nanodet_g_coco_416.onnx")

    def people(self, tile: np.ndarray) -> np.ndarray:
        tensor = ((tile.astype(np.float32) - self.mean) / self.deviation).transpose(2, 0, 1)[None]
        names = ["Identity"] + [f"Identity_{number}" for number in range(1, 6)]
        out = self.session.run(names, {"input_1": tensor})
        found = [np.zeros((0, 5))]
        for level, stride in enumerate((8, 16, 32)):
            score = out[level][0][:, 0]
            cells = np.flatnonzero(score > self.least)
            bins = out[level + 3][0][cells].reshape(-1, 4, 11)
            bins = np.exp(bins - bins.max(2, keepdims=True))
            sides = (bins @ np.arange(11)) / bins.sum(2) * stride
            x, y = (cells % (SIDE // stride) + 0.5) * stride, (cells // (SIDE // stride) + 0.5) * stride
            found.append(np.column_stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3], score[cells]]))
        return np.concatenate(found)


# ---- boxes ------------------------------------------------------------------


def area(box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def shared(one, other) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0


def overlap(one, other) -> float:
    both = shared(one, other)
    return both / (area(one) + area(other) - both)


def look(network, frame: np.ndarray, scale: float, mirrored: bool) -> np.ndarray:
    """The people that one view of the frame shows: left, top, right, bottom, score."""
    width = frame.shape[1]
    image = frame[:, ::-1] if mirrored else frame
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    tall, wide = image.shape[:2]
    found = []
    for top in starts(tall):
        for left in starts(wide):
            part = image[top : top + SIDE, left : left + SIDE]
            tile = np.full((SIDE, SIDE, 3), network.fill, np.uint8)
            tile[: part.shape[0], : part.shape[1]] = part
            boxes = network.people(tile)
            kept = np.ones(len(boxes), bool)
            if left > 0:
                kept &= boxes[:, 0] > EDGE
            if top > 0:
                kept &= boxes[:, 1] > EDGE
            if left + SIDE < wide:
                kept &= boxes[:, 2] < SIDE - EDGE
            if top + SIDE < tall:
                kept &= boxes[:, 3] < SIDE - EDGE
            found.append(boxes[kept] + [left, top, left, top, 0])
    boxes = np.concatenate(found)
    boxes[:, :4] /= scale
    if mirrored:
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    if not len(boxes):
        return boxes
    sizes = np.column_stack([boxes[:, :2], boxes[:, 2:4] - boxes[:, :2]])
    return boxes[np.array(cv2.dnn.NMSBoxes(sizes.tolist(), boxes[:, 4].tolist(), 0.0, 0.6)).ravel()]


def starts(length: int) -> list:
    if length <= SIDE:
        return [0]
    count = math.ceil((length - SIDE) / STEP) + 1
    return list(np.linspace(0, length - SIDE, count).astype(int))


def fuse(views: list) -> list:
    """Left, top, right, bottom, score, how many views found it."""
    every = [(list(box), view) for view, boxes in enumerate(views) for box in boxes]
    every.sort(key=lambda found: -found[0][4])
    groups = []
    for box, view in every:
        near = max(groups, key=lambda group: overlap(group["mean"], box), default=None)
        if near is None or overlap(near["mean"], box) <= 0.55:
            groups.append({"boxes": [(box, view)], "mean": box[:4]})
            continue
        near["boxes"].append((box, view))
        boxes = np.array([member for member, _ in near["boxes"]])
        near["mean"] = list((boxes[:, :4] * boxes[:, 4:]).sum(0) / boxes[:, 4].sum())
    fused = []
    for group in groups:
        best = {}
        for box, view in group["boxes"]:
            best[view] = max(best.get(view, 0), box[4])
        sides = [round(float(side), 1) for side in group["mean"]]
        fused.append([*sides, round(float(sum(best.values())) / len(views), 3), len(best)])
    return fused


def cleaned(fused: list) -> list:
    kept = []
    for box in sorted(fused, key=lambda box: -box[4]):
        if box[4] < LEAST_SCORE or box[5] < LEAST_VIEWS:
            continue
        if all(overlap(box, other) <= 0.5 and shared(box, other) <= 0.75 * min(area(box), area(other)) for other in kept):
            kept.append(box)
    return kept


def without_fixtures(frames: dict) -> dict:
    def in_place(box) -> int:
        return sum(any(other[4] < SURE and overlap(box, other) > 0.5 for other in boxes) for boxes in frames.values())

    return {
        frame: sorted(box for box in boxes if box[4] >= SURE or in_place(box) <= IN_PLACE_IN * len(frames))
        for frame, boxes in frames.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", type=int, nargs="*", help="frames, to try it; cones stay in")
    args = parser.parse_args()
    networks = {"yolox": Yolox(args.models), "nanodet": Nanodet(args.models)}
    wanted = args.only or [frame for frames in FRAMES.values() for frame in frames]
    found = {}
    for number, frame in read_frames(args.video, wanted):
        views = [look(networks[name], frame, scale, mirrored) for name, scale, mirrored in VIEWS]
        found[number] = cleaned(fuse(views))
        print(f"frame {number}: {len(found[number])} boxes", flush=True)
    if not args.only:
        found = without_fixtures(found)
    lines = ",\n".join(f'"{number}": {json.dumps([box[:5] for box in boxes])}' for number, boxes in sorted(found.items()))
    args.out.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
