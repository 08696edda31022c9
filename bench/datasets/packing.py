"""Images and boxes to RecordIO and COCO: the way it is done by hand, and ours.

By hand is a loop in Python, as the tools around MXNet have it: `cv2.imread`, `cv2.resize`
to a shorter side of 512, `mx.recordio.pack_img` at quality 95, `write_idx`, and a COCO file
by `json.dump`. Also `im2rec.py --num-thread 2`, which writes records alone. Python's start
and imports are left out of both. All on the same files, one after the other, which are read once before, so that the disk has no part in it.

    cargo build --release -p roadloop-dataset --example packing
    python pictures.py <video.avi> <photographs> <pictures>
    python packing.py <target/release/examples/packing> <pictures> <folder for results> [rounds] [coco]

Wall seconds depend on what else runs; seconds of CPU less so. Both are said, and the load.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path


def by_hand(images, labels, folder):
    """Runs in a process of its own."""
    import cv2
    import mxnet as mx

    form = Path(images).name
    said = json.loads(Path(labels).read_text())
    folder = Path(folder)
    record = mx.recordio.MXIndexedRecordIO(str(folder / "train.idx"), str(folder / "train.rec"), "w")
    coco = {"images": [], "annotations": [], "categories": []}
    coco["categories"] = [{"id": place + 1, "name": name} for place, name in enumerate(said["classes"])]
    for number, of in enumerate(said["images"]):
        image = cv2.imread(f"{images}/{of['name']}.{form}")
        height, width = image.shape[:2]
        short = (512, height * 512 // width) if height > width else (width * 512 // height, 512)
        image = cv2.resize(image, short, interpolation=cv2.INTER_LINEAR)
        label = [4, 5, image.shape[1], image.shape[0]]
        for kind, left, top, wide, high in of["boxes"]:
            label += [kind, left / width, top / height, (left + wide) / width, (top + high) / height]
            coco["annotations"].append(
                {
                    "id": len(coco["annotations"]) + 1,
                    "image_id": number + 1,
                    "category_id": kind + 1,
                    "bbox": [left, top, wide, high],
                    "area": wide * high,
                    "iscrowd": 0,
                }
            )
        coco["images"].append({"id": number + 1, "file_name": of["name"], "width": width, "height": height})
        header = mx.recordio.IRHeader(0, label, number, 0)
        record.write_idx(number, mx.recordio.pack_img(header, image, quality=95))
    record.close()
    with open(folder / "coco.json", "w") as file:
        json.dump(coco, file)


def measured(words):
    """Wall and CPU seconds of a process and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def im2rec(images, labels, folder):
    import mxnet as mx

    form = images.name
    said = json.loads(labels.read_text())
    lines = []
    for number, of in enumerate(said["images"]):
        label = "".join(
            f"{kind}\t{left / 1280}\t{top / 720}\t{(left + wide) / 1280}\t{(top + high) / 720}\t"
            for kind, left, top, wide, high in of["boxes"]
        )
        lines.append(f"{number}\t2\t5\t{label}{of['name']}.{form}\n")
    (folder / "train.lst").write_text("".join(lines))
    tool = Path(mx.__file__).parent / "tools" / "im2rec.py"
    options = ["--pack-label", "--resize", 512, "--quality", 95, "--num-thread", 2]
    return [sys.executable, tool, folder / "train", images, *options]


def main():
    if sys.argv[1] == "by-hand":
        return by_hand(*sys.argv[2:5])
    packing, pictures, folder = (Path(word).absolute() for word in sys.argv[1:4])
    rest = sys.argv[4:]
    rounds = next((int(word) for word in rest if word.isdigit()), 3)
    labels = pictures / "labels.json"
    many = len(json.loads(labels.read_text())["images"])
    # What Python takes before the first image.
    start = measured([sys.executable, "-c", "import cv2, mxnet"])
    print(f"Python's start: {start[0]:.1f} s wall, {start[1]:.1f} s CPU, left out below")
    for form in ("png", "jpg"):
        images = pictures / form
        size = 0
        for file in images.iterdir():
            size += len(file.read_bytes())
        print(f"{many} images as {form}, {size / many / 1e6:.2f} MB each", flush=True)
        for number in range(rounds):
            ways = {}
            for way in ("by hand", "im2rec, 2 processes", "ours"):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                if way == "by hand":
                    words = [sys.executable, __file__, "by-hand", images, labels, folder]
                elif way == "ours":
                    words = [packing, "pack", images, labels, folder, 2, *(["coco"] if "coco" in rest else [])]
                else:
                    words = im2rec(images, labels, folder)
                load = os.getloadavg()[0]
                wall, cpu = measured(words)
                if way != "ours":
                    wall, cpu = wall - start[0], cpu - start[1]
                ways[way] = wall, cpu
                bytes_each = (folder / "train.rec").stat().st_size / many
                print(
                    f"  {number + 1}. {way:20} {wall:7.1f} s wall {cpu:7.1f} s CPU {many / wall:7.1f} images/s"
                    f"  {bytes_each / 1e3:.0f} kB each, load {load:.1f}",
                    flush=True,
                )
            for way in ("by hand", "im2rec, 2 processes"):
                wall, cpu = (theirs / ours for theirs, ours in zip(ways[way], ways["ours"]))
                print(f"     {way}: {wall:.2f} times our wall, {cpu:.2f} times our CPU", flush=True)


if __name__ == "__main__":
    main()
