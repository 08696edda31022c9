#!/usr/bin/env python3
"""Reads pictures with roadloop and with rapidocr, and counts the letters each gets wrong.

    cargo build --release -p roadloop-vision --example read
    python3 models/read_peer.py target/release/examples/read FONTS OUT [PICTURE...]

FONTS holds the DejaVu and Liberation fonts named below, in any folder; OUT receives
the pictures made here, whose text is known. Lines are paired with the text, the most
similar first; letters of a line that nobody wrote count as wrong too. For every PICTURE,
whose text is not known, both readings are printed, and how far they are apart.

Needs: numpy, pillow, rapidocr-onnxruntime 1.4.4.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr_onnxruntime import RapidOCR

MODELS = Path(__file__).resolve().parent
LINES = [
    ["Ausfahrt 42 km", "SPEED LIMIT 55", "Umleitung: Hauptstr. 17"],
    ["The quick brown fox jumps over the lazy dog", "Invoice No. 20261125", "Total: EUR 1,234.56"],
    ["No Parking 8-18h", "Coffee & Tea 3.50", "www.example.org/menu"],
    ["Road work until 30.11.", "ROAD WORK AHEAD", "Left lane must turn left"],
    ["M-AB 1234", "Gate 7B closes 14:05", "Bakery open Mon-Sat"],
    ["Please keep off the grass!", "Flughafen Terminal 2", "Exit 12 / 1 mile", "B 471 Dachau"],
]
FONTS = [
    "DejaVuSans",
    "DejaVuSerif-Bold",
    "LiberationMono-Bold",
    "LiberationSans-Regular",
    "LiberationSansNarrow-Regular",
    "LiberationSerif-Italic",
]
SIZES = [12, 18, 28, 48]
# How the picture is turned after the lines are drawn, clockwise, in degrees.
TURNS = {"straight": 0, "10 degrees": 10, "30 degrees": -30, "downwards": 90, "upwards": -90, "on its head": 180}


def picture(lines: list[str], font: Path, size: int, degrees: int, seed: int) -> Image.Image:
    """Lines below each other, on a background that fades and is not quite smooth."""
    random = np.random.default_rng(seed)
    letters = ImageFont.truetype(font, size)
    width = int(max(letters.getlength(line) for line in lines)) + 4 * size
    height = 2 * size * len(lines) + 2 * size
    side = int(np.hypot(width, height)) if degrees % 90 else 0
    ink = Image.new("L", (max(width, side), max(height, side)))
    left, top = (ink.width - width) // 2, (ink.height - height) // 2
    for index, line in enumerate(lines):
        place = (left + 2 * size, top + size + 2 * size * index)
        ImageDraw.Draw(ink).text(place, line, 255, letters)
    ink = ink.rotate(-degrees, Image.Resampling.BICUBIC, expand=degrees % 90 == 0)
    dark = seed % 2 == 0
    fade = np.linspace(40, 80, ink.width)[None] + random.normal(0, 4, (ink.height, ink.width))
    back = fade if dark else 255 - fade
    share = np.asarray(ink, float) / 255
    gray = back * (1 - share) + (235 if dark else 25) * share
    return Image.fromarray(gray.clip(0, 255).astype(np.uint8)).convert("RGB")


def distance(a: str, b: str) -> int:
    """Letters to add, drop or change."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def wrong(truth: list[str], read: list[str]) -> int:
    pairs = sorted((distance(t, r), i, j) for i, t in enumerate(truth) for j, r in enumerate(read))
    total, texts, readings = 0, dict(enumerate(truth)), dict(enumerate(read))
    for letters, i, j in pairs:
        if i in texts and j in readings and letters < max(len(texts[i]), len(readings[j])):
            total += letters
            del texts[i], readings[j]
    return total + sum(map(len, texts.values())) + sum(map(len, readings.values()))


def roadloop(binary: Path, files: list[Path]) -> tuple[dict[Path, list[str]], float]:
    """What is read in each file, and milliseconds for each, of those with text."""
    finder, recogniser = (MODELS / f"ch_PP-OCRv4_{part}_infer.onnx" for part in ("det", "rec"))
    output = subprocess.run([binary, finder, recogniser, *files], check=True, capture_output=True, text=True).stdout
    read, times = {file: [] for file in files}, {}
    for line in map(json.loads, output.splitlines()):
        read[Path(line["picture"])].append(line["text"])
        times[line["picture"]] = line["picture_ms"]
    return read, sum(times.values()) / max(1, len(times))


def rapidocr(files: list[Path]) -> tuple[dict[Path, list[str]], float]:
    engine, read = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1), {}
    start = time.perf_counter()
    for file in files:
        read[file] = [text for _, text, _ in engine(str(file))[0] or []]
    return read, 1000 * (time.perf_counter() - start) / max(1, len(files))


def right_words(truth: list[str], read: list[str]) -> int:
    words, found = (Counter(" ".join(lines).split()) for lines in (truth, read))
    return (words & found).total()


def without_spaces(lines: list[str]) -> list[str]:
    return ["".join(line.split()) for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("fonts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--worst", type=int, default=0, help="print the pictures with most letters wrong")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    fonts = {path.stem: path for path in args.fonts.rglob("*.ttf")}
    truth, group = {}, {}
    for turn, degrees in TURNS.items():
        for font in FONTS:
            for size in SIZES:
                lines = LINES[len(truth) % len(LINES)]
                file = args.out / f"{turn.replace(' ', '-')}-{font}-{size}.png"
                picture(lines, fonts[font], size, degrees, len(truth)).save(file)
                truth[file], group[file] = lines, turn
    files = [*truth, *args.pictures]
    readers = {"roadloop": roadloop(args.binary, files), "rapidocr": rapidocr(files)}

    print(f"{len(truth)} pictures made here; letters wrong of 100, without counting spaces, words right of 100")
    for turn in [*TURNS, "all"]:
        chosen = [file for file in truth if turn in (group[file], "all")]
        row = [f"{turn:12}"]
        for name, (read, _) in readers.items():
            rates = []
            for simplify in (list, without_spaces):
                letters = sum(len(line) for file in chosen for line in simplify(truth[file]))
                rates.append(100 * sum(wrong(simplify(truth[file]), simplify(read[file])) for file in chosen) / letters)
            words = sum(len(line.split()) for file in chosen for line in truth[file])
            right = 100 * sum(right_words(truth[file], read[file]) for file in chosen) / words
            row.append(f"{name} {rates[0]:5.2f} {rates[1]:5.2f} {right:5.1f}")
        print("  ".join(row))
    for name, (_, milliseconds) in readers.items():
        print(f"{name}: {milliseconds:.0f} ms a picture, one thread")
    ours, theirs = (read for read, _ in readers.values())
    worst = sorted(truth, key=lambda file: -wrong(truth[file], ours[file]))[: args.worst]
    for file in [*worst, *args.pictures]:
        apart = wrong(theirs[file], ours[file])
        print(f"{file.name}: {apart} letters apart\n  roadloop {ours[file]}\n  rapidocr {theirs[file]}")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
