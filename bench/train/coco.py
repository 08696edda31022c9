"""Holds our evaluation against others' over many invented cases, and against the clock.

    cargo build --release -p roadloop-evaluate --examples
    python bench/train/coco.py [--examples target/release/examples] [--cases 200]
    python bench/train/coco.py --speed [IMAGES BOXES]

needs `pip install pycocotools numpy` beside this interpreter.

1. COCO: pycocotools gives the same twelve numbers, and the same AP of each class.
2. VOC: mAP by eleven points and by the whole curve, computed here from the definition (and
   the rules of GluonCV's VOC07MApMetric: whole pixels, the best truth even where it is taken).
3. With `--speed`: one large case, given to both; seconds of each, and whether they agree.

Prints a line for each check; ends with 1 where any failed.
"""

import argparse
import contextlib
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NEAR = 1e-9
TWELVE = [
    "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
    "ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large",
]


def invented(seed):
    """Whole pixels and scores that all differ, so that no tie is left to the sorting."""
    made = random.Random(seed)
    classes = made.randint(1, 6)
    images = made.randint(1, 12)
    most = made.choice([3, 30, 200])

    def sides():
        left, top = made.randint(0, 300), made.randint(0, 300)
        size = made.choice([12, 60, 200])
        right, bottom = left + made.randint(1, size), top + made.randint(1, size)
        return [left, top, right, bottom]

    def box(image, of_class, corners, **more):
        named = dict(zip(["left", "top", "right", "bottom"], map(float, corners)))
        return {"image": image, "class": of_class, **named, **more}

    truths, found = [], []
    for image in range(images):
        for _ in range(made.randint(0, most)):
            is_crowd = made.random() < 0.08
            truths.append(
                box(image, made.randrange(classes), sides(), crowd=is_crowd)
            )
    for truth in truths:
        for _ in range(made.choice([0, 1, 1, 1, 2])):
            off = [made.randint(-4, 4) for _ in range(4)]
            near = [truth["left"] + off[0], truth["top"] + off[1]]
            near += [max(near[0] + 1, truth["right"] + off[2])]
            near += [max(near[1] + 1, truth["bottom"] + off[3])]
            of_class = truth["class"] if made.random() < 0.9 else made.randrange(classes)
            found.append(box(truth["image"], of_class, near))
    for _ in range(made.randint(0, most)):
        found.append(box(made.randrange(images), made.randrange(classes), sides()))
    # Hundred thousandths: all different in single precision too.
    for find, score in zip(found, made.sample(range(1, 100_000), len(found))):
        find["score"] = float(numpy.float32(score / 100_000))
    named = [
        {"name": f"{image}.jpg", "width": 640, "height": 480} for image in range(images)
    ]
    return {
        "classes": [f"class {number}" for number in range(classes)],
        "images": named,
        "truths": truths,
        "found": found,
    }


def coco_box(box, number):
    width, height = box["right"] - box["left"], box["bottom"] - box["top"]
    return {
        "id": number + 1,
        "image_id": box["image"] + 1,
        "category_id": box["class"] + 1,
        "bbox": [box["left"], box["top"], width, height],
        "area": width * height,
    }


