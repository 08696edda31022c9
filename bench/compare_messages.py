"""Compares every message of recordings as roadloop decodes it with what the
Python package rosbags gives: same messages by topic and time, same values.

    pip install rosbags numpy
    python bench/compare_messages.py ROADLOOP RECORDING...
"""

import base64
import collections
import json
import math
import pathlib
import subprocess
import sys

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

BYTES = {"uint8", "char", "byte", "octet"}


def odd(number):
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def plain(store, name, message, is_ros1):
    """A message in the form `roadloop bag cat` prints."""
    shown = {}
    for field, (kind, of) in store.fielddefs[name][1]:
        if field != "structure_needs_at_least_one_member":
            shown[field] = value(store, kind, of, getattr(message, field), is_ros1)
    return shown


def value(store, kind, of, item, is_ros1):
    if kind == Nodetype.NAME:
        return plain(store, of, item, is_ros1)
    if kind == Nodetype.BASE:
        if of[0] == "float32":
            return odd(float(str(np.float32(item))))
        if of[0] == "float64":
            return odd(float(item))
        return item.item() if isinstance(item, np.generic) else item
    (element_kind, element), _ = of
    if element_kind == Nodetype.BASE and element[0] in BYTES - ({"byte", "octet"} if is_ros1 else set()):
        return base64.b64encode(np.asarray(item, dtype=np.uint8).tobytes()).decode()
    return [value(store, element_kind, element, one, is_ros1) for one in item]


def theirs(path):
    messages = collections.defaultdict(list)
    refused = collections.Counter()
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        is_ros1 = not reader.is2
        for connection, time, data in reader.messages():
            try:
                message = reader.deserialize(data, connection.msgtype)
            except Exception as error:  # What rosbags cannot read is counted, not compared.
                refused[f"{connection.topic}: {type(error).__name__}"] += 1
                continue
            shown = plain(reader.typestore, connection.msgtype, message, is_ros1)
            messages[connection.topic].append((time, json.dumps(shown, sort_keys=True)))
    return messages, refused


def ours(roadloop, path):
    messages = collections.defaultdict(list)
    ran = subprocess.run([roadloop, "bag", "cat", str(path)], stdout=subprocess.PIPE, check=False)
    for line in ran.stdout.splitlines():
        line = json.loads(line)
        shown = json.dumps(line["message"], sort_keys=True)
        messages[line["topic"]].append((line["time_ns"], shown))
    return messages


def main(roadloop, paths):
    has_difference = False
    for path in map(pathlib.Path, paths):
        try:
            expected, refused = theirs(path)
        except Exception as error:
            print(f"{path}: rosbags cannot open it ({type(error).__name__}: {error})")
            continue
        found = ours(roadloop, path)
        equal = 0
        for topic in sorted(expected):
            a, b = sorted(expected[topic]), sorted(found.get(topic, []))
            if a == b:
                equal += len(a)
                continue
            has_difference = True
            wrong = next(((x, y) for x, y in zip(a, b) if x != y), (len(a), len(b)))
            print(f"{path} {topic}: {len(a)} messages of theirs, {len(b)} of ours, first difference:")
            print("  theirs", str(wrong[0])[:400])
            print("  ours  ", str(wrong[1])[:400])
        more = sum(len(b) for topic, b in found.items() if topic not in expected)
        print(f"{path}: {equal} messages equal, {more} only ours, rosbags refused {dict(refused)}")
    sys.exit(has_difference)


main(sys.argv[1], sys.argv[2:])
