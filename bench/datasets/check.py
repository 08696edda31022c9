#!/usr/bin/env python3
"""The program itself, and the programs that its datasets are for.

    python3 -m pip install --target LABELS -r bench/datasets/requirements-labels.txt
    PYTHONPATH=LABELS python3 bench/datasets/check.py labels ROADLOOP [MANIFEST]
    python3 -m pip install --target RECORDS -r bench/datasets/requirements-records.txt
    PYTHONPATH=RECORDS python3 bench/datasets/check.py records ROADLOOP [MANIFEST]

Two runs, as MXNet needs another NumPy than what is of today. Each delivers a manifest of
Ground Truth, with images, to a workspace of its own, imports it, exports it in every form,
and compares every box with those of the manifest.

labels: each export is imported again; pycocotools loads and scores COCO; panlabel reads
each form and writes it, for us to read; labels of FiftyOne are as its documentation says.
records: MXNet reads RecordIO, index and list and iterates over them as training does, and
what its `im2rec.py` packs is imported.

MANIFEST is the excerpt in `testdata` where none is named. Ends with 1 where anything
differs, and then leaves its folder for one to look at.
"""

import contextlib
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import oracles

HERE = pathlib.Path(__file__).resolve().parent
EXCERPT = HERE.parent.parent / "testdata/manifest/output.manifest"
FORMS = "coco yolo voc cvat labelstudio groundtruth recordio fiftyone openlabel".split()

# Forms that are read again, and how far a side may be off, in pixels.
READ = {
    "coco": 0.0,
    "groundtruth": 0.0,
    "yolo": 1e-6,
    "cvat": 1e-6,
    "labelstudio": 1e-6,
    "voc": 0.5,
    "recordio": 0.01,
}

# Beside what the manifest has: another class, boxes at the edges, thin ones and fractions;
# an image with nothing on it, and one that nobody looked at.
MORE = [
    (
        "more/straße 7.jpg",
        [("Fußgänger", [0, 0, 640, 360]), ("car", [639.5, 100.25, 0.5, 1 / 3])],
    ),
    ("more/größe & form.jpg", [("Fußgänger", [17.123456789, 0, 1, 359.99])]),
    ("more/empty.jpg", []),
    ("more/unseen.jpg", None),
]
MORE_SIZE = (640, 360)
SIDES = ("left", "top", "width", "height")


class Delivered:
    """A manifest with images beside it, and what it says."""

    def __init__(self, manifest, folder):
        self.folder, self.lines, self.boxes, self.sizes, self.names = folder, {}, {}, {}, {}
        self.unlabelled = []
        for line in manifest.read_text().splitlines():
            # One job's lines have one attribute.
            value = json.loads(line)
            source = value["source-ref"]
            path = source.split("/", 3)[3] if source.startswith("s3://") else source
            path = str(pathlib.PurePosixPath(path).with_suffix(".jpg"))
            self.add(path, line.replace(json.dumps(source), json.dumps(path)), value)
        for path, boxes in MORE:
            line = json.dumps({"source-ref": path} | labelled(boxes), ensure_ascii=False)
            self.add(path, line, json.loads(line))
        lines = "".join(f"{line}\n" for line in self.lines.values())
        (folder / "output.manifest").write_text(lines)

    def add(self, path, line, value):
        name = oracles.base(path)
        assert name not in self.lines, f"{name} twice"
        self.lines[name] = line
        attribute = next((key for key in value if f"{key}-metadata" in value), None)
        size = MORE_SIZE
        if attribute is None:
            self.unlabelled.append(name)
        else:
            [given] = value[attribute]["image_size"]
            size = given["width"], given["height"]
            names = value[f"{attribute}-metadata"]["class-map"]
            self.boxes[name] = [
                (names[str(box["class_id"])], [box[side] for side in SIDES])
                for box in value[attribute]["annotations"]
            ]
        self.sizes[name] = size
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        picture(name, size, place)
        # By what imports call an image: the sum of its bytes.
        self.names[sum_of(place)] = name


def labelled(boxes):
    """The label of a line."""
    if boxes is None:
        return {}
    classes = {"0": "car", "1": "Fußgänger"}
    number = {name: int(key) for key, name in classes.items()}
    annotations = [
        {"class_id": number[name]} | dict(zip(SIDES, box))
        for name, box in boxes
    ]
    size = [dict(zip(("width", "height", "depth"), (*MORE_SIZE, 3)))]
    return {
        "more": {"image_size": size, "annotations": annotations},
        "more-metadata": {
            "objects": [{"confidence": 0.5} for _ in boxes],
            "class-map": classes,
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/more",
        },
    }


