"""Reads our exports with programs that are not ours, and compares every box.

    cargo run -p roadloop-dataset --example exports -- OUT [MANIFEST]
    python bench/datasets/oracles.py OUT [--exports target/debug/examples/exports]

needs `pip install panlabel==0.7.0 pycocotools` beside this interpreter.

1. pycocotools loads our COCO: images, annotations and classes are those of
   `expected.json`, boxes exactly.
2. panlabel reads each of our forms: as many boxes of each class on each image, every side
   within half a pixel; and again after it has converted its reading to that form and back.
3. With `--exports`: our reader reads what panlabel wrote in each form.

Prints a line for each check; ends with 1 where any failed.
"""

import argparse
import collections
import contextlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

SPLITS = ["train", "val", "test"]
NEAR = 0.5  # pixels
IMAGES = {".jpg", ".png"}

# Our name of a form, panlabel's, and where what it reads lies. `None`: see prepared().
FORMS = [
    ("coco", "coco", ["annotations/instances_{split}.json"]),
    ("yolo", "yolo", ["."]),
    ("groundtruth", "sagemaker", None),
    ("openlabel", "openlabel", ["openlabel_{split}.json"]),
    ("voc", "voc", ["."]),
    ("cvat", "cvat", ["annotations.xml"]),
    ("labelstudio", "label-studio", None),
]

# Forms that panlabel writes as one file, by the name our reader looks for.
FILES = {
    "coco": "instances.json",
    "sagemaker": "output.manifest",
    "openlabel": "openlabel.json",
    "cvat": "annotations.xml",
    "label-studio": "tasks.json",
}


def base(name):
    return name.replace("\\", "/").rsplit("/", 1)[-1]


class Panlabel:
    def __init__(self):
        # Beside this interpreter, or where `pip --target` put it.
        folders = [pathlib.Path(sys.executable).parent]
        folders += [pathlib.Path(folder) / "bin" for folder in sys.path]
        programs = [folder / "panlabel" for folder in folders]
        self.program = str(next(filter(pathlib.Path.exists, programs), "panlabel"))

    def convert(self, form, path, to, into):
        command = ["convert", "--from", form, "--to", to, "--input", path]
        self.run(*command, "--output", into, "--allow-lossy", "--no-validate")

    def run(self, *words):
        command = [self.program, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError((done.stderr or done.stdout).strip()[-400:])


def boxes_of_coco(path):
    """Image name to its boxes, each of a class and four sides."""
    value = json.loads(pathlib.Path(path).read_text())
    names = {category["id"]: category["name"] for category in value["categories"]}
    images = {image["id"]: base(image["file_name"]) for image in value["images"]}
    found = {name: [] for name in images.values()}
    for annotation in value["annotations"]:
        label = names[annotation["category_id"]]
        found[images[annotation["image_id"]]].append((label, annotation["bbox"]))
    return found


def boxes_of_ours(path):
    value = json.loads(pathlib.Path(path).read_text())
    return {
        base(image["name"]): [(found["class"], found["box"]) for found in image["boxes"]]
        for image in value["images"]
        if image["boxes"] is not None
    }


def compare(expected, found, near, empties=True):
    """How many boxes there are and the largest distance of a side; raises where they differ."""
    worst, count = 0.0, 0
    for name in expected.keys() | found.keys():
        ours, theirs = expected.get(name), found.get(name)
        if ours is None:
            raise AssertionError(f"{name}: more than was written")
        if theirs is None:
            if ours or empties:
                raise AssertionError(f"{name} is gone, with {len(ours)} boxes")
            continue
        if len(ours) != len(theirs):
            raise AssertionError(f"{name}: {len(ours)} boxes became {len(theirs)}")
        left = list(theirs)
        for label, box in ours:
            def distance(other):
                sides = zip(corners(box), corners(other[1]))
                return max(abs(a - b) for a, b in sides)
            same = [other for other in left if other[0] == label]
            if not same:
                raise AssertionError(f"{name}: a box of {label!r} is gone")
            nearest = min(same, key=distance)
            if distance(nearest) > near:
                raise AssertionError(f"{name}: {box} became {nearest[1]}")
            worst = max(worst, distance(nearest))
            left.remove(nearest)
            count += 1
    return count, worst


def corners(box):
    left, top, width, height = box
    return left, top, left + width, top + height


def clipped(expected, sizes):
    """As forms of fractions have it: what is within the image."""
    clip = lambda value, most: min(max(value, 0.0), most)
    result = {}
    for name, boxes in expected.items():
        width, height = sizes[name]
        result[name] = []
        for label, box in boxes:
            left, top, right, bottom = corners(box)
            left, right = clip(left, width), clip(right, width)
            top, bottom = clip(top, height), clip(bottom, height)
            result[name].append((label, [left, top, right - left, bottom - top]))
    return result


def manifests(folder, into):
    """panlabel reads manifests with one label attribute, of which each line has a label:
    ours are parted by attribute, lines without a label left out."""
    parts = collections.defaultdict(list)
    for path in sorted((folder / "manifests").glob("*.manifest")):
        for line in path.read_text().splitlines():
            value = json.loads(line)
            names = [key for key in value if f"{key}-metadata" in value]
            if len(names) == 1:
                parts[names[0]].append(line)
    for name, lines in parts.items():
        path = into / f"{name}.manifest"
        path.write_text("\n".join(lines) + "\n")
        yield path


def tasks(folder, into):
    """panlabel takes `data.image` for a file name, and what nobody looked at for empty."""
    sign = "/data/local-files/?d="
    value = json.loads((folder / "tasks.json").read_text())
    value = [task for task in value if task["annotations"]]
    for task in value:
        image = task["data"]["image"]
        if image.startswith(sign):
            task["data"]["image"] = urllib.parse.unquote(image[len(sign) :])
    path = into / "plain.json"
    path.write_text(json.dumps(value))
    yield path


def without_predictions(path):
    """panlabel writes boxes with a confidence as predictions, which are no labels to us, and
    an empty image as one that nobody looked at: both are put right before we read."""
    value = json.loads(path.read_text())
    for task in value:
        drawn = [task.pop("annotations", []), task.pop("predictions", [])]
        results = [result for part in drawn for drawing in part for result in drawing["result"]]
        task["annotations"] = [{"result": results}]
    path.write_text(json.dumps(value))


def prepared(ours, folder, into):
    return list((manifests if ours == "groundtruth" else tasks)(folder, into))


def check_pycocotools(folder, expected, by_split):
    from pycocotools.coco import COCO

    count = 0
    ids = []
    for split in SPLITS:
        path = folder / f"annotations/instances_{split}.json"
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(path))
        names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
        found = {}
        for image in coco.loadImgs(coco.getImgIds()):
            annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            ids += [annotation["id"] for annotation in annotations]
            found[image["file_name"]] = [(names[a["category_id"]], a["bbox"]) for a in annotations]
        wanted = {name: boxes for name, boxes in expected.items() if by_split[name] == split}
        count += compare(wanted, found, 0.0)[0]
    assert sorted(ids) == list(range(1, len(ids) + 1)), "ids are not dense"
    return count


