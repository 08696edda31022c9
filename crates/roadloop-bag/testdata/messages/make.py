"""Makes messages.jsonl.zst: a message of every type that rosbags knows, with
random content, as ROS 1 and as CDR in both byte orders, and messages of
Foxglove's types in Protocol Buffers and FlatBuffers; each with its definition
and the JSON it is to become.

    pip install rosbags zstandard protobuf flatbuffers \
        foxglove-schemas-protobuf foxglove-schemas-flatbuffer
    python make.py
"""

import base64
import importlib
import json
import math
import pathlib
import random

import numpy as np
import zstandard
from google.protobuf import descriptor_pb2, struct_pb2, wrappers_pb2
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

HERE = pathlib.Path(__file__).parent
DUMMY = "structure_needs_at_least_one_member"
RANDOM = random.Random(7)
INTS = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
UINTS = {"uint8": 8, "char": 8, "uint16": 16, "uint32": 32, "uint64": 64}


def odd(number):
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


class Maker:
    def __init__(self, store, is_ros1):
        self.store, self.is_ros1 = store, is_ros1

    def message(self, name):
        """A message and its JSON."""
        fields, shown = {}, {}
        for field, (kind, of) in self.store.fielddefs[name][1]:
            fields[field], shown[field] = self.field(kind, of)
        if name in ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration"):
            # In the range in which all readers agree.
            shown = {"sec": abs(shown["sec"]) // 2, "nanosec": shown["nanosec"] % 10**9}
            fields = dict(shown)
        shown.pop(DUMMY, None)
        return self.store.types[name](**fields), shown

    def field(self, kind, of):
        if kind == Nodetype.BASE:
            return self.scalar(of[0])
        if kind == Nodetype.NAME:
            return self.message(of)
        (element_kind, element), length = of
        length = length if kind == Nodetype.ARRAY else RANDOM.randrange(4)
        pairs = [self.field(element_kind, element) for _ in range(length)]
        values, shown = [v for v, _ in pairs], [s for _, s in pairs]
        if element_kind == Nodetype.BASE and element[0] not in ("string", "wstring"):
            name = element[0]
            bytewise = ("uint8", "char") if self.is_ros1 else ("uint8", "char", "octet", "byte")
            values = np.array(values, dtype={"octet": "uint8", "byte": "uint8", "char": "uint8"}.get(name, name))
            if name in bytewise:
                shown = base64.b64encode(values.tobytes()).decode()
        return values, shown

    def scalar(self, name):
        if name == "bool":
            value = RANDOM.random() < 0.5
            return value, value
        if name in INTS:
            value = RANDOM.randrange(-(2 ** INTS[name]), 2 ** INTS[name])
            return value, value
        if name in ("octet", "byte"):
            value = RANDOM.randrange(128)
            return value, value
        if name in UINTS:
            value = RANDOM.randrange(2 ** UINTS[name])
            return value, value
        if name == "string":
            value = RANDOM.choice(["", "base_link", "Ärger \"quoted\"", "a/b\n"])
            return value, value
        value = RANDOM.choice([RANDOM.gauss(0, 100), 1e-7, math.nan, math.inf, -math.inf, 0.1])
        if name == "float32":
            value = np.float32(value)
            return float(value), odd(float(str(value)))
        assert name == "float64", name
        return value, odd(value)


def ros(store, is_ros1):
    store = get_typestore(store)
    maker = Maker(store, is_ros1)
    for name in sorted(store.fielddefs):
        if "/msg/" not in name or "wstring" in str(store.fielddefs[name]):
            continue
        message, shown = maker.message(name)
        definition, _ = store.generate_msgdef(name, ros_version=1 if is_ros1 else 2)
        if is_ros1:
            name = name.replace("/msg/", "/")
            forms = [("ros1", store.serialize_ros1(message, message.__msgtype__))]
        else:
            forms = [
                ("cdr", store.serialize_cdr(message, name)),
                ("cdr", store.serialize_cdr(message, name, little_endian=False)),
            ]
        for encoding, data in forms:
            yield {
                "type": name,
                "encoding": encoding,
                "schema": "ros1msg" if is_ros1 else "ros2msg",
                "definition": base64.b64encode(definition.encode()).decode(),
                "data": base64.b64encode(bytes(data)).decode(),
                "json": shown,
            }


def descriptor_set(descriptor):
    files, seen = descriptor_pb2.FileDescriptorSet(), set()

    def add(file):
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        file.CopyToProto(files.file.add())

    add(descriptor.file)
    return files.SerializeToString()


def protobufs():
    def of(name):
        module = importlib.import_module(f"foxglove_schemas_protobuf.{name}_pb2")
        return getattr(module, name)

    def line(message, shown):
        return {
            "type": message.DESCRIPTOR.full_name,
            "encoding": "protobuf",
            "schema": "protobuf",
            "definition": base64.b64encode(descriptor_set(message.DESCRIPTOR)).decode(),
            "data": base64.b64encode(message.SerializeToString()).decode(),
            "json": shown,
        }

    image = of("CompressedImage")(frame_id="front", data=b"\xff\xd8\xff", format="jpeg")
    image.timestamp.FromNanoseconds(1_700_000_000_123_456_789)
    time = {"sec": 1_700_000_000, "nanosec": 123_456_789}
    shown = {"timestamp": time, "frame_id": "front", "data": "/9j/", "format": "jpeg"}
    yield line(image, shown)

    fix = of("LocationFix")(latitude=48.1, longitude=-11.5, altitude=520.25)
    fix.position_covariance.extend([1.0, 0.0, 2.5])
    fix.position_covariance_type = 2
    shown = {
        "timestamp": None,
        "frame_id": "",
        "latitude": 48.1,
        "longitude": -11.5,
        "altitude": 520.25,
        "position_covariance": [1.0, 0.0, 2.5],
        "position_covariance_type": "DIAGONAL_KNOWN",
        "color": None,
        "metadata": [],
        "heading": None,
        "velocity": None,
    }
    yield line(fix, shown)

    scan = of("LaserScan")(start_angle=0.5, end_angle=-1e-9, ranges=[1.0, math.inf, 2.5])
    shown = {
        "timestamp": None,
        "frame_id": "",
        "pose": None,
        "start_angle": 0.5,
        "end_angle": -1e-9,
        "ranges": [1.0, "Infinity", 2.5],
        "intensities": [],
    }
    yield line(scan, shown)

    # A map, a choice, a type within itself, and one of proto2.
    struct = struct_pb2.Struct()
    struct.update({"b": [True, None], "a": -1.5})
    nothing = dict.fromkeys(
        ["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"]
    )
    shown = {
        "fields": {
            "a": nothing | {"number_value": -1.5},
            "b": nothing
            | {
                "list_value": {
                    "values": [
                        nothing | {"bool_value": True},
                        nothing | {"null_value": "NULL_VALUE"},
                    ]
                }
            },
        }
    }
    yield line(struct, shown)
    reserved = descriptor_pb2.EnumDescriptorProto.EnumReservedRange(start=-5)
    yield line(reserved, {"start": -5, "end": None})
    numbers = wrappers_pb2.UInt64Value(value=2**64 - 1)
    yield line(numbers, {"value": 2**64 - 1})

    pose = of("PosesInFrame")(frame_id="map")
    pose.poses.add().position.x = 1.5
    shown = {
        "timestamp": None,
        "frame_id": "map",
        "poses": [{"position": {"x": 1.5, "y": 0.0, "z": 0.0}, "orientation": None}],
    }
    yield line(pose, shown)


def flatbuffers():
    import flatbuffers as fb
    import foxglove_schemas_flatbuffer as schemas
    from foxglove_schemas_flatbuffer import CompressedImage, LocationFix, PoseInFrame, Pose, Time, Vector3

    def line(name, builder, shown):
        return {
            "type": f"foxglove.{name}",
            "encoding": "flatbuffer",
            "schema": "flatbuffer",
            "definition": base64.b64encode(schemas.get_schema(name)).decode(),
            "data": base64.b64encode(bytes(builder.Output())).decode(),
            "json": shown,
        }

    builder = fb.Builder(64)
    frame, kind = builder.CreateString("front"), builder.CreateString("jpeg")
    data = builder.CreateByteVector(b"\xff\xd8\xff")
    CompressedImage.Start(builder)
    CompressedImage.AddTimestamp(builder, Time.CreateTime(builder, 1_700_000_000, 123_456_789))
    CompressedImage.AddFrameId(builder, frame)
    CompressedImage.AddData(builder, data)
    CompressedImage.AddFormat(builder, kind)
    builder.Finish(CompressedImage.End(builder))
    time = {"sec": 1_700_000_000, "nsec": 123_456_789}
    shown = {"timestamp": time, "frame_id": "front", "data": "/9j/", "format": "jpeg"}
    yield line("CompressedImage", builder, shown)

    builder = fb.Builder(64)
    LocationFix.StartPositionCovarianceVector(builder, 2)
    builder.PrependFloat64(2.5)
    builder.PrependFloat64(1.0)
    covariance = builder.EndVector()
    LocationFix.Start(builder)
    LocationFix.AddLatitude(builder, 48.1)
    LocationFix.AddPositionCovariance(builder, covariance)
    LocationFix.AddPositionCovarianceType(builder, 2)
    builder.Finish(LocationFix.End(builder))
    shown = {
        "timestamp": None,
        "frame_id": None,
        "latitude": 48.1,
        "longitude": 0.0,
        "altitude": 0.0,
        "position_covariance": [1.0, 2.5],
        "position_covariance_type": 2,
        "color": None,
        "metadata": None,
        "heading": None,
        "velocity": None,
    }
    yield line("LocationFix", builder, shown)

    builder = fb.Builder(64)
    Vector3.Start(builder)
    Vector3.AddX(builder, 1.5)
    position = Vector3.End(builder)
    Pose.Start(builder)
    Pose.AddPosition(builder, position)
    pose = Pose.End(builder)
    PoseInFrame.Start(builder)
    PoseInFrame.AddPose(builder, pose)
    builder.Finish(PoseInFrame.End(builder))
    shown = {
        "timestamp": None,
        "frame_id": None,
        "pose": {"position": {"x": 1.5, "y": 0.0, "z": 0.0}, "orientation": None},
    }
    yield line("PoseInFrame", builder, shown)


def main():
    lines = [*ros(Stores.ROS1_NOETIC, True), *ros(Stores.ROS2_HUMBLE, False), *protobufs(), *flatbuffers()]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    packed = zstandard.ZstdCompressor(level=19).compress(text)
    (HERE / "messages.jsonl.zst").write_bytes(packed)
    print(len(lines), "messages,", len(text), "bytes, packed", len(packed))


main()