def picture(name, size, place):
    """A JPEG of nine colours, others for each name."""
    from PIL import Image

    colours = hashlib.sha256(name.encode()).digest()[:27].ljust(27, b"\0")
    Image.frombytes("RGB", (3, 3), colours).resize(size).save(place, quality=90)


class Roadloop:
    """The program, in a workspace of its own."""

    def __init__(self, program, folder):
        self.program, self.folder, self.count = program, folder, 0

    def __call__(self, *words):
        workspace = self.folder / "workspace"
        command = [self.program, "--workspace", workspace, "--progress", "none", "dataset", *words]
        command = [str(word) for word in command]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-400:]}")
        return done.stdout

    def taken(self, path, form, *more):
        """The counts of what is imported, and the name that it got."""
        self.count += 1
        name = f"{form}-{self.count}"
        words = ["import", path, "--from", form, "--as", name, "--json", *more]
        return name, json.loads(self(*words))["card"]["counts"]

    def labels(self, name, images="none"):
        """Of a dataset: each split's images and their boxes. Without images they are called
        by the sums of their bytes, as the store does."""
        into = self.folder / "labels" / name / images
        self("export", name, "--to", "coco", "--images", images, "--out", into)
        found = {split: {} for split in oracles.SPLITS}
        for path in (into / "annotations").iterdir():
            of = oracles.boxes_of_coco(path)
            split = path.stem.removeprefix("instances_")
            found[split] = {image.removesuffix(".jpg"): boxes for image, boxes in of.items()}
        return found


class Dataset:
    """What was delivered, imported and exported, and what an export must say."""

    def __init__(self, program, manifest, folder):
        self.folder = folder
        self.delivered = Delivered(manifest, folder / "delivered")
        self.roadloop = Roadloop(program, folder)
        split = ["--split", "60/20/20", "--group", "none"]
        self.name, self.counts = self.roadloop.taken(self.delivered.folder, "groundtruth", *split)
        for form in FORMS:
            self.export(form, folder / form)
        # Exports have names of their own for images.
        self.names, self.by_split = {}, {}
        for path in (folder / "coco").glob("*/*.jpg"):
            self.names[sum_of(path)] = path.name
            self.by_split[path.name] = path.parent.name
        given = {self.names.get(key): name for key, name in self.delivered.names.items()}
        self.boxes = {name: self.delivered.boxes[given[name]] for name in self.by_split}
        self.sizes = {name: self.delivered.sizes[given[name]] for name in self.by_split}

    def export(self, form, into, *more):
        words = ["export", self.name, "--to", form, "--out", into, *more]
        self.roadloop(*words)
        return into

    def of(self, split, form="coco"):
        """The boxes of a split, as a form has them."""
        within = form in ("yolo", "recordio")
        boxes = oracles.clipped(self.boxes, self.sizes) if within else self.boxes
        return {name: boxes[name] for name, of in self.by_split.items() if of == split}

    def was_delivered(self):
        lines, boxes = len(self.delivered.lines), sum(map(len, self.delivered.boxes.values()))
        unlabelled = len(self.delivered.unlabelled)
        wanted = {"images": lines, "boxes": boxes, "unlabelled": unlabelled}
        assert {key: self.counts[key] for key in wanted} == wanted, self.counts
        assert len(self.by_split) == len(self.delivered.boxes), len(self.by_split)
        assert set(self.by_split.values()) == set(oracles.SPLITS), "a split without images"
        found = self.roadloop.labels(self.name)
        return self.same(found, "coco", 0.0)

    def same(self, found, form, near):
        """Whether boxes by split are ours; images by name or by sum."""
        count, worst = 0, 0.0
        for split in oracles.SPLITS:
            of = found[split].items()
            of = {self.names.get(name, f"{name}.jpg"): boxes for name, boxes in of}
            more, off = oracles.compare(self.of(split, form), of, near)
            count, worst = count + more, max(worst, off)
        return f"{count} boxes, at most {worst:.2g} px off"


