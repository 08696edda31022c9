#!/usr/bin/env python3
"""Detection as one would write it in Python: onnxruntime with OpenCV around it.

    python3 bench/detect_peer.py DIR [--workers 1] [--threads N] [--rounds 1]

Reads every JPEG and PNG below DIR, letterboxes it, runs NanoDet, decodes only the
candidates above the threshold, and suppresses per class: everything between the
file and its boxes, nothing else. `--workers` pictures are worked on at once, each
run of the model with `--threads` threads; the session is shared. One run warms up.
"""

import argparse
import resource
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

MODEL = Path(__file__).resolve().parent.parent / "models/nanodet_g_coco_416.onnx"
OUTPUTS = ["Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5"]
SIDE, STRIDES, BINS = 416, (8, 16, 32), np.arange(11, dtype=np.float32)
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
SCALE = 1 / np.array([57.375, 57.12, 58.395], np.float32)
NMS_OVERLAP = 0.6


class Detector:
    def __init__(self, model: Path, threads: int, threshold: float):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.threshold = threshold

    def detect(self, path: Path) -> list:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        tensor, ratio, left, top = self.prepare(image)
        outputs = self.session.run(OUTPUTS, {"input_1": tensor})
        boxes, scores, labels = self.decode(outputs, ratio, left, top)
        if not len(boxes):
            return []
        kept = cv2.dnn.NMSBoxesBatched(boxes, scores, labels, self.threshold, NMS_OVERLAP)
        return [(int(labels[i]), float(scores[i]), boxes[i]) for i in kept]

    def prepare(self, image: np.ndarray):
        height, width = image.shape[:2]
        ratio = SIDE / max(height, width)
        size = (round(width * ratio), round(height * ratio))
        left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
        small = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        tensor = np.zeros((1, 3, SIDE, SIDE), np.float32)
        inside = tensor[0, :, top : top + size[1], left : left + size[0]]
        inside[:] = ((small.astype(np.float32) - MEAN) * SCALE).transpose(2, 0, 1)
        return tensor, ratio, left, top

    def decode(self, outputs, ratio, left, top):
        boxes, scores, labels = [], [], []
        for level, stride in enumerate(STRIDES):
            classes = outputs[level][0]
            best = classes.max(axis=1)
            cells = np.flatnonzero(best > self.threshold)
            if not len(cells):
                continue
            bins = outputs[level + 3][0][cells].reshape(-1, 4, len(BINS))
            bins = np.exp(bins - bins.max(axis=2, keepdims=True))
            distance = (bins @ BINS) / bins.sum(axis=2) * stride
            per_row = SIDE // stride
            centre_x, centre_y = (cells % per_row + 0.5) * stride, (cells // per_row + 0.5) * stride
            x, y = (centre_x - distance[:, 0] - left) / ratio, (centre_y - distance[:, 1] - top) / ratio
            size = (distance[:, :2] + distance[:, 2:]) / ratio
            boxes.append(np.column_stack([x, y, size]))
            scores.append(best[cells])
            labels.append(classes[cells].argmax(axis=1))
        if not boxes:
            return [], [], []
        return np.concatenate(boxes).astype(np.float64), np.concatenate(scores), np.concatenate(labels)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threshold", type=float, default=0.35)
    args = parser.parse_args()

    paths = sorted(path for path in args.folder.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise SystemExit(f"no pictures\npath: {args.folder}")
    cv2.setNumThreads(1)
    detector = Detector(args.model, args.threads, args.threshold)
    detector.detect(paths[0])

    cpu, wall = cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(args.workers) as pool:
        found = list(pool.map(detector.detect, paths * args.rounds))
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    labels = Counter(label for boxes in found for label, _, _ in boxes)
    print(
        f"{args.workers} workers x {args.threads} threads: {len(found)} images, {len(found) / wall:.1f} images/s, "
        f"{1000 * cpu / len(found):.1f} ms CPU per image, {sum(labels.values())} boxes"
    )


if __name__ == "__main__":
    main()
