"""Makes the pictures and expected.json of this folder.

The expected detections come from Python's onnxruntime with pre- and
post-processing written here, in numpy and OpenCV, apart from the Rust code.

    python3 make.py PHOTOS MODELS

PHOTOS holds astronaut.png, basketball1.png and fast_alpr_test_image.png; MODELS is
the repository's models folder. Needs numpy, opencv-python-headless, onnxruntime.
"""

import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
PICTURES = {  # name: source, width
    "astronaut": ("astronaut.png", 320),
    "players": ("basketball1.png", 480),
    "plate": ("fast_alpr_test_image.png", 400),
}


def session(folder, name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    path = str(folder / name)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(model, blob):
    return model.run(None, {model.get_inputs()[0].name: np.ascontiguousarray(blob, np.float32)})


def overlap(a, b):
    left, top = np.maximum(a[:2], b[:2])
    right, bottom = np.minimum(a[2:], b[2:])
    common = max(0.0, right - left) * max(0.0, bottom - top)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    union = area(a) + area(b) - common
    return common / union if union > 0 else 0.0


def suppress(found, limit):
    """found: (label, score, box in fractions); boxes are clamped first."""
    found = [(l, s, np.clip(np.array(b, np.float64), 0, 1)) for l, s, b in found]
    found = [f for f in found if f[2][2] > f[2][0] and f[2][3] > f[2][1]]
    kept = []
    for one in sorted(found, key=lambda f: -f[1]):
        if all(one[0] != k[0] or overlap(one[2], k[2]) <= limit for k in kept):
            kept.append(one)
    return kept


def padded(image, scale, fill):
    """Scaled, then filled up on the right and below to multiples of 32."""
    height, width = image.shape[:2]
    size = (round(width * scale), round(height * scale))
    if scale != 1:
        image = cv2.resize(image, size)
    below, right = -size[1] % 32, -size[0] % 32
    filled = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=[fill] * 3)
    return filled.astype(np.float32), size


def objects(model, image, names):
    height, width = image.shape[:2]
    scale = min(416 / width, 416 / height)
    wide, high = round(width * scale), round(height * scale)
    left, top = (416 - wide) // 2, (416 - high) // 2
    canvas = np.zeros((416, 416, 3), np.float32)
    canvas[top : top + high, left : left + wide] = cv2.resize(image, (wide, high))
    canvas = (canvas - (103.53, 116.28, 123.675)) / (57.375, 57.12, 58.395)
    outputs = run(model, canvas.transpose(2, 0, 1)[None])
    found = []
    for level, stride in enumerate((8, 16, 32)):
        scores, bins = outputs[level][0], outputs[3 + level][0].reshape(-1, 4, 11).astype(np.float64)
        weights = np.exp(bins - bins.max(-1, keepdims=True))
        sides = (weights / weights.sum(-1, keepdims=True)) @ np.arange(11) * stride
        count = 416 // stride
        for cell in np.nonzero(scores.max(-1) >= 0.3)[0]:
            x, y = (cell % count + 0.5) * stride, (cell // count + 0.5) * stride
            l, t, r, b = sides[cell]
            box = [(x - l - left) / wide, (y - t - top) / high, (x + r - left) / wide, (y + b - top) / high]
            found.append((names[scores[cell].argmax()], float(scores[cell].max()), box))
    return suppress(found, 0.5)


def faces(model, image):
    blob, (wide, high) = padded(image, 1, 0)
    outputs = run(model, blob[:, :, ::-1].transpose(2, 0, 1)[None])
    heat, sizes, offsets = outputs[0][0, 0], outputs[1][0], outputs[2][0]
    found = []
    for y, x in np.argwhere(heat >= 0.4):
        height, width = np.exp(sizes[:, y, x].astype(np.float64)) * 4
        cy, cx = (y + offsets[0, y, x] + 0.5) * 4, (x + offsets[1, y, x] + 0.5) * 4
        box = [(cx - width / 2) / wide, (cy - height / 2) / high, (cx + width / 2) / wide, (cy + height / 2) / high]
        found.append(("face", float(heat[y, x]), box))
    return suppress(found, 0.3)


def plates(model, image):
    found = []
    for scale in (1, 2):
        blob, (wide, high) = padded(image, scale, 114)
        rows, columns = blob.shape[:2]
        boxes, scores, _ = run(model, (blob - (104, 117, 123)).transpose(2, 0, 1)[None])
        anchors = []
        for stride, sides in ((8, (24, 48)), (16, (96, 192)), (32, (384, 768))):
            for y in range(-(-rows // stride)):
                for x in range(-(-columns // stride)):
                    anchors += [((x + 0.5) * stride, (y + 0.5) * stride, side) for side in sides]
        anchors = np.array(anchors)
        for index in np.nonzero(scores[0, :, 1] >= 0.3)[0]:
            (x, y, side), move = anchors[index], boxes[0, index].astype(np.float64)
            cx, cy = x + move[0] * 0.1 * side, y + move[1] * 0.1 * side
            width, height = np.exp(move[2:] * 0.2) * side
            box = [(cx - width / 2) / wide, (cy - height / 2) / high, (cx + width / 2) / wide, (cy + height / 2) / high]
            found.append(("license_plate", float(scores[0, index, 1]), box))
    return suppress(found, 0.3)


def texts(model, image):
    blob, (wide, high) = padded(image, 1, 0)
    chance = run(model, ((blob / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None])[0][0, 0]
    count, regions, stats, _ = cv2.connectedComponentsWithStats((chance > 0.3).astype(np.uint8), connectivity=8)
    found = []
    for region in range(1, count):
        x, y, width, height = stats[region][:4].astype(float)
        score = float(chance[regions == region].mean())
        if min(width, height) < 3 or score < 0.5:
            continue
        grow = width * height * 1.6 / (2 * (width + height))
        box = [(x - grow) / wide, (y - grow) / high, (x + width + grow) / wide, (y + height + grow) / high]
        found.append(("text", score, box))
    return suppress(found, 0.7)


def main(photos, models):
    names = (HERE / "coco80.txt").read_text().split("\n")
    finders = {
        "nanodet_g_coco_416": lambda model, image: objects(model, image, names),
        "centerface_dyn": faces,
        "clp_det": plates,
        "ch_PP-OCRv4_det_infer": texts,
    }
    expected = {}
    for name, (source, width) in PICTURES.items():
        image = cv2.imread(str(photos / source))
        height = round(image.shape[0] * width / image.shape[1])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(HERE / f"{name}.png"), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        for stem, finder in finders.items():
            found = finder(session(models, stem + ".onnx"), image)
            rows = [{"label": l, "score": round(s, 6), "box": [round(float(v), 6) for v in b]} for l, s, b in found]
            expected.setdefault(name, {})[stem] = rows
            print(name, stem, [(r["label"], round(r["score"], 3)) for r in rows])
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