def sum_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def labels(dataset, report):
    """Exports read again by us, by pycocotools and by panlabel."""
    roadloop, folder = dataset.roadloop, dataset.folder

    def again(form, near):
        path = folder / form
        if form == "recordio":
            path = dataset.export(form, folder / "records", "--short-side", "0")
        name, counts = roadloop.taken(path, form)
        unlabelled = len(dataset.delivered.unlabelled)
        wanted = unlabelled if form in ("groundtruth", "labelstudio") else 0
        assert counts["unlabelled"] == wanted, counts
        return dataset.same(roadloop.labels(name), form, near)

    def read(form, path, _):
        name, _ = roadloop.taken(path, form)
        found = {}
        for boxes in roadloop.labels(name).values():
            found.update(boxes)
        return {dataset.names[name]: boxes for name, boxes in found.items()}

    def of_openlabel():
        paths = sorted((folder / "openlabel").glob("openlabel_*.json"))
        for path in paths:
            oracles.Panlabel().run("validate", "--strict", "--format", "openlabel", path)
        return f"{len(paths)} files"

    for form, near in READ.items():
        report(f"our {form} is imported", lambda: again(form, near))
    report("lines of Ground Truth are the same", lambda: lines(dataset))
    loads = lambda: oracles.check_pycocotools(folder / "coco", dataset.boxes, dataset.by_split)
    report("pycocotools reads our coco, exactly", lambda: f"{loads()} boxes")
    report("pycocotools scores it", lambda: score(folder / "coco/annotations"))
    oracles.check_panlabel(report, folder, dataset.boxes, dataset.sizes, read)
    report("panlabel finds our openlabel valid", of_openlabel)
    report("fiftyone's labels are as documented", lambda: of_fiftyone(dataset))


def lines(dataset):
    """Of a manifest only the place of the image is another, to the last digit."""
    parts = lambda line: json.loads(line, parse_float=str, object_pairs_hook=list)[1:]
    wanted = {name: parts(line) for name, line in dataset.delivered.lines.items()}
    count = 0
    for path in (dataset.folder / "groundtruth/manifests").glob("*.manifest"):
        for line in path.read_text().splitlines():
            image = path.parent.parent / json.loads(line)["source-ref"]
            name = dataset.delivered.names[sum_of(image)]
            assert parts(line) == wanted[name], f"{name}: {line[:200]}"
            count += 1
    assert count == len(wanted), count
    return f"{count} lines"


