#!/usr/bin/env python3
"""How good YOLOX-nano with its COCO weights is on *street*, before any training.

    python3 bench/train/baseline.py STREET MODEL [--split test] [--score 0.001] [--nms 0.65]

STREET is what `make_street.py` wrote, MODEL `yolox_nano_coco_416.onnx`. Prints average
precision at an overlap of 0.5 (AP50) and over 0.5 to 0.95 (AP), as pycocotools counts
them: of both classes, of each, and of the video's frames and the car pictures apart.
Of the 80 classes of COCO `person` and `car` are taken, the others are not looked at.

Needs: numpy 2.4, onnxruntime 1.32, opencv-python-headless 5.0, pycocotools 2.0.11
"""

import argparse
import contextlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SIDE, FILL = 416, 114
# Where the classes of a manifest stand among COCO's 80.
COCO_CLASS = {"person": 0, "car": 2}
MOST_BOXES = 100


class Yolox:
    def __init__(self, path: Path):
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        cells = [(column, row, stride) for stride in (8, 16, 32) for row in range(SIDE // stride) for column in range(SIDE // stride)]
        self.cells = np.array(cells)

    def detect(self, image: np.ndarray, size: int, least: float, overlap: float) -> list:
        """(class of the manifest, (left, top, width, height), score)."""
        ratio = min(size / image.shape[0], size / image.shape[1])
        wide, tall = int(image.shape[1] * ratio), int(image.shape[0] * ratio)
        tile = np.full((SIDE, SIDE, 3), FILL, np.uint8)
        tile[:tall, :wide] = cv2.resize(image, (wide, tall), interpolation=cv2.INTER_LINEAR)
        out = self.session.run(None, {"images": tile.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        strides = self.cells[:, 2:]
        sizes = np.exp(out[:, 2:4]) * strides / ratio
        corners = (out[:, :2] + self.cells[:, :2]) * strides / ratio - sizes / 2
        found = []
        for name, place in COCO_CLASS.items():
            scores = out[:, 4] * out[:, 5 + place]
            kept = np.flatnonzero(scores >= least)
            boxes = np.column_stack([corners, sizes])[kept]
            chosen = cv2.dnn.NMSBoxes(boxes.tolist(), scores[kept].tolist(), least, overlap)
            found += [(name, boxes[i].tolist(), float(scores[kept][i])) for i in np.array(chosen, int).ravel()]
        return sorted(found, key=lambda box: -box[2])[:MOST_BOXES]


def truth_of(street: Path, split: str):
    """The manifest as COCO has it, and the path of each image."""
    images, annotations, paths = [], [], {}
    for number, text in enumerate((street / f"manifests/{split}.manifest").read_text().splitlines(), start=1):
        line = json.loads(text)
        size, names = line["street"]["image_size"][0], line["street-metadata"]["class-map"]
        images.append({"id": number, "width": size["width"], "height": size["height"], "file_name": line["source-ref"]})
        paths[number] = street / line["source-ref"]
        for box in line["street"]["annotations"]:
            annotations.append({
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": COCO_CLASS[names[str(box["class_id"])]],
                "bbox": [box["left"], box["top"], box["width"], box["height"]],
                "area": box["width"] * box["height"],
                "iscrowd": 0,
            })
    categories = [{"id": place, "name": name} for name, place in COCO_CLASS.items()]
    return {"images": images, "annotations": annotations, "categories": categories}, paths


def precision(truth: COCO, found: COCO, images: list, classes: list):
    run = COCOeval(truth, found, "bbox")
    run.params.imgIds, run.params.catIds = images, classes
    with contextlib.redirect_stdout(io.StringIO()):
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats[1], run.stats[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("street", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--size", type=int, default=SIDE, help="longer side of what the network sees, 416 at most")
    parser.add_argument("--score", type=float, default=0.001)
    parser.add_argument("--nms", type=float, default=0.65)
    args = parser.parse_args()
    truth, paths = truth_of(args.street, args.split)
    network, found = Yolox(args.model), []
    for number, path in paths.items():
        image = cv2.imread(str(path))
        if image is None:
            raise SystemExit(f"expected an image, make_street.py --video writes it\npath: {path}")
        for name, box, score in network.detect(image, args.size, args.score, args.nms):
            found.append({"image_id": number, "category_id": COCO_CLASS[name], "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        all_truth = COCO()
        all_truth.dataset = truth
        all_truth.createIndex()
        all_found = all_truth.loadRes(found)
    groups = {
        "all": list(paths),
        "video": [number for number, path in paths.items() if path.parent.name.startswith("video")],
        "cars": [number for number, path in paths.items() if path.parent.name.startswith("cars")],
    }
    print(f"{args.split}: {len(paths)} images, {len(truth['annotations'])} boxes")
    print(f"{'images':8}{'class':10}{'AP50':>8}{'AP':>8}")
    for group, images in groups.items():
        for name in ["both", *COCO_CLASS]:
            classes = list(COCO_CLASS.values()) if name == "both" else [COCO_CLASS[name]]
            at_half, over_all = precision(all_truth, all_found, images, classes)
            if at_half >= 0:
                print(f"{group:8}{name:10}{at_half:8.4f}{over_all:8.4f}")


if __name__ == "__main__":
    main()
