#!/usr/bin/env python3
"""Makes the dataset *shapes*: drawn scenes whose boxes are known exactly.

    python3 bench/train/make_shapes.py OUT [--images 300/100/100] [--size 320] [--seed 20260601]

Writes `OUT/annotations/instances_{train,val,test}.json` (COCO) and the pictures in
`OUT/{train,val,test}/`, as `roadloop dataset import OUT --from coco --as shapes` takes
them. Four classes, circle, square, triangle and star (five points), each from 12 to 140
pixels wide, turned, coloured, striped or only an outline, on gradients, clouds, stripes
and checks, between things that are none of the four (bars, crosses, ellipses, arcs,
dots), then blurred, given noise, and packed as JPEG.

A box is the extent of the shape's outline, from its corners and not from its pixels, as
it would be without what covers it, cut at the edge of the picture. A shape is only kept
where at least 60 % of it stays in sight, and at least 80 % of its extent lies inside the
picture, so that nothing is drawn and not labelled.

Every picture has a random generator of its own, seeded by the split and its number: more
pictures change none of the earlier ones, and the same versions write the same bytes.

Needs: numpy 2.4, pillow 13.0
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("circle", "square", "triangle", "star")
SPLITS = ("train", "val", "test")
SMALLEST, LARGEST = 12, 140
LEAST_IN_SIGHT = 0.6
LEAST_INSIDE = 0.8
# The inner corners of a regular five-pointed star lie at 0.38 of its outer ones; a little
# more is still a star when it is 12 pixels wide.
STAR_INNER = 0.45
# Shapes are drawn this much larger and then made smaller, which smooths their edges.
OVERSAMPLED = 4
JPEG_QUALITY = 88


# ---- backgrounds ------------------------------------------------------------


def colour(rng) -> np.ndarray:
    return rng.integers(15, 241, 3).astype(np.float32)


def background(rng, size: int) -> np.ndarray:
    """A picture of `size` x `size` x 3, float32 from 0 to 255."""
    kind = rng.choice(["gradient", "clouds", "stripes", "checks"], p=[0.3, 0.4, 0.15, 0.15])
    first, second = colour(rng), colour(rng)
    second = first + (second - first) * rng.uniform(0.15, 0.7)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    angle = rng.uniform(0, 2 * math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    if kind == "gradient":
        amount = (along - along.min()) / (along.max() - along.min())
    elif kind == "clouds":
        amount = clouds(rng, size)
    elif kind == "stripes":
        amount = 0.5 + 0.5 * np.sin(along * rng.uniform(15, 90))
    else:
        across = -x * math.sin(angle) + y * math.cos(angle)
        cells = rng.uniform(4, 16)
        amount = ((np.floor(along * cells) + np.floor(across * cells)) % 2).astype(np.float32)
    return first + (second - first) * amount[:, :, None]


def clouds(rng, size: int) -> np.ndarray:
    """Noise of several sizes, one over the other, from 0 to 1."""
    total = np.zeros((size, size), np.float32)
    weight = 1.0
    for cells in (3, 6, 12, 24, 48):
        coarse = Image.fromarray(rng.random((cells, cells)).astype(np.float32))
        total += weight * np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
        weight *= rng.uniform(0.4, 0.8)
    return (total - total.min()) / (total.max() - total.min())


# ---- shapes -----------------------------------------------------------------


def corners_of(kind: str, radius: float, angle: float) -> np.ndarray:
    """Corners around (0, 0), all of them at most `radius` away; none for a circle."""
    if kind == "star":
        turns = angle + np.arange(10) * math.pi / 5
        radii = radius * np.where(np.arange(10) % 2 == 0, 1.0, STAR_INNER)
    else:
        count = {"square": 4, "triangle": 3}[kind]
        turns = angle + np.arange(count) * 2 * math.pi / count
        radii = np.full(count, radius)
    return np.column_stack([radii * np.cos(turns), radii * np.sin(turns)])


class Shape:
    """One shape: its outline, its extent, and how much of each pixel it covers."""

    def __init__(self, rng, size: int, kind: str):
        self.kind = kind
        width = math.exp(rng.uniform(math.log(SMALLEST), math.log(LARGEST)))
        angle = rng.uniform(0, 2 * math.pi)
        corners = None if kind == "circle" else corners_of(kind, 1.0, angle)
        half = np.ones(2) if corners is None else (corners.max(0) - corners.min(0)) / 2
        radius = width / 2 / half.max()
        centre = rng.uniform(0, size, 2)
        if corners is None:
            low, high = centre - radius, centre + radius
        else:
            corners = corners * radius + centre
            low, high = corners.min(0), corners.max(0)
        self.centre, self.radius, self.corners = centre, radius, corners
        cut_low, cut_high = np.maximum(low, 0), np.minimum(high, size)
        self.inside = float(np.prod(np.maximum(cut_high - cut_low, 0)) / np.prod(high - low))
        self.extent = (*cut_low, *cut_high)
        self.size = size

    def mask(self, shrunk: float = 1.0) -> np.ndarray:
        """The covered part of each pixel, 0 to 1, of the shape or of a smaller one within."""
        low = np.maximum(np.floor(self.centre - self.radius - 1), 0).astype(int)
        high = np.minimum(np.ceil(self.centre + self.radius + 1), self.size).astype(int)
        tile = Image.new("L", tuple(int(side) * OVERSAMPLED for side in high - low))
        draw = ImageDraw.Draw(tile)
        centre = (self.centre - low) * OVERSAMPLED
        radius = self.radius * OVERSAMPLED * shrunk
        if self.corners is None:
            draw.ellipse([*(centre - radius), *(centre + radius)], fill=255)
        else:
            corners = (self.corners - self.centre) * OVERSAMPLED * shrunk + centre
            draw.polygon([tuple(corner) for corner in corners], fill=255)
        mask = np.zeros((self.size, self.size), np.float32)
        mask[low[1] : high[1], low[0] : high[0]] = np.asarray(tile.reduce(OVERSAMPLED), np.float32) / 255
        return mask


def paint(rng, picture: np.ndarray, shape: Shape, mask: np.ndarray) -> None:
    """Draws the shape over `picture`, in a colour that can be told from what is below."""
    below = picture[mask > 0.5].mean(0) if (mask > 0.5).any() else picture.mean((0, 1))
    fill = colour(rng)
    while np.abs(fill - below).sum() < 120:
        fill = colour(rng)
    style = rng.choice(["plain", "shaded", "striped", "edged", "outline"], p=[0.4, 0.2, 0.12, 0.18, 0.1])
    if style == "outline" and shape.radius < 14:
        style = "plain"
    paint_on = np.broadcast_to(fill, picture.shape).copy()
    y, x = np.mgrid[: shape.size, : shape.size].astype(np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    along = ((x - shape.centre[0]) * math.cos(angle) + (y - shape.centre[1]) * math.sin(angle)) / shape.radius
    if style == "shaded":
        paint_on += np.clip(along, -1, 1)[:, :, None] * rng.uniform(20, 50)
    elif style == "striped":
        bright = np.sin(along * rng.uniform(6, 14)) > 0
        paint_on += np.where(bright, 25.0, -25.0)[:, :, None]
    elif style == "edged":
        within = shape.mask(0.82)[:, :, None]
        paint_on = paint_on * within + colour(rng) * (1 - within)
    elif style == "outline":
        mask = mask - shape.mask(rng.uniform(0.6, 0.75))
    picture += (paint_on - picture) * mask[:, :, None]


def distract(rng, picture: np.ndarray) -> None:
    """Draws something that is none of the four shapes."""
    size = picture.shape[0]
    kind = rng.choice(["bar", "cross", "ellipse", "arc", "dots"])
    length = rng.uniform(15, 80)
    x, y = rng.uniform(0, size, 2) * 2
    tile = Image.new("L", (400, 400))
    pen = ImageDraw.Draw(tile)
    thin = length * rng.uniform(0.08, 0.25)
    if kind in ("bar", "cross"):
        pen.rectangle([200 - length, 200 - thin, 200 + length, 200 + thin], fill=255)
        if kind == "cross":
            pen.rectangle([200 - thin, 200 - length, 200 + thin, 200 + length], fill=255)
    elif kind == "ellipse":
        thin = length * rng.uniform(0.2, 0.4)
        pen.ellipse([200 - length, 200 - thin, 200 + length, 200 + thin], fill=255)
    elif kind == "arc":
        extent = rng.uniform(60, 180)
        pen.arc([200 - length, 200 - length, 200 + length, 200 + length], 0, extent, fill=255, width=max(3, round(thin)))
    else:
        for dot_x, dot_y in rng.uniform(-length, length, (12, 2)) + 200:
            pen.ellipse([dot_x - 3, dot_y - 3, dot_x + 3, dot_y + 3], fill=255)
    tile = tile.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC)
    # Twice as large, as edges are smoother then; the tile is what may be turned.
    place = Image.new("L", (size * 2, size * 2))
    place.paste(tile, (round(x) - 200, round(y) - 200))
    mask = np.asarray(place.reduce(2), np.float32) / 255 * rng.uniform(0.6, 1.0)
    picture += (colour(rng) - picture) * mask[:, :, None]


# ---- scenes -----------------------------------------------------------------


def scene(rng, size: int):
    """A picture (uint8) and its labels: (class, left, top, right, bottom), the furthest first."""
    picture = background(rng, size)
    for _ in range(rng.integers(1, 6)):
        distract(rng, picture)
    kept = []
    for _ in range(rng.integers(2, 9)):
        for _ in range(20):
            shape = Shape(rng, size, str(rng.choice(CLASSES)))
            if shape.inside < LEAST_INSIDE:
                continue
            mask = shape.mask()
            in_sight = [seen * (1 - mask) for _, _, seen in kept]
            if all(seen.sum() >= LEAST_IN_SIGHT * full for seen, (_, full, _) in zip(in_sight, kept)):
                paint(rng, picture, shape, mask)
                kept = [(other, full, seen) for (other, full, _), seen in zip(kept, in_sight)]
                kept.append((shape, float(mask.sum()), mask))
                break
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    noisy = np.asarray(image, np.float32) * rng.uniform(0.7, 1.1)
    noisy = noisy + rng.normal(0, rng.uniform(0, 14), noisy.shape)
    labels = [(CLASSES.index(shape.kind), *shape.extent) for shape, _, _ in kept]
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)), labels


def write_split(out: Path, split: str, count: int, size: int, seed: int) -> dict:
    folder = out / split
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number in range(count):
        rng = np.random.default_rng([seed, SPLITS.index(split), number])
        image, labels = scene(rng, size)
        name = f"{split}-{number:04}.jpg"
        image.save(folder / name, quality=JPEG_QUALITY)
        images.append({"id": number + 1, "file_name": name, "width": size, "height": size})
        for label, left, top, right, bottom in labels:
            left, top, right, bottom = (round(float(side), 3) for side in (left, top, right, bottom))
            box = [left, top, round(right - left, 3), round(bottom - top, 3)]
            annotations.append({
                "id": len(annotations) + 1,
                "image_id": number + 1,
                "category_id": label + 1,
                "bbox": box,
                "area": round(box[2] * box[3], 3),
                "iscrowd": 0,
            })
    return {
        "info": {"description": f"shapes: drawn scenes, {split}, seed {seed}"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": place + 1, "name": name} for place, name in enumerate(CLASSES)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", default="300/100/100", help="for training, validation, test")
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--seed", type=int, default=20260601)
    args = parser.parse_args()
    counts = [int(part) for part in args.images.split("/")]
    if len(counts) != len(SPLITS):
        parser.error(f"--images takes three numbers, as 300/100/100; got {args.images}")
    (args.out / "annotations").mkdir(parents=True, exist_ok=True)
    for split, count in zip(SPLITS, counts):
        written = write_split(args.out, split, count, args.size, args.seed)
        text = json.dumps(written, indent=None, separators=(",", ":"))
        (args.out / "annotations" / f"instances_{split}.json").write_text(text + "\n")
        print(f"{split}: {len(written['images'])} images, {len(written['annotations'])} boxes")


if __name__ == "__main__":
    main()