def by_pycocotools(case):
    """The twelve numbers, and AP of each class; absent as `None`."""
    truth = COCO()
    truth.dataset = {
        "images": [{"id": place + 1} for place in range(len(case["images"]))],
        "categories": [
            {"id": place + 1, "name": name} for place, name in enumerate(case["classes"])
        ],
        "annotations": [
            {**coco_box(box, number), "iscrowd": int(box["crowd"])}
            for number, box in enumerate(case["truths"])
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        finds = [
            {**coco_box(box, number), "score": box["score"]}
            for number, box in enumerate(case["found"])
        ]
        # It loads no empty list.
        found = truth.loadRes(finds) if finds else COCO()
        if not finds:
            found.dataset = {**truth.dataset, "annotations": []}
            found.createIndex()
        start = time.perf_counter()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        seconds = time.perf_counter() - start
    absent = lambda number: None if number < 0 else float(number)
    of_classes = []
    for place in range(len(case["classes"])):
        precision = evaluation.eval["precision"][:, :, place, 0, 2]
        precision = precision[precision > -1]
        of_classes.append(float(precision.mean()) if precision.size else None)
    return [absent(number) for number in evaluation.stats], of_classes, seconds


def overlap(one, others):
    """IoU of a box with several, sides as whole pixels."""
    right = numpy.minimum(one[2], others[:, 2]) + 1
    bottom = numpy.minimum(one[3], others[:, 3]) + 1
    width = right - numpy.maximum(one[0], others[:, 0])
    height = bottom - numpy.maximum(one[1], others[:, 1])
    both = numpy.clip(width, 0, None) * numpy.clip(height, 0, None)
    size = (one[2] - one[0] + 1) * (one[3] - one[1] + 1)
    sizes = (others[:, 2] - others[:, 0] + 1) * (others[:, 3] - others[:, 1] + 1)
    return both / (size + sizes - both)


def by_definition(case):
    """VOC's two means over classes, of the devkit's rules, in numpy."""
    corners = lambda box: [box[side] for side in ("left", "top", "right", "bottom")]
    elevens, areas = [], []
    for of_class in range(len(case["classes"])):
        truths = {}
        for box in case["truths"]:
            if box["class"] == of_class:
                truths.setdefault(box["image"], []).append(box)
        asked = sum(not box["crowd"] for boxes in truths.values() for box in boxes)
        finds = [box for box in case["found"] if box["class"] == of_class]
        finds.sort(key=lambda box: -box["score"])
        right, wrong, taken = numpy.zeros(len(finds)), numpy.zeros(len(finds)), set()
        for place, find in enumerate(finds):
            there = truths.get(find["image"], [])
            if there:
                near = overlap(corners(find), numpy.array([corners(box) for box in there]))
                best = int(near.argmax())
                if near[best] >= 0.5:
                    if there[best]["crowd"]:
                        continue
                    if (find["image"], best) not in taken:
                        taken.add((find["image"], best))
                        right[place] = 1
                        continue
            wrong[place] = 1
        if asked == 0:
            continue
        right, wrong = right.cumsum(), wrong.cumsum()
        recall = right / asked
        precision = right / numpy.maximum(right + wrong, 1)
        points = []
        for point in numpy.arange(0.0, 1.1, 0.1):
            reached = precision[recall >= point]
            points.append(reached.max() if reached.size else 0.0)
        elevens.append(sum(points) / 11)
        recall = numpy.concatenate([[0.0], recall, [1.0]])
        precision = numpy.concatenate([[0.0], precision, [0.0]])
        precision = numpy.maximum.accumulate(precision[::-1])[::-1]
        areas.append(float(((recall[1:] - recall[:-1]) * precision[1:]).sum()))
    mean = lambda numbers: sum(numbers) / len(numbers) if numbers else None
    return mean(elevens), mean(areas)


def ours(examples, cases):
    with tempfile.TemporaryDirectory() as folder:
        given, said = pathlib.Path(folder) / "cases.json", pathlib.Path(folder) / "reports.json"
        given.write_text(json.dumps(cases))
        subprocess.run([examples / "evaluate_cases", given, said], check=True)
        return json.loads(said.read_text())


def is_near(one, other):
    if one is None or other is None:
        return one is None and other is None
    return abs(one - other) <= NEAR


def worst_of(pairs):
    """How far the numbers are apart at most; infinite where only one is absent."""
    off = 0.0
    for one, other in pairs:
        if (one is None) != (other is None):
            return float("inf")
        if one is not None:
            off = max(off, abs(one - other))
    return off


def check(what, pairs):
    off = worst_of(pairs)
    is_good = all(is_near(*pair) for pair in pairs)
    said = "agree" if is_good else "DIFFER"
    print(f"{what}: {len(pairs)} numbers {said}, at most {off:.1e} apart")
    return is_good


def many(examples, count):
    cases = [invented(seed) for seed in range(count)]
    cases.append({**invented(0), "found": []})
    cases.append({**invented(0), "truths": []})
    coco, classes, eleven, area = [], [], [], []
    for case, said in zip(cases, ours(examples, cases)):
        report = said["report"]
        twelve, of_classes, _ = by_pycocotools(case)
        coco += zip((report["coco"][name] for name in TWELVE), twelve)
        classes += zip((one["ap"] for one in report["of_classes"]), of_classes)
        by_eleven, by_area = by_definition(case)
        eleven.append((report["voc"]["map07"], by_eleven))
        area.append((report["voc"]["map10"], by_area))
    truths, found = (sum(len(case[what]) for case in cases) for what in ("truths", "found"))
    print(f"{len(cases)} cases with {truths} truths and {found} finds")
    return all([
        check("COCO's twelve against pycocotools", coco),
        check("AP of each class against pycocotools", classes),
        check("VOC 2007 against its definition", eleven),
        check("VOC 2010 against its definition", area),
    ])


def speed(examples, images, boxes):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "case.json"
        command = [examples / "evaluate_speed", str(images), str(boxes), path]
        subprocess.run(command, check=True)
        case = json.loads(path.read_text())
    twelve, _, seconds = by_pycocotools(case)
    (said,) = ours(examples, [case])
    print(f"pycocotools: {seconds:.2f} s; ours, with all else of the report: {said['seconds']:.2f} s")
    report = said["report"]["coco"]
    return check("COCO's twelve", list(zip((report[name] for name in TWELVE), twelve)))


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--examples", type=pathlib.Path, default="target/release/examples")
    words.add_argument("--cases", type=int, default=200)
    words.add_argument("--speed", type=int, nargs="*", metavar="NUMBER")
    asked = words.parse_args()
    if asked.speed is None:
        return 0 if many(asked.examples, asked.cases) else 1
    images, boxes = (asked.speed + [50_000, 20][len(asked.speed):])[:2]
    return 0 if speed(asked.examples, images, boxes) else 1


if __name__ == "__main__":
    sys.exit(main())
