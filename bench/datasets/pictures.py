"""Pictures to measure with: 1280x720, as cameras of cars give them.

Frames of a street video and photographs, brought to the size, with the noise of a sensor,
as PNG (what a raw topic becomes) and as JPEG (what a compressed topic holds). Boxes are
drawn by lot, the same for each seed.

    python pictures.py <video.avi> <folder of photographs> <folder to fill> [how many]
"""

import json
import random
import sys
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 1280, 720
CLASSES = ["car", "person", "bicycle", "truck", "traffic light"]


def sources(video, photos):
    """Frames and photographs, over and over."""
    still = [cv2.imread(str(path)) for path in sorted(Path(photos).iterdir()) if path.suffix in (".png", ".jpg")]
    still = [picture for picture in still if picture is not None]
    while True:
        capture = cv2.VideoCapture(str(video))
        number = 0
        while True:
            there, frame = capture.read()
            if not there:
                break
            yield frame if number % 5 else still[(number // 5) % len(still)]
            number += 1


def boxes(rng):
    """Class, left, top, width and height in pixels of up to twelve things."""
    found = []
    for _ in range(rng.randint(0, 12)):
        width, height = rng.randint(8, 400), rng.randint(8, 300)
        left, top = rng.randint(0, WIDTH - width), rng.randint(0, HEIGHT - height)
        found.append([rng.randrange(len(CLASSES)), left, top, width, height])
    return found


def main():
    video, photos, folder = sys.argv[1:4]
    many = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
    folder = Path(folder)
    for form in ("png", "jpg"):
        (folder / form).mkdir(parents=True, exist_ok=True)
    rng, noise_rng = random.Random(7), np.random.default_rng(7)
    # Noise is dear to make: one large field of it, another corner for each picture.
    noise = noise_rng.normal(0, 3, (HEIGHT + 64, WIDTH + 64, 3)).astype(np.float32)
    labels = []
    for number, picture in zip(range(many), sources(video, photos)):
        picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        y, x = rng.randrange(64), rng.randrange(64)
        picture = cv2.add(picture.astype(np.float32), noise[y : y + HEIGHT, x : x + WIDTH])
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        name = f"{number:06}"
        cv2.imwrite(str(folder / "png" / f"{name}.png"), picture)
        cv2.imwrite(str(folder / "jpg" / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        labels.append({"name": name, "boxes": boxes(rng)})
    (folder / "labels.json").write_text(json.dumps({"classes": CLASSES, "images": labels}))


if __name__ == "__main__":
    main()
