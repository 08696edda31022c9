#!/usr/bin/env python3
"""Makes demo.mcap: five seconds of a street, seen by two cameras, with GPS and IMU.

    python3 testdata/demo/make_demo.py VIDEO_DIR PHOTO_DIR testdata/demo/demo.mcap

VIDEO_DIR holds `vtest.avi`, a fixed camera over a street; PHOTO_DIR holds
`astronaut.png` and `fast_alpr_test_image.png` (README.md says where they are
from). In the video faces and plates are too small for any detector, and a demo
must show what it blurs: so a passer-by close to the camera and a car with its
plate are cut out of the photographs and move through the scene. Their size
follows the perspective of the street (the passer-by is nearer than all else),
they pass behind what stands nearer, cast a shadow, and take on the video's
light, sharpness and noise.

Nothing here is random but the seeded noise: the same versions write the same bytes.

Needs: numpy 2.4, opencv-python-headless 5.0, mcap 1.6, rosbags 0.11.9
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore

START_NS = 1_777_887_000_000_000_000  # 2026-05-04T09:30:00Z
FRAMES = 48
FRAME_HZ, GPS_HZ, IMU_HZ = 10, 5, 50
JPEG_QUALITY = 75
SEED = 20260504
# A small car is 0.83 of a person's height. It is drawn this much larger than that, so that its plate can be read.
CAR_SIZE = 1.5


# ---- the street -------------------------------------------------------------


@dataclass
class Street:
    frames: list
    """Every frame of the video, BGR."""
    empty: np.ndarray
    """The street without anybody: the median over the whole video."""
    standing: np.ndarray
    """How much of each pixel is lamp post, sign or tripod, 0 to 1."""


def read_street(path: Path) -> Street:
    video = cv2.VideoCapture(str(path))
    frames = []
    while True:
        more, frame = video.read()
        if not more:
            break
        frames.append(frame)
    if len(frames) < 600:
        raise SystemExit(f"expected a video of 795 frames, read {len(frames)}\npath: {path}")
    empty = np.median(np.stack(frames[::8]), axis=0).astype(np.uint8)
    return Street(frames, empty, standing_things(empty))


def standing_things(empty: np.ndarray) -> np.ndarray:
    """The lamp post with its sign, and the thin tripod, which is whatever is black where it stands."""
    mask = np.zeros(empty.shape[:2], np.uint8)
    post = np.array([[424, 100], [429, 100], [434, 244], [439, 340], [439, 391], [428, 391], [428, 340], [426, 244]])
    cv2.fillPoly(mask, [post], 255)
    cv2.rectangle(mask, (413, 202), (446, 244), 255, cv2.FILLED)
    gray = cv2.cvtColor(empty, cv2.COLOR_BGR2GRAY)
    tripod = np.zeros_like(mask)
    cv2.fillPoly(tripod, [np.array([[495, 335], [516, 335], [530, 484], [455, 474]])], 255)
    mask[(tripod > 0) & (gray < 60)] = 255
    return cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32) / 255


def walkers_in_front(street: Street, frame: np.ndarray, foot_y: float) -> np.ndarray:
    """Where people of the video stand nearer to the camera than `foot_y`, 0 to 1."""
    moved = cv2.absdiff(frame, street.empty).max(axis=2)
    mask = cv2.morphologyEx((moved > 28).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    nearer = np.zeros(mask.shape, np.uint8)
    for label in range(1, count):
        bottom = stats[label, cv2.CC_STAT_TOP] + stats[label, cv2.CC_STAT_HEIGHT]
        if stats[label, cv2.CC_STAT_AREA] > 250 and bottom > foot_y:
            nearer[labels == label] = 255
    return cv2.GaussianBlur(nearer, (3, 3), 0).astype(np.float32) / 255


def person_height_at(foot_y: float) -> float:
    """How tall people are in the video, by where their feet are; read off its frames."""
    return 85 + 0.27 * (foot_y - 305)


# ---- what is placed into it -------------------------------------------------


@dataclass
class CutOut:
    """Part of a photograph: colours and how opaque each pixel is, with margins cropped away."""

    bgr: np.ndarray
    alpha: np.ndarray


def crop(bgr: np.ndarray, alpha: np.ndarray, pad: int = 4) -> CutOut:
    ys, xs = np.nonzero(alpha > 0.02)
    top, bottom = max(0, ys.min() - pad), min(alpha.shape[0], ys.max() + 1 + pad)
    left, right = max(0, xs.min() - pad), min(alpha.shape[1], xs.max() + 1 + pad)
    return CutOut(bgr[top:bottom, left:right].astype(np.float32), alpha[top:bottom, left:right])


def cut_car(path: Path) -> CutOut:
    """The silver car; its outline was drawn by hand on the photograph at twice its size."""
    photo = cv2.imread(str(path))
    outline = [
        (97, 425), (94, 370), (100, 335), (118, 300), (150, 262), (137, 250), (136, 227), (160, 219),
        (184, 222), (194, 210), (240, 152), (285, 122), (330, 106), (400, 95), (470, 91), (560, 89),
        (680, 94), (770, 100), (800, 112), (815, 132), (843, 180), (858, 220), (863, 270), (862, 302),
        (884, 332), (896, 380), (901, 430), (897, 470), (892, 480), (892, 520), (884, 530), (790, 531),
        (780, 510), (735, 496), (560, 497), (520, 513), (470, 511), (458, 528), (430, 535), (390, 531),
        (369, 516), (357, 493), (182, 476), (178, 494), (158, 505), (124, 502), (106, 486), (100, 440),
    ]  # fmt: skip
    mask = np.zeros((photo.shape[0] * 4, photo.shape[1] * 4), np.uint8)
    cv2.fillPoly(mask, [np.array(outline) * 2], 255)
    alpha = cv2.resize(mask, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_AREA)
    alpha = cv2.GaussianBlur(alpha, (3, 3), 0)
    return crop(photo, alpha.astype(np.float32) / 255)


def cut_passer_by(path: Path) -> CutOut:
    """The astronaut, without the flag, the model rocket and the wall behind her."""
    photo = cv2.imread(str(path))
    cv2.setRNGSeed(SEED)
    labels = np.full(photo.shape[:2], cv2.GC_BGD, np.uint8)
    around = [(10, 511), (20, 300), (40, 235), (110, 195), (120, 160), (170, 135), (145, 95), (150, 40), (190, 10),
              (260, 10), (305, 45), (310, 100), (285, 140), (310, 200), (330, 230), (365, 270), (372, 345), (440, 340),
              (505, 400), (511, 511)]  # fmt: skip
    surely = [(40, 511), (40, 330), (75, 260), (135, 235), (135, 195), (190, 165), (165, 100), (170, 50), (210, 30),
              (260, 35), (285, 70), (280, 110), (255, 150), (265, 190), (290, 225), (335, 275), (345, 360), (420, 365),
              (480, 420), (480, 511)]  # fmt: skip
    cv2.fillPoly(labels, [np.array(around)], cv2.GC_PR_BGD)
    cv2.fillPoly(labels, [np.array(surely)], cv2.GC_FGD)
    cv2.grabCut(photo, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    mask = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    mask = cv2.erode(mask, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(mask, (5, 5), 0).astype(np.float32) / 255
    return crop(photo, alpha)


def in_street_light(cut: CutOut, gain: float, contrast: float, saturation: float) -> CutOut:
    gray = cut.bgr.mean(axis=2, keepdims=True)
    bgr = gray + (cut.bgr - gray) * saturation
    bgr = ((bgr - 110) * contrast + 110) * gain
    return CutOut(np.clip(bgr, 0, 255), cut.alpha)


def sharpened(cut: CutOut, amount: float) -> CutOut:
    """The video was sharpened in its camera; what stands in it is sharpened alike."""
    bgr = cut.bgr + amount * (cut.bgr - cv2.GaussianBlur(cut.bgr, (0, 0), 1.5))
    return CutOut(np.clip(bgr, 0, 255), cut.alpha)


def mirrored(cut: CutOut) -> CutOut:
    return CutOut(np.ascontiguousarray(cut.bgr[:, ::-1]), np.ascontiguousarray(cut.alpha[:, ::-1]))


def place(scene: np.ndarray, cut: CutOut, centre_x: float, top_y: float, scale: float, hidden: np.ndarray) -> None:
    """Draws `cut` into `scene` at a position that need not be whole pixels, except where `hidden` stands before it."""
    height, width = scene.shape[:2]
    # Averaged down to near the final size first, so that the sampling below does not alias.
    shrink = min(1.0, scale * 1.15)
    size = (max(1, round(cut.bgr.shape[1] * shrink)), max(1, round(cut.bgr.shape[0] * shrink)))
    bgr = cv2.resize(cut.bgr * cut.alpha[..., None], size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cut.alpha, size, interpolation=cv2.INTER_AREA)
    rest = scale * cut.bgr.shape[1] / size[0]
    left = centre_x - rest * size[0] / 2
    moved = np.array([[rest, 0, left], [0, rest, top_y]], np.float64)
    bgr = cv2.warpAffine(bgr, moved, (width, height), flags=cv2.INTER_LINEAR)
    alpha = cv2.warpAffine(alpha, moved, (width, height), flags=cv2.INTER_LINEAR)
    shown = (1 - hidden)[..., None]
    scene[:] = scene * (1 - alpha[..., None] * shown) + bgr * shown


def shade(scene: np.ndarray, centre: tuple, half_size: tuple, depth: float, hidden: np.ndarray) -> None:
    """A soft shadow on the ground."""
    mask = np.zeros(scene.shape[:2], np.uint8)
    axes = (max(1, round(half_size[0])), max(1, round(half_size[1])))
    cv2.ellipse(mask, (round(centre[0]), round(centre[1])), axes, 4, 0, 360, 255, cv2.FILLED)
    blur = max(1.0, half_size[1] * 0.6)
    soft = cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255
    scene *= (1 - depth * soft * (1 - hidden))[..., None]


def along(keys: list, t: float) -> tuple:
    """The position at time `t` on a smooth line through (time, x, y)."""
    times = [key[0] for key in keys]
    i = min(max(int(np.searchsorted(times, t)) - 1, 0), len(keys) - 2)
    u = (t - times[i]) / (times[i + 1] - times[i])
    before, start = keys[max(i - 1, 0)], keys[i]
    end, after = keys[i + 1], keys[min(i + 2, len(keys) - 1)]
    position = []
    for axis in (1, 2):  # Catmull-Rom
        p0, p1, p2, p3 = before[axis], start[axis], end[axis], after[axis]
        position.append(p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0))))
    return tuple(position)


@dataclass(frozen=True)
class View:
    """The part of the street a camera shows, from `left`, `top` in the video, enlarged by `zoom`."""

    left: float
    top: float
    zoom: float
    width: int
    height: int

    def of(self, image: np.ndarray) -> np.ndarray:
        from_video = np.array([[self.zoom, 0, -self.left * self.zoom], [0, self.zoom, -self.top * self.zoom]])
        return cv2.warpAffine(image, from_video, (self.width, self.height), flags=cv2.INTER_CUBIC)

    def at(self, point: tuple) -> tuple:
        return (point[0] - self.left) * self.zoom, (point[1] - self.top) * self.zoom


def draw_car(scene: np.ndarray, view: View, car: CutOut, foot: tuple, hidden: np.ndarray) -> None:
    scale = view.zoom * person_height_at(foot[1]) * 0.83 * CAR_SIZE / car.bgr.shape[0]
    width, height = car.bgr.shape[1] * scale, car.bgr.shape[0] * scale
    x, y = view.at(foot)
    shade(scene, (x, y - height * 0.06), (width * 0.47, height * 0.10), 0.5, hidden)
    shade(scene, (x + width * 0.06, y - height * 0.05), (width * 0.40, height * 0.05), 0.7, hidden)
    place(scene, car, x, y - height, scale, hidden)


def with_noise(scene: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    grain = noise.normal(0, 1.2, scene.shape[:2])[..., None]
    return np.clip(scene + grain, 0, 255).round().astype(np.uint8)


# ---- the two cameras --------------------------------------------------------


def front_frames(street: Street, car: CutOut, person: CutOut, noise):
    """A car drives off to the left, and a passer-by crosses close to the camera."""
    view = View(88, 36, 1.13, 768, 576)
    car_way = [(-0.5, 900, 446), (0.8, 715, 400), (2.4, 500, 330), (3.6, 330, 270), (4.8, 150, 235)]
    nothing = np.zeros((view.height, view.width), np.float32)
    for i in range(FRAMES):
        t = i / FRAME_HZ
        frame = street.frames[20 + i]
        scene = np.clip(view.of(frame.astype(np.float32)), 0, 255)
        foot = along(car_way, t)
        hidden = view.of(np.maximum(street.standing, walkers_in_front(street, frame, foot[1]))).clip(0, 1)
        draw_car(scene, view, car, foot, hidden)
        x = -150 + 195 * (t - 0.6)
        scale = 0.50 + 0.035 * t
        bob = 3.5 * abs(math.sin(2 * math.pi * 0.95 * t))
        place(scene, person, x, view.height - 395 * scale - bob, scale, nothing)
        yield with_noise(scene, noise)


def rear_frames(street: Street, car: CutOut, person: CutOut, noise):
    """Mirrored and closer: a passer-by comes nearer from the right, a car leaves by the road at the back."""
    view = View(12, 118, 1.45, 640, 480)
    car_way = [(-0.2, 600, 296), (1.0, 440, 302), (2.4, 262, 292), (3.8, 160, 232), (4.8, 112, 182)]
    street = Street(
        [np.ascontiguousarray(frame[:, ::-1]) for frame in street.frames[560 : 560 + FRAMES]],
        np.ascontiguousarray(street.empty[:, ::-1]),
        np.ascontiguousarray(street.standing[:, ::-1]),
    )
    nothing = np.zeros((view.height, view.width), np.float32)
    for i, frame in enumerate(street.frames):
        t = i / FRAME_HZ
        scene = np.clip(view.of(frame.astype(np.float32)), 0, 255)
        foot = along(car_way, t)
        hidden = view.of(np.maximum(street.standing, walkers_in_front(street, frame, foot[1]))).clip(0, 1)
        draw_car(scene, view, car, foot, hidden)
        scale = 0.34 + 0.055 * t
        bob = 3.0 * abs(math.sin(2 * math.pi * 0.95 * t + 1))
        place(scene, person, 690 - 88 * t, view.height - 360 * scale - 22 - bob, scale, nothing)
        yield with_noise(scene, noise)


# ---- the recording ----------------------------------------------------------


class Recording:
    """Collects messages, and writes them in the order of their log time."""

    def __init__(self):
        self.types = get_typestore(Stores.ROS2_HUMBLE)
        self.messages = []

    def header(self, stamp_ns: int, frame_id: str):
        time = self.types.types["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
        return self.types.types["std_msgs/msg/Header"](stamp=time, frame_id=frame_id)

    def add(self, topic: str, type_name: str, stamp_ns: int, log_ns: int, **fields):
        message = self.types.types[type_name](**fields)
        data = bytes(self.types.serialize_cdr(message, type_name))
        self.messages.append((log_ns, topic, type_name, stamp_ns, data))

    def write(self, path: Path):
        self.messages.sort(key=lambda message: message[:2])
        with path.open("wb") as file:
            writer = Writer(file, chunk_size=512 * 1024, compression=CompressionType.ZSTD)
            writer.start(profile="ros2", library="make_demo.py")
            schemas, channels, sequences = {}, {}, {}
            for log_ns, topic, type_name, stamp_ns, data in self.messages:
                if type_name not in schemas:
                    text, _ = self.types.generate_msgdef(type_name, ros_version=2)
                    schemas[type_name] = writer.register_schema(type_name, encoding="ros2msg", data=text.encode())
                if topic not in channels:
                    channels[topic] = writer.register_channel(topic, "cdr", schema_id=schemas[type_name])
                sequences[topic] = sequences.get(topic, 0) + 1
                writer.add_message(channels[topic], log_ns, data, stamp_ns, sequences[topic])
            writer.finish()


def add_camera(recording: Recording, name: str, frames, offset_ns: int, noise) -> None:
    for i, image in enumerate(frames):
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        assert done
        stamp_ns = START_NS + offset_ns + i * 10**9 // FRAME_HZ
        log_ns = stamp_ns + int(noise.integers(9_000_000, 21_000_000))
        recording.add(
            f"/camera/{name}/image_raw/compressed",
            "sensor_msgs/msg/CompressedImage",
            stamp_ns,
            log_ns,
            header=recording.header(stamp_ns, f"camera_{name}"),
            format="bgr8; jpeg compressed bgr8",
            data=jpeg.reshape(-1),
        )


def speed_mps(t: float) -> float:
    """Rolling on at town speed, braking gently for the crossing."""
    return 6.5 + 1.5 * math.cos(2 * math.pi * t / 9)


def yaw_rate_radps(t: float) -> float:
    return 0.10 * math.sin(2 * math.pi * t / 7)


def drive(seconds: float, step: float):
    """(time, east m, north m, heading rad from east) along the street, by small steps."""
    east = north = 0.0
    heading = math.radians(62)
    for i in range(round(seconds / step) + 1):
        t = i * step
        yield t, east, north, heading
        heading += yaw_rate_radps(t) * step
        east += speed_mps(t) * math.cos(heading) * step
        north += speed_mps(t) * math.sin(heading) * step


def add_motion(recording: Recording, noise) -> None:
    types = recording.types.types
    step = 1 / IMU_HZ
    for i, (t, east, north, heading) in enumerate(drive(FRAMES / FRAME_HZ, step)):
        stamp_ns = START_NS + i * 10**9 // IMU_HZ
        braking = (speed_mps(t + step) - speed_mps(t - step)) / (2 * step)
        vector = types["geometry_msgs/msg/Vector3"]
        rates = (*noise.normal(0, 0.004, 2), yaw_rate_radps(t) + noise.normal(0, 0.002))
        accelerations = (
            braking + noise.normal(0, 0.05),
            speed_mps(t) * yaw_rate_radps(t) + noise.normal(0, 0.05),
            9.807 + noise.normal(0, 0.08),
        )
        recording.add(
            "/imu/data",
            "sensor_msgs/msg/Imu",
            stamp_ns,
            stamp_ns + 1_500_000,
            header=recording.header(stamp_ns, "imu_link"),
            orientation=types["geometry_msgs/msg/Quaternion"](
                x=0.0, y=0.0, z=math.sin(heading / 2), w=math.cos(heading / 2)
            ),
            orientation_covariance=np.diag([1e-4, 1e-4, 4e-4]).reshape(-1),
            angular_velocity=vector(*map(float, rates)),
            angular_velocity_covariance=np.diag([1.6e-5, 1.6e-5, 4e-6]).reshape(-1),
            linear_acceleration=vector(*map(float, accelerations)),
            linear_acceleration_covariance=np.diag([2.5e-3, 2.5e-3, 6.4e-3]).reshape(-1),
        )
        if i % (IMU_HZ // GPS_HZ):
            continue
        east, north = east + noise.normal(0, 0.25), north + noise.normal(0, 0.25)
        metres_per_degree = 111_320.0
        recording.add(
            "/gps/fix",
            "sensor_msgs/msg/NavSatFix",
            stamp_ns,
            stamp_ns + 30_000_000,
            header=recording.header(stamp_ns, "gps_link"),
            status=types["sensor_msgs/msg/NavSatStatus"](status=0, service=1),
            latitude=48.1371 + north / metres_per_degree,
            longitude=11.5754 + east / (metres_per_degree * math.cos(math.radians(48.1371))),
            altitude=519.4 + noise.normal(0, 0.3),
            position_covariance=np.diag([0.0625, 0.0625, 0.25]).reshape(-1),
            position_covariance_type=2,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video_dir", type=Path)
    parser.add_argument("photo_dir", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()

    cv2.setNumThreads(1)
    street = read_street(args.video_dir / "vtest.avi")
    car = sharpened(in_street_light(cut_car(args.photo_dir / "fast_alpr_test_image.png"), 1.0, 1.1, 1.1), 1.0)
    person = in_street_light(cut_passer_by(args.photo_dir / "astronaut.png"), 0.95, 1.05, 0.8)

    noise = np.random.default_rng(SEED)
    recording = Recording()
    add_camera(recording, "front", front_frames(street, car, person, noise), 0, noise)
    add_camera(recording, "rear", rear_frames(street, car, mirrored(person), noise), 33_000_000, noise)
    add_motion(recording, noise)
    recording.write(args.out)
    print(f"{len(recording.messages)} messages, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
