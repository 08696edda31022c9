"""MXNet reads our records, and we read MXNet's.

With mxnet 1.9.1 (numpy below 1.24) and OpenCV:

    cargo build --release -p roadloop-dataset --example packing
    python pictures.py <video.avi> <photographs> <pictures> 40
    python records.py <target/release/examples/packing> <pictures> <empty folder>

Each line says what was compared; an error ends it.
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import mxnet as mx
import numpy as np

MAGIC = struct.pack("<I", 0xCED7230A)


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def expected_rows(boxes, width, height):
    """What the label must hold, to the last bit of four bytes."""
    rows = []
    for kind, left, top, wide, high in boxes:
        sides = [left / width, top / height, (left + wide) / width, (top + high) / height]
        rows.append([kind, *sides])
    return np.asarray(rows or [[-1, 0, 0, 1, 1]], dtype=np.float32)


def records_of(folder, stem="train"):
    reader = mx.recordio.MXIndexedRecordIO(str(folder / f"{stem}.idx"), str(folder / f"{stem}.rec"), "r")
    return [(key, reader.read_idx(key)) for key in reader.keys]


def mxnet_reads_ours(packing, pictures, folder, form):
    ours = folder / f"ours-{form}"
    run(packing, "pack", pictures / form, pictures / "labels.json", ours)
    labels = json.loads((pictures / "labels.json").read_text())["images"]
    records = records_of(ours)
    assert len(records) == len(labels)
    differences = []
    for (key, record), label in zip(records, labels):
        header, image = mx.recordio.unpack_img(record)
        assert header.id == key and image.shape == (512, 910, 3), image.shape
        assert list(header.label[:4]) == [4, 5, 910, 512]
        rows = header.label[4:].reshape(-1, 5)
        assert np.array_equal(rows, expected_rows(label["boxes"], 1280, 720)), (rows, label)
        source = cv2.imread(str(pictures / form / f"{label['name']}.{form}"))
        small = cv2.resize(source, (910, 512))
        _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 95])
        theirs = cv2.imdecode(coded, 1).astype(int)
        differences.append(
            (
                np.abs(image.astype(int) - theirs).mean(),
                np.abs(image.astype(int) - small).mean(),
                np.abs(theirs - small).mean(),
                len(record) / len(coded),
            )
        )
    between, lost, theirs_lost, size = np.mean(differences, axis=0)
    print(f"{form}: {len(records)} records of ours, labels equal to the bit, images 910x512;")
    print(
        f"  mean difference to OpenCV's: {between:.3f} of 255; to the picture before it was coded:"
        f" {lost:.3f}, OpenCV's own {theirs_lost:.3f}; bytes {size:.3f} of OpenCV's"
    )

    # In order, without the index.
    reader = mx.recordio.MXRecordIO(str(ours / "train.rec"), "r")
    for key, record in records:
        assert reader.read() == record
    assert reader.read() is None

    # The iterators for detection. The first leaves images with nothing on them out.
    full = sum(bool(label["boxes"]) for label in labels)
    made = mx.image.ImageDetIter(
        1, (3, 300, 300), path_imgrec=str(ours / "train.rec"), path_imgidx=str(ours / "train.idx")
    )
    assert sum(1 for _ in made) == full < len(labels)
    made = mx.io.ImageDetRecordIter(
        path_imgrec=str(ours / "train.rec"), batch_size=1, data_shape=(3, 300, 300), label_pad_width=150
    )
    assert sum(1 for _ in made) == len(labels)
    print(f"  ImageDetIter: {full} of {len(labels)} (the others have nothing on them); ImageDetRecordIter: all")

    # From the list, with images beside it.
    for (key, record), label in zip(records, labels):
        _, image = mx.recordio.unpack(record)
        path = ours / "train" / f"{label['name']}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(image)
    made = mx.image.ImageDetIter(1, (3, 300, 300), path_imglist=str(ours / "train.lst"), path_root=str(ours))
    assert sum(1 for _ in made) == full
    print(f"  ImageDetIter over train.lst and images: {full}")
    return ours


def ours_reads_mxnet(packing, ours, folder):
    theirs = folder / "theirs"
    theirs.mkdir()
    (theirs / "train.lst").write_text((ours / "train.lst").read_text())
    tool = Path(mx.__file__).parent / "tools" / "im2rec.py"
    run(sys.executable, tool, theirs / "train", ours, "--pack-label", "--pass-through")
    for there in (True, False):
        if not there:
            (theirs / "train.idx").unlink()
        a, b = (run(packing, "read", of / "train.rec").splitlines() for of in (ours, theirs))
        assert a == b and len(a) > 0
    print(f"im2rec.py --pack-label: {len(a)} records of its own read with equal ids, labels and images, with and without .idx")
    same = (ours / "train.rec").read_bytes() == (theirs / "train.rec").read_bytes()
    print(f"  its file is {'byte for byte ours' if same else 'another one'}")


def magic_within(packing, folder):
    """Where a record's bytes have the magic number at a word's beginning, it is torn."""
    images, rng = folder / "magic", np.random.default_rng(1)
    images.mkdir()
    labels = []
    for number in range(60):
        words = [MAGIC if rng.random() < 0.4 else rng.bytes(4) for _ in range(rng.integers(0, 9))]
        (images / f"{number:03}.jpg").write_bytes(b"".join(words) + rng.bytes(rng.integers(0, 4)))
        labels.append({"name": f"{number:03}", "boxes": [[0, 1, 1, 5, 5]] * int(rng.integers(0, 3))})
    (folder / "magic.json").write_text(json.dumps({"classes": ["a"], "images": labels}))
    ours, theirs = folder / "magic-ours", folder / "magic-theirs"
    run(packing, "pack", images, folder / "magic.json", ours, "as-is")
    theirs.mkdir()
    writer = mx.recordio.MXIndexedRecordIO(str(theirs / "train.idx"), str(theirs / "train.rec"), "w")
    for (key, record), label in zip(records_of(ours), labels):
        header, image = mx.recordio.unpack(record)
        assert image == (images / f"{label['name']}.jpg").read_bytes()
        writer.write_idx(key, mx.recordio.pack(header, image))
    writer.close()
    for end in ("rec", "idx"):
        assert (ours / f"train.{end}").read_bytes() == (theirs / f"train.{end}").read_bytes(), end
    hashes = [json.loads(line)["sha256"] for line in run(packing, "read", theirs / "train.rec").splitlines()]
    files = [(images / f"{label['name']}.jpg").read_bytes() for label in labels]
    assert hashes == [hashlib.sha256(file).hexdigest() for file in files]
    torn = sum(MAGIC in file for file in files)
    print(f"magic within: {torn} of {len(files)} records; files byte for byte MXNet's, read both ways")


def main():
    packing, pictures, folder = (Path(word).absolute() for word in sys.argv[1:4])
    os.makedirs(folder, exist_ok=True)
    ours = [mxnet_reads_ours(packing, pictures, folder, form) for form in ("png", "jpg")]
    ours_reads_mxnet(packing, ours[0], folder)
    magic_within(packing, folder)


if __name__ == "__main__":
    main()
