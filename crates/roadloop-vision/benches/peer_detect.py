"""The peer of examples/detect_bench.rs: the same model on the same pictures
with Python's onnxruntime, OpenCV and numpy.

    python3 peer_detect.py MODEL FOLDER [THREADS] [ROUNDS]

Written as one would for speed: arrays instead of loops, one decode per file,
boxes only for cells over the threshold, OpenCV's suppression.
"""

import pathlib
import resource
import sys
import time

import cv2
import numpy as np
import onnxruntime

MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
SIDE = 416


def letterbox(image):
    height, width = image.shape[:2]
    scale = min(SIDE / width, SIDE / height)
    wide, high = round(width * scale), round(height * scale)
    left, top = (SIDE - wide) // 2, (SIDE - high) // 2
    canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
    canvas[top : top + high, left : left + wide] = cv2.resize(image, (wide, high))
    blob = ((canvas.astype(np.float32) - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    return np.ascontiguousarray(blob), (left, top, wide, high)


def decode(outputs, frame, least=0.3, limit=0.5):
    left, top, wide, high = frame
    boxes, scores, classes = [], [], []
    for level, stride in enumerate((8, 16, 32)):
        best = outputs[level][0].max(-1)
        cells = np.nonzero(best >= least)[0]
        if not len(cells):
            continue
        bins = outputs[3 + level][0][cells].reshape(-1, 4, 11)
        weights = np.exp(bins - bins.max(-1, keepdims=True))
        sides = (weights / weights.sum(-1, keepdims=True)) @ np.arange(11, dtype=np.float32) * stride
        count = SIDE // stride
        x, y = (cells % count + 0.5) * stride - left, (cells // count + 0.5) * stride - top
        boxes.append(np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], 1))
        scores.append(best[cells])
        classes.append(outputs[level][0][cells].argmax(-1))
    if not boxes:
        return []
    boxes, scores, classes = np.concatenate(boxes), np.concatenate(scores), np.concatenate(classes)
    corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    kept = cv2.dnn.NMSBoxesBatched(corners.tolist(), scores.tolist(), classes.tolist(), least, limit)
    return [(int(classes[i]), float(scores[i]), boxes[i] / (wide, high, wide, high)) for i in kept]


def main():
    model, folder = sys.argv[1:3]
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    cv2.setNumThreads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    files = sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix in (".png", ".jpg"))
    phases = {"read": 0.0, "prepare": 0.0, "run": 0.0, "decode": 0.0}
    found = 0

    def look(path):
        nonlocal found
        t0 = time.perf_counter()
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        t1 = time.perf_counter()
        blob, frame = letterbox(image)
        t2 = time.perf_counter()
        outputs = session.run(None, {name: blob})
        t3 = time.perf_counter()
        found += len(decode(outputs, frame))
        t4 = time.perf_counter()
        for phase, seconds in zip(phases, (t1 - t0, t2 - t1, t3 - t2, t4 - t3)):
            phases[phase] += seconds

    look(files[0])  # warm-up
    phases = dict.fromkeys(phases, 0.0)
    found = 0
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        for path in files:
            look(path)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    images = rounds * len(files)
    print(f"{images} images, {found} detections, {images / wall:.1f} images/s, {1000 * cpu / images:.2f} ms CPU per image")
    print(", ".join(f"{phase} {1000 * seconds / images:.2f} ms" for phase, seconds in phases.items()))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


main()