def score(folder):
    """The average precision of labels taken for detections is 1."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    scored = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(str(path))
            if not truth.anns:
                continue
            keys = ("image_id", "category_id", "bbox")
            found = [{key: of[key] for key in keys} | {"score": 1.0} for of in truth.anns.values()]
            scores = COCOeval(truth, truth.loadRes(found), "bbox")
            scores.evaluate()
            scores.accumulate()
            scores.summarize()
        assert abs(scores.stats[0] - 1) < 1e-9, (path.name, scores.stats[0])
        scored.append(path.stem)
    assert scored, "nothing to score"
    return f"AP 1 of {', '.join(scored)}"


def of_fiftyone(dataset):
    """https://docs.voxel51.com/user_guide/import_datasets.html, FiftyOneImageDetectionDataset:
    images by their names without an end; corner, width and height as parts of the image."""
    count = 0
    for split in oracles.SPLITS:
        folder = dataset.folder / "fiftyone" / split
        value = json.loads((folder / "labels.json").read_text())
        assert value.keys() == {"classes", "labels"}, value.keys()
        images = {path.stem: path.name for path in (folder / "data").iterdir()}
        assert images.keys() == value["labels"].keys(), "images and labels differ"
        found = {}
        for stem, objects in value["labels"].items():
            name = images[stem]
            if objects is None:
                continue
            width, height = dataset.sizes[name]
            found[name] = []
            for of in objects:
                assert of.keys() <= {"label", "bounding_box", "confidence", "attributes"}, of
                assert of["label"] in value["classes"], of
                assert 0 <= of.get("confidence", 0) <= 1, of
                left, top, wide, high = of["bounding_box"]
                assert min(left, top) >= 0 and max(left + wide, top + high) <= 1 + 1e-12, of
                box = [left * width, top * height, wide * width, high * height]
                found[name].append((of["label"], box))
        count += oracles.compare(dataset.of(split), found, 1e-6)[0]
    return f"{count} boxes"


def records(dataset, report):
    """RecordIO beside MXNet."""
    # Only here: MXNet and its NumPy are not where the others are.
    import mxnet as mx
    import numpy as np
    from records import expected_rows, records_of

    folder, images = dataset.folder / "recordio", dataset.folder / "coco"
    classes = (folder / "classes.txt").read_text().splitlines()

    def rows(name):
        """What a label must hold, to the last bit of four bytes."""
        [boxes] = oracles.clipped({name: dataset.boxes[name]}, dataset.sizes).values()
        boxes = [[classes.index(label), *box] for label, box in boxes]
        return expected_rows(boxes, *dataset.sizes[name])

    def listed(split):
        for line in (folder / f"{split}.lst").read_text().splitlines():
            index, *label, path = line.split("\t")
            yield int(index), np.asarray(label, dtype=np.float32), path

    def reads(split):
        lines, found = list(listed(split)), records_of(folder, split)
        assert {oracles.base(path) for _, _, path in lines} == dataset.of(split).keys()
        assert len(found) == len(lines), len(found)
        for (key, record), (index, label, path) in zip(found, lines):
            header, image = mx.recordio.unpack_img(record)
            assert header.id == key == index, (header.id, key, index)
            assert np.array_equal(header.label, label), f"the list has another label: {path}"
            assert list(label[:2]) == [4, 5] and image.shape == (label[3], label[2], 3), path
            given = dataset.sizes[oracles.base(path)]
            short = min(512, *given)
            assert abs(min(label[2:4]) - short) < 1 and min(image.shape[:2]) == short, path
            assert np.array_equal(label[4:].reshape(-1, 5), rows(oracles.base(path))), path
        return f"{len(found)} records"

    def iterates(split, **source):
        full = [path for _, _, path in listed(split) if dataset.boxes[oracles.base(path)]]
        batches = list(mx.image.ImageDetIter(1, (3, 64, 64), **source))
        assert len(batches) == len(full), (len(batches), len(full))
        for batch, path in zip(batches, full):
            wanted = rows(oracles.base(path))
            label = batch.label[0].asnumpy()[0]
            assert np.array_equal(label[: len(wanted)], wanted), path
            assert np.all(label[len(wanted) :] == -1), path
        return f"{len(batches)} images of {len(list(listed(split)))}, those with boxes"

    def im2rec(ours):
        """Its records of our lists and images, coded anew."""
        theirs = dataset.folder / f"im2rec-{ours.name}"
        theirs.mkdir()
        shutil.copy(ours / "classes.txt", theirs)
        tool = pathlib.Path(mx.__file__).parent / "tools/im2rec.py"
        for split in oracles.SPLITS:
            shutil.copy(ours / f"{split}.lst", theirs)
            command = [sys.executable, tool, theirs / split, images, "--pack-label"]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0 and "error" not in done.stdout, done.stdout + done.stderr
        name, _ = dataset.roadloop.taken(theirs, "recordio")
        return dataset.same(dataset.roadloop.labels(name, "copy"), "recordio", READ["recordio"])

    for split in oracles.SPLITS:
        record = {f"path_img{end}": str(folder / f"{split}.{end}") for end in ("rec", "idx")}
        beside = {"path_imglist": str(folder / f"{split}.lst"), "path_root": str(images)}
        report(f"MXNet reads {split}.rec and {split}.lst", lambda: reads(split))
        report(f"ImageDetIter over {split}.rec", lambda: iterates(split, **record))
        report(f"ImageDetIter over {split}.lst", lambda: iterates(split, **beside))
    whole = dataset.export("recordio", dataset.folder / "whole", "--short-side", "0")
    report("what im2rec.py makes of our lists is imported", lambda: im2rec(whole))
    # Boxes are parts of the image: MXNet looks at no size that a list says.
    report("what it makes of lists of smaller images is", lambda: im2rec(folder))


def main():
    what, program, *manifest = sys.argv[1:]
    checks = {"labels": labels, "records": records}[what]
    folder = pathlib.Path(tempfile.mkdtemp())
    program, manifest = pathlib.Path(program).resolve(), pathlib.Path(*(manifest or [EXCERPT]))
    dataset = Dataset(program, manifest, folder)
    report = oracles.Report()
    report("what was delivered is imported", dataset.was_delivered)
    checks(dataset, report)
    if report.failed:
        print(f"{len(report.failed)} failed; see {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
