"""The same steps of augmentation with OpenCV and NumPy, on one thread, beside ours.

    cargo build --release -p roadloop-train --example augment_speed
    python bench/train/augment.py --speed target/release/examples/augment_speed [--rounds 60]

needs the packages of `requirements-augment.txt`. Steps are YOLOX's, with the calls that its
data loader makes (cv2.resize, warpAffine, cvtColor, NumPy for the rest), from pictures of
1280x720 that are decoded already; each time is the mean of the faster half of the rounds, for
both. Without --speed only OpenCV's are printed.
"""

import argparse
import math
import random
import subprocess
import time

import cv2
import numpy as np

GRAY = (114, 114, 114)


def street(width, height, number):
    """Smooth slopes with noise, and twelve boxes: left, top, right, bottom, class."""
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(number)
    slopes = np.stack([(x * c + y * (4 - c) + 40 * number) // 16 for c in (1, 2, 3)], axis=-1)
    picture = (slopes + rng.integers(0, 8, slopes.shape)).astype(np.uint8)
    places = np.arange(12)
    left, top = width * places / 14, height * places / 16
    boxes = np.stack([left, top, left + width / 8, top + height / 8, places % 5], axis=-1)
    return picture, boxes


def resized(picture, side):
    height, width = picture.shape[:2]
    scale = min(side / height, side / width)
    size = int(width * scale + 1e-6), int(height * scale + 1e-6)
    return cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), scale


def tensor(picture):
    return np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32)


def letterbox(picture, side):
    small, _ = resized(picture, side)
    padded = np.full((side, side, 3), 114, dtype=np.uint8)
    padded[: small.shape[0], : small.shape[1]] = small
    return tensor(padded)


def mosaic(examples, side):
    """Four on a canvas twice as wide and high, around a point by lot."""
    canvas = np.full((2 * side, 2 * side, 3), 114, dtype=np.uint8)
    x, y = (int(random.uniform(0.5 * side, 1.5 * side)) for _ in range(2))
    moved = []
    for corner, (picture, boxes) in enumerate(examples):
        small, scale = resized(picture, side)
        height, width = small.shape[:2]
        left = x - width if corner % 2 == 0 else x
        top = y - height if corner < 2 else y
        first_x, first_y = max(left, 0), max(top, 0)
        last_x, last_y = min(left + width, 2 * side), min(top + height, 2 * side)
        canvas[first_y:last_y, first_x:last_x] = small[
            first_y - top : last_y - top, first_x - left : last_x - left
        ]
        boxes = boxes.copy()
        boxes[:, :4] = boxes[:, :4] * scale + (left, top, left, top)
        moved.append(boxes)
    boxes = np.concatenate(moved)
    np.clip(boxes[:, :4], 0, 2 * side, out=boxes[:, :4])
    return canvas, boxes


def affine(picture, boxes, side, scales):
    """Turned, scaled, sheared, shifted, around the middle."""
    angle, scale = math.radians(random.uniform(-10, 10)), random.uniform(*scales)
    shear_x, shear_y = (math.tan(math.radians(random.uniform(-2, 2))) for _ in range(2))
    shift = [side * random.uniform(0.4, 0.6) for _ in range(2)]
    sin, cos = scale * math.sin(angle), scale * math.cos(angle)
    matrix = np.array([[1, shear_x], [shear_y, 1]]) @ np.array([[cos, sin], [-sin, cos]])
    middle = np.array([picture.shape[1], picture.shape[0]]) / 2
    matrix = np.column_stack([matrix, np.array(shift) - matrix @ middle])
    picture = cv2.warpAffine(picture, matrix, (side, side), borderValue=GRAY)
    if len(boxes):
        corners = boxes[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
        corners = (corners @ matrix[:, :2].T + matrix[:, 2]).reshape(-1, 4, 2)
        after = boxes.copy()
        after[:, :2], after[:, 2:4] = corners.min(1), corners.max(1)
        np.clip(after[:, :4], 0, side, out=after[:, :4])
        before = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) * scale * scale
        width, height = after[:, 2] - after[:, 0], after[:, 3] - after[:, 1]
        longer = np.maximum(width, height) < 20 * np.minimum(width, height)
        boxes = after[(width > 2) & (height > 2) & (width * height > 0.1 * before) & longer]
    return picture, boxes


