#!/usr/bin/env python3
"""Makes the shipped models from their originals, and proves that it does no harm.

    python3 models/prepare.py ORIGINALS OUT PICTURE...

ORIGINALS holds the five files named in MODELS below, as README.md says where to
get them; OUT receives the files that lie beside this script; every PICTURE is
run through both versions of each model. Of three versions the first is taken
whose outputs move no further than the model's line in MODELS allows:

1. folded (fold.py) and with large weights stored in half precision, as float16
   followed by a `Cast` to float32, which ONNX Runtime folds when it loads them;
2. folded;
3. the original, as it is.

Needs: numpy, onnx 1.23, onnxruntime 1.32, pillow. Same input, same output bytes.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw, ImageFont

from fold import fold

# Biases and small tables are not worth a node each.
SMALLEST_TENSOR = 256


@dataclass(frozen=True)
class Model:
    """One model: how to feed it, and how far each output may move.

    `tolerance` bounds every output, in that output's own unit, except those in
    `at_peaks`: they are read, and bounded, only where `scores` exceeds `threshold`.
    Tensors of fewer than `smallest` numbers stay as they are.
    """

    file: str
    feed: Callable[[Image.Image], np.ndarray]
    tolerance: float
    scores: str
    threshold: float
    at_peaks: dict[str, float]
    smallest: int = SMALLEST_TENSOR


def letterboxed_bgr(image: Image.Image, side: int) -> np.ndarray:
    ratio = side / max(image.size)
    size = (round(image.width * ratio), round(image.height * ratio))
    canvas = np.zeros((side, side, 3), np.float32)
    bgr = np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32)[..., ::-1]
    normal = (bgr - (103.53, 116.28, 123.675)) / (57.375, 57.12, 58.395)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = normal
    return canvas


def at_multiple_of_32(image: Image.Image) -> Image.Image:
    return image.resize((max(32, image.width // 32 * 32), max(32, image.height // 32 * 32)))


def chw(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def feed_nanodet(image):
    return chw(letterboxed_bgr(image, 416))


def feed_centerface(image):
    return chw(np.asarray(at_multiple_of_32(image), np.float32))


def feed_plates(image):
    return chw(np.asarray(image, np.float32)[..., ::-1] - (104, 117, 123))


def feed_text(image):
    return chw((np.asarray(at_multiple_of_32(image), np.float32) / 255 - 0.5) / 0.5)


# Drawn over what a photograph shows there, in Pillow's own font, at these sizes.
LINES = {
    "Ausfahrt 42 km, Umleitung rechts!": 32,
    "SPEED LIMIT 55 / NO PARKING 8-18h": 27,
    "M-AB 1234   WOB-ZK 295   8T1 2940": 35,
    "coffee & tea: 3.50; www.example.org": 22,
}


def feed_lines(image):
    """Lines of text 640 x 48, each on a strip of the photograph of its own."""
    strips = []
    photograph = image.resize((640, 48 * len(LINES)))
    for index, (text, size) in enumerate(LINES.items()):
        strip = photograph.crop((0, 48 * index, 640, 48 * index + 48))
        ink = "white" if np.asarray(strip).mean() < 128 else "black"
        ImageDraw.Draw(strip).text((12, 24), text, ink, ImageFont.load_default(size), "lm")
        strips.append(chw((np.asarray(strip, np.float32)[..., ::-1] / 255 - 0.5) / 0.5))
    return np.concatenate(strips)


MODELS = [
    # Its weights were float16 in the package it comes from: nothing is lost.
    Model("nanodet_g_coco_416.onnx", feed_nanodet, 0.0, "Identity", 0.2, {}),
    # Scores to 0.01; where there is a face, log sizes and offsets (in cells of 4
    # pixels) to 0.02. Elsewhere these outputs are noise that nobody reads.
    Model("centerface_dyn.onnx", feed_centerface, 0.01, "537", 0.2, {"538": 0.02, "539": 0.02, "540": 0.02}),
    # loc is in units of 0.1 prior sizes; 0.02 of it is a tenth of a pixel on a plate of 48.
    Model("clp_det.onnx", feed_plates, 0.01, "conf", 0.2, {"loc": 0.02, "landms": 0.02}),
    Model("ch_PP-OCRv4_det_infer.onnx", feed_text, 0.01, "sigmoid_0.tmp_0", 0.2, {}),
    # Half of its biases and depthwise weights would move a probability by 0.034.
    Model("ch_PP-OCRv4_rec_infer.onnx", feed_lines, 0.02, "softmax_11.tmp_0", 0.2, {}, smallest=2048),
]


def half_precision(model: onnx.ModelProto, smallest: int) -> tuple[onnx.ModelProto, float]:
    """A copy with large float32 weights stored as float16, and the largest relative rounding in them."""
    small = onnx.ModelProto()
    small.CopyFrom(model)
    casts, worst = [], 0.0
    for tensor in small.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        full = numpy_helper.to_array(tensor)
        scale = np.abs(full).max(initial=0.0)
        if full.size < smallest or scale > np.finfo(np.float16).max:
            continue
        half = full.astype(np.float16)
        if scale > 0:
            worst = max(worst, float(np.abs(half.astype(np.float32) - full).max() / scale))
        name, stored = tensor.name, tensor.name + ".f16"
        tensor.CopyFrom(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node("Cast", [stored], [name], name=name + ".f32", to=TensorProto.FLOAT))
    constants = [node for node in small.graph.node if node.op_type == "Constant"]
    rest = [node for node in small.graph.node if node.op_type != "Constant"]
    del small.graph.node[:]
    small.graph.node.extend(constants + casts + rest)
    onnx.checker.check_model(small)
    return small, worst


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def peaks_of(model: Model, scores: np.ndarray) -> np.ndarray:
    """Where a decoder would read this output: one flag per cell or prior."""
    if model.file.startswith("clp"):
        return scores[0, :, 1] > model.threshold
    if model.scores == "537":
        return scores[0, 0] > model.threshold
    return scores > model.threshold


def largest_moves(model: Model, before: dict, after: dict) -> dict[str, float]:
    peaks = peaks_of(model, before[model.scores])
    moves = {}
    for name, old in before.items():
        difference = np.abs(after[name] - old)
        if name in model.at_peaks:
            cells = difference[0].transpose(1, 2, 0) if difference.ndim == 4 else difference[0]
            difference = cells[peaks]
        moves[name] = float(difference.max(initial=0.0))
    return moves


def milliseconds(run, times: int = 5) -> float:
    run()
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return 1000 * best


def moves_little(model: Model, before: onnx.ModelProto, after: onnx.ModelProto, pictures: list[Image.Image]) -> bool:
    """Whether the outputs for all pictures stay within the model's tolerances; prints how far they moved."""
    old, new = session(before), session(after)
    names = [output.name for output in old.get_outputs()]
    key = old.get_inputs()[0].name
    worst = dict.fromkeys(names, 0.0)
    peaks = 0
    for image in pictures:
        feed = {key: model.feed(image)}
        expected = dict(zip(names, old.run(None, feed)))
        found = dict(zip(names, new.run(None, feed)))
        peaks += int(peaks_of(model, expected[model.scores]).sum())
        for name, move in largest_moves(model, expected, found).items():
            worst[name] = max(worst[name], move)
    agrees = True
    for name, move in worst.items():
        allowed = model.at_peaks.get(name, model.tolerance)
        agrees &= move <= allowed
        print(f"    {name}: {'identical' if move == 0 else f'moves by {move:.2g}, allowed {allowed:g}'}")
    feed = {key: model.feed(pictures[0])}
    old_ms, new_ms = (milliseconds(lambda: run.run(None, feed)) for run in (old, new))
    print(f"    {peaks} scores over {model.threshold} compared; {old_ms:.1f} ms before, {new_ms:.1f} ms after, one thread")
    return agrees


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("originals", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    args = parser.parse_args()
    pictures = [Image.open(path).convert("RGB") for path in args.pictures]

    written = {}
    for model in MODELS:
        original = onnx.load(args.originals / model.file)
        folded = fold(original)
        half, rounding = half_precision(folded, model.smallest)
        print(f"{model.file}: largest rounding of a weight {rounding:.1e} of its tensor's largest")
        as_it_is = (args.originals / model.file).read_bytes()
        written[model.file] = as_it_is
        for name, version in {"folded and halved": half, "folded": folded}.items():
            print(f"  {name}:")
            if moves_little(model, original, version, pictures):
                written[model.file] = version.SerializeToString(deterministic=True)
                break
        print(f"  {len(as_it_is)} bytes before, {len(written[model.file])} after")

    args.out.mkdir(parents=True, exist_ok=True)
    for file, data in written.items():
        (args.out / file).write_bytes(data)
        print(hashlib.sha256(data).hexdigest(), file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