class Report:
    """A line for each check; what failed is kept."""

    def __init__(self):
        self.failed = []

    def __call__(self, what, run):
        try:
            print(f"ok    {what}: {run()}", flush=True)
        except Exception as error:
            self.failed.append(what)
            print(f"FAIL  {what}: {type(error).__name__}: {error}", flush=True)


def said(expected, found, near):
    count, worst = compare(expected, found, near)
    return f"{count} boxes, at most {worst:.2g} px off"


def check_panlabel(report, out, expected, sizes, read=None):
    """panlabel reads each form below `out` and what it writes itself; so do we, where
    `read(form, path, scratch)` gives what our reader finds."""
    panlabel = Panlabel()
    for ours, theirs, places in FORMS:
        folder = out / ours
        if not folder.is_dir():
            print(f"-     {ours}: not there")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            if places is None:
                inputs = prepared(ours, folder, scratch)
            else:
                splits = SPLITS if "{split}" in places[0] else [""]
                inputs = [folder / places[0].format(split=split) for split in splits]
            wanted = clipped(expected, sizes) if ours == "yolo" else expected

            def written(number):
                into = scratch / f"written{number}"
                into.mkdir(exist_ok=True)
                name = FILES.get(theirs)
                return into / name if name else into

            def first():
                found = {}
                for number, path in enumerate(inputs):
                    panlabel.convert(theirs, path, "coco", scratch / f"first{number}.json")
                    found.update(boxes_of_coco(scratch / f"first{number}.json"))
                return said(wanted, found, NEAR)

            def second():
                found = {}
                for number in range(len(inputs)):
                    path = written(number)
                    panlabel.convert("coco", scratch / f"first{number}.json", theirs, path)
                    lay_images(folder, path if path.is_dir() else path.parent, theirs)
                    panlabel.convert(theirs, path, "coco", scratch / f"second{number}.json")
                    found.update(boxes_of_coco(scratch / f"second{number}.json"))
                return said(wanted, found, NEAR)

            def ours_again():
                found = {}
                for number in range(len(inputs)):
                    if ours == "labelstudio":
                        without_predictions(written(number))
                    found.update(read(ours, written(number), scratch / f"ours{number}"))
                return said(wanted, found, NEAR)

            report(f"panlabel reads our {ours}", first)
            report(f"panlabel's {theirs} and back", second)
            if read and ours != "openlabel":
                report(f"we read panlabel's {theirs}", ours_again)


def lay_images(folder, into, theirs):
    """panlabel writes labels only; ours and its own readers ask images for their size."""
    target = into / {"yolo": "images", "voc": "JPEGImages"}.get(theirs, "images")
    for image in (path for path in folder.rglob("*") if path.suffix in IMAGES):
        # Below `images/` as before: panlabel keeps folders in the names of labels.
        place = target / (image.relative_to(folder / "images") if theirs == "yolo" else image.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(image, place)
    if theirs == "yolo" and "train:" not in (into / "data.yaml").read_text():
        # What it leaves out: where images are.
        with open(into / "data.yaml", "a") as settings:
            settings.write("\ntrain: images\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--exports", help="the built example, to read what panlabel writes")
    arguments = parser.parse_args()
    out = arguments.out

    images = json.loads((out / "expected.json").read_text())["images"]
    expected = boxes_of_ours(out / "expected.json")
    by_split = {image["name"]: image["split"] for image in images}
    sizes = {image["name"]: (image["width"], image["height"]) for image in images}
    total = sum(map(len, expected.values()))
    unlabelled = sum(image["boxes"] is None for image in images)
    print(f"expected: {len(images)} images, {total} boxes, {unlabelled} unlabelled")

    def read(form, path, scratch):
        command = [arguments.exports, "read", form, str(path), str(scratch)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip()[-400:])
        return boxes_of_ours(scratch)

    report = Report()
    report(
        "pycocotools reads our coco, exactly",
        lambda: f"{check_pycocotools(out / 'coco', expected, by_split)} boxes",
    )
    check_panlabel(report, out, expected, sizes, read if arguments.exports else None)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
