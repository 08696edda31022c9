#!/usr/bin/env python3
"""Puts the dataset *street* together: Ground Truth manifests and the images they name.

    python3 bench/train/make_street.py OUT --video VIDEO
    python3 bench/train/make_street.py OUT --video VIDEO --night # the same street, too dark to be easy
    python3 bench/train/make_street.py OUT                       # the car pictures alone
    python3 bench/train/make_street.py --check                   # the manifests in the repository

OUT becomes a folder that `roadloop dataset import OUT --from groundtruth --as street` takes:
`manifests/{train,val,test}.manifest`, `annotation-tool/data.json` and `images/`. The car
pictures come from testdata/train/street, as do the labels; the frames of people come out of
VIDEO, OpenCV's `vtest.avi`, as the repository has none of them (README.md there says why).

Boxes of people are what `detect_people.py` found (`people.json`: per frame left, top,
right, bottom, score) with the corrections made by eye (`corrections.json`).

Needs: numpy 2.4, opencv-python-headless 5.0
"""

import argparse
import json
import shutil
from pathlib import Path

import cv2

from night import JPEG_QUALITY as NIGHT_QUALITY
from night import at_night
from street_frames import FRAMES, read_frames

HERE = Path(__file__).resolve().parent.parent.parent / "testdata/train/street"
WIDTH, HEIGHT = 768, 576
CLASSES = ["person", "car"]
JPEG_QUALITY = 92
MADE = "2026-12-01T00:00:00.000000"


def corrected(people: dict, corrections: dict) -> dict:
    """Per frame the boxes of people after the corrections: (left, top, right, bottom)."""
    frames = {}
    for name, boxes in people.items():
        boxes = [tuple(box[:4]) for box in boxes]
        removed, added = set(), []
        for change in corrections["frames"].get(name, []):
            if "add" in change:
                added.append(tuple(change["add"]))
                continue
            place = change["remove"] if "remove" in change else change["move"]
            if not 0 <= place < len(boxes):
                raise SystemExit(f"corrections.json: frame {name} has no box {place}, it has {len(boxes)}")
            if "remove" in change:
                removed.add(place)
            else:
                boxes[place] = tuple(change["to"])
        frames[int(name)] = [box for place, box in enumerate(boxes) if place not in removed] + added
    return frames


def parked(corrections: dict, frame: int) -> list:
    return [tuple(entry["box"]) for entry in corrections["parked"] if entry["from"] <= frame <= entry["to"]]


def line(image: str, boxes: list) -> str:
    """A line of an augmented manifest. `boxes` are (class, (left, top, right, bottom))."""
    annotations = []
    for name, (left, top, right, bottom) in boxes:
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)
        annotations.append({
            "class_id": CLASSES.index(name),
            "left": left,
            "top": top,
            "width": round(right - left, 1),
            "height": round(bottom - top, 1),
        })
    return json.dumps({
        "source-ref": f"images/{image}",
        "street": {"image_size": [{"width": WIDTH, "height": HEIGHT, "depth": 3}], "annotations": annotations},
        "street-metadata": {
            "objects": [{} for _ in annotations],
            "class-map": {str(place): name for place, name in enumerate(CLASSES)},
            "type": "groundtruth/object-detection",
            "human-annotated": "no",
            "creation-date": MADE,
            "job-name": "labeling-job/street",
        },
    })


def lines_of(split: str, with_video: bool) -> list:
    lines = []
    if with_video:
        corrections = json.loads((HERE / "corrections.json").read_text())
        people = corrected(json.loads((HERE / "people.json").read_text()), corrections)
        for frame in FRAMES[split]:
            boxes = [("person", box) for box in people[frame]] + [("car", box) for box in parked(corrections, frame)]
            lines.append(line(f"video-{split}/{frame:04}.jpg", boxes))
    for entry in json.loads((HERE / "cars.json").read_text()):
        if entry["split"] == split:
            lines.append(line(entry["image"], [("car", car["box"]) for car in entry["boxes"]]))
    return lines


def write_image(path: Path, image, quality: int, place: tuple, dark: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if dark:
        image, quality = at_night(image, place), NIGHT_QUALITY
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def write(out: Path, video, dark: bool) -> None:
    (out / "manifests").mkdir(parents=True, exist_ok=True)
    (out / "annotation-tool").mkdir(exist_ok=True)
    categories = {"document-version": "2018-11-28", "labels": [{"label": name} for name in CLASSES]}
    (out / "annotation-tool/data.json").write_text(json.dumps(categories) + "\n")
    for split in FRAMES:
        lines = lines_of(split, video is not None)
        (out / f"manifests/{split}.manifest").write_text("\n".join(lines) + "\n")
        print(f"{split}: {len(lines)} images")
    for place, split in enumerate(FRAMES):
        for number, path in enumerate(sorted((HERE / f"images/cars-{split}").glob("*.jpg"))):
            copy = out / f"images/cars-{split}" / path.name
            if dark:
                write_image(copy, cv2.imread(str(path)), NIGHT_QUALITY, (0, place, number), dark)
            elif copy.resolve() != path.resolve():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    if video is None:
        return
    split_of = {frame: split for split, frames in FRAMES.items() for frame in frames}
    for number, frame in read_frames(video, list(split_of)):
        path = out / f"images/video-{split_of[number]}/{number:04}.jpg"
        write_image(path, frame, JPEG_QUALITY, (1, 0, number), dark)


def check() -> None:
    for split in FRAMES:
        path = HERE / f"manifests/{split}.manifest"
        if path.read_text() != "\n".join(lines_of(split, True)) + "\n":
            raise SystemExit(f"not what people.json, corrections.json and cars.json say; make it anew\nfile: {path}")
    print("the manifests are what their sources say")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--video", type=Path, help="OpenCV's vtest.avi")
    parser.add_argument("--night", action="store_true", help="make every picture as a small camera sees it at night")
    parser.add_argument("--check", action="store_true", help="compare the manifests in the repository, write nothing")
    args = parser.parse_args()
    if args.check:
        check()
    elif args.out is None:
        parser.error("where to? a folder, or --check")
    elif args.night and args.out.resolve() == HERE:
        parser.error(f"--night would replace the pictures in the repository: {HERE}")
    else:
        write(args.out, args.video, args.night)


if __name__ == "__main__":
    main()