def mixup(picture, boxes, other, other_boxes):
    """Half of another one, scaled by lot."""
    side = picture.shape[0]
    small, scale = resized(other, side)
    padded = np.full((side, side, 3), 114, dtype=np.uint8)
    padded[: small.shape[0], : small.shape[1]] = small
    jitter = random.uniform(0.5, 1.5)
    padded = cv2.resize(padded, (int(side * jitter), int(side * jitter)))
    flipped = random.random() > 0.5
    if flipped:
        padded = padded[:, ::-1]
    across = padded.shape[0]
    window = np.zeros((max(across, side), max(across, side), 3), dtype=np.uint8)
    window[:across, :across] = padded
    x, y = (random.randint(0, max(across - side, 0)) for _ in range(2))
    window = window[y : y + side, x : x + side]
    moved = other_boxes.copy()
    moved[:, :4] *= scale * jitter
    if flipped:
        moved[:, [0, 2]] = across - moved[:, [2, 0]]
    moved[:, :4] = np.clip(moved[:, :4] - (x, y, x, y), 0, side)
    keep = (moved[:, 2] - moved[:, 0] > 5) & (moved[:, 3] - moved[:, 1] > 5)
    mixed = 0.5 * picture.astype(np.float32) + 0.5 * window.astype(np.float32)
    return mixed.astype(np.uint8), np.concatenate([boxes, moved[keep]])


def hsv(picture):
    shift = np.random.uniform(-1, 1, 3) * (5, 30, 30) * np.random.randint(0, 2, 3)
    shift = shift.astype(np.int16)
    parts = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.int16)
    parts[..., 0] = (parts[..., 0] + shift[0]) % 180
    parts[..., 1] = np.clip(parts[..., 1] + shift[1], 0, 255)
    parts[..., 2] = np.clip(parts[..., 2] + shift[2], 0, 255)
    return cv2.cvtColor(parts.astype(np.uint8), cv2.COLOR_HSV2RGB)


def flip(picture, boxes):
    boxes = boxes.copy()
    boxes[:, [0, 2]] = picture.shape[1] - boxes[:, [2, 0]]
    return np.ascontiguousarray(picture[:, ::-1]), boxes


def recipe(examples, side, mosaics, scales, mixes):
    if random.random() < mosaics:
        picture, boxes = affine(*mosaic(random.choices(examples, k=4), side), side, scales)
        if mixes and len(boxes):
            picture, boxes = mixup(picture, boxes, *random.choice(examples))
    else:
        picture, boxes = random.choice(examples)
    picture = hsv(picture)
    if random.random() < 0.5:
        picture, boxes = flip(picture, boxes)
    return letterbox(picture, side) if picture.shape[0] != side or picture.shape[1] != side else tensor(picture)


def timed(rounds, work):
    """The mean of the faster half, in milliseconds: the machine has others to serve."""
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - start))
    times.sort()
    half = times[: (len(times) + 1) // 2]
    return sum(half) / len(half)


def measured(rounds):
    cameras = [street(1280, 720, number) for number in range(8)]
    times = {}
    for side in (416, 640):
        squares = [street(side, side, number) for number in range(8)]

        def report(name, work):
            times[side, name] = timed(rounds, work)

        report("copy", lambda n: squares[n % 8][0].copy())
        report("affine", lambda n: affine(*squares[n % 8], side, (0.1, 2.0)))
        report("hsv", lambda n: hsv(squares[n % 8][0]))
        report("flip", lambda n: flip(*squares[n % 8]))
        report("resize", lambda n: resized(cameras[n % 8][0], side))
        report("letterbox", lambda n: letterbox(cameras[n % 8][0], side))
        report("tensor", lambda n: tensor(squares[n % 8][0]))

        def mosaic_affine(_):
            return affine(*mosaic(random.choices(cameras, k=4), side), side, (0.1, 2.0))

        report("mosaic+affine", mosaic_affine)
        report("mosaic+affine+mixup", lambda n: mixup(*mosaic_affine(n), *random.choice(cameras)))
        report("recipe-yolox", lambda _: recipe(cameras, side, 1.0, (0.1, 2.0), True))
        report("recipe-yolox-tiny", lambda _: recipe(cameras, side, 1.0, (0.5, 1.5), False))
        report("recipe-yolox-nano", lambda _: recipe(cameras, side, 0.5, (0.5, 1.5), False))
        report("recipe-yolox-closing", lambda _: recipe(cameras, side, 0.0, (1.0, 1.0), False))
    return times


def ours(program, rounds):
    lines = subprocess.run([program, str(rounds)], check=True, capture_output=True, text=True).stdout
    fields = (line.split() for line in lines.splitlines())
    return {(int(side), name): float(ms) for side, name, ms in fields}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", help="the example augment_speed of roadloop-train")
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    random.seed(1)
    np.random.seed(1)
    theirs = measured(arguments.rounds)
    found = ours(arguments.speed, arguments.rounds) if arguments.speed else {}
    print(f"OpenCV {cv2.__version__}, NumPy {np.__version__}; ms a picture, one thread")
    print(f"{'side':>4} {'step':22} {'OpenCV':>8} {'ours':>8} {'ratio':>6}")
    for key in [key for key in theirs] + [key for key in found if key not in theirs]:
        side, name = key
        there, here = theirs.get(key), found.get(key)
        show = lambda ms: f"{ms:8.2f}" if ms is not None else f"{'':>8}"
        ratio = f"{here / there:6.2f}" if there and here else ""
        print(f"{side:>4} {name:22} {show(there)} {show(here)} {ratio}")


if __name__ == "__main__":
    main()
