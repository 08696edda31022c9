#!/usr/bin/env python3
"""Makes the car pictures of *street*: cars cut out of photographs, set into other ones.

    python3 bench/train/make_cars.py SOURCES testdata/train/street

Writes 50 pictures of 768x576 to `images/cars-{train,val,test}/` there, and their boxes to
`cars.json`. SOURCES is a folder with the photographs that testdata/train/README.md names
(searched with its folders below). No car and no background stands in two splits.

A cut-out is a polygon drawn by hand around the car, wheels and mirrors included, with a
soft edge of a pixel; its number plate is blurred. It is mirrored, painted in another
colour, made lighter or darker, scaled to where on the ground it stands, set down on a
shadow, the further ones first, and gets the blur and noise of its picture. The box is
exact: the extent of the pixels that are car by half or more, cut at the picture's edge,
as it would be without the cars before it; at least 65 % of each car stays in sight.

Needs: numpy 2.4, opencv-python-headless 5.0
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

SEED = 20260602
WIDTH, HEIGHT = 768, 576
COUNTS = {"train": 30, "val": 10, "test": 10}
LEAST_IN_SIGHT = 0.65

# For each car: its photograph, what it is called, its outline and its number plate
# (left, top, right, bottom), in pixels of the photograph.
CARS = {
    "taxi-green": ("mmod_cars_test_image.jpg", [
        (80, 300), (82, 276), (86, 258), (97, 246), (103, 238), (120, 226), (135, 219), (155, 216), (178, 216),
        (190, 213), (195, 210), (208, 208), (220, 209), (226, 212), (245, 212), (258, 217), (272, 228), (284, 242),
        (289, 246), (293, 238), (301, 239), (303, 248), (296, 254), (298, 262), (305, 272), (309, 290), (308, 310),
        (304, 322), (298, 325), (285, 322), (262, 324), (260, 335), (255, 341), (247, 342), (236, 338), (225, 328),
        (118, 331), (113, 349), (97, 352), (88, 342), (83, 325), (80, 310)], (138, 271, 171, 291)),
    "taxi-lime": ("mmod_cars_test_image.jpg", [
        (298, 258), (297, 235), (302, 226), (312, 215), (325, 207), (345, 204), (364, 203), (368, 199), (378, 197),
        (390, 199), (393, 203), (402, 202), (412, 203), (425, 210), (437, 222), (443, 232), (447, 227), (453, 228),
        (453, 236), (458, 244), (460, 260), (459, 278), (455, 288), (450, 289), (444, 283), (418, 289), (414, 297),
        (406, 299), (400, 294), (395, 287), (375, 284), (330, 286), (312, 291), (309, 286), (306, 275), (302, 266)],
        (326, 247, 350, 263)),
    "sedan-white": ("mmod_cars_test_image.jpg", [
        (658, 312), (656, 300), (656, 280), (659, 265), (660, 253), (665, 247), (672, 240), (676, 230), (684, 217),
        (694, 208), (705, 203), (730, 201), (760, 202), (785, 204), (795, 208), (803, 220), (811, 232), (813, 226),
        (824, 227), (825, 234), (821, 237), (816, 239), (820, 247), (823, 258), (823, 285), (824, 303), (820, 308),
        (811, 309), (809, 322), (796, 325), (786, 315), (690, 317), (684, 327), (662, 328)], (711, 251, 741, 271)),
    "hatchback-silver": ("fast_alpr_test_image.png", [
        (67, 120), (70, 112), (85, 110), (97, 112), (101, 104), (112, 87), (125, 73), (142, 59), (165, 50), (190, 46),
        (240, 45), (300, 45), (350, 47), (380, 52), (398, 60), (412, 75), (422, 95), (429, 120), (432, 145),
        (434, 155), (445, 165), (449, 185), (450, 210), (448, 228), (446, 240), (444, 258), (438, 264), (400, 265),
        (394, 258), (388, 250), (370, 244), (280, 244), (262, 245), (238, 252), (226, 265), (212, 269), (191, 267),
        (180, 255), (178, 246), (120, 238), (93, 233), (90, 247), (84, 253), (58, 252), (52, 240), (50, 210),
        (48, 190), (50, 172), (58, 158), (66, 143), (78, 133), (74, 127)], (304, 187, 392, 213)),
    "sedan-gold": ("mmod_cars_test_image2.jpg", [
        (1158, 244), (1165, 238), (1200, 233), (1290, 233), (1312, 240), (1325, 258), (1340, 279), (1344, 277),
        (1360, 278), (1364, 283), (1362, 290), (1345, 291), (1352, 300), (1360, 310), (1366, 330), (1367, 350),
        (1366, 380), (1365, 400), (1364, 430), (1340, 432), (1332, 412), (1150, 414), (1142, 430), (1119, 427),
        (1115, 400), (1111, 370), (1110, 350), (1113, 330), (1118, 310), (1125, 300), (1131, 292), (1117, 291),
        (1108, 288), (1108, 281), (1113, 277), (1130, 278), (1140, 266)], (1213, 318, 1266, 349)),
    "sedan-silver": ("mmod_cars_test_image2.jpg", [
        (1825, 300), (1830, 289), (1845, 280), (1864, 277), (1869, 268), (1881, 252), (1895, 239), (1908, 230),
        (1930, 228), (1970, 229), (2020, 234), (2055, 240), (2075, 252), (2095, 272), (2107, 285), (2117, 300),
        (2121, 310), (2109, 318), (2099, 332), (2092, 345), (2090, 360), (2088, 373), (2050, 371), (1985, 366),
        (1978, 371), (1955, 367), (1912, 366), (1905, 377), (1897, 381), (1888, 377), (1882, 362), (1850, 352),
        (1836, 350), (1834, 361), (1828, 365), (1823, 355), (1822, 330)], (2010, 305, 2058, 329)),
    "suv-black": ("mmod_cars_test_image2.jpg", [
        (556, 209), (575, 205), (620, 204), (660, 203), (690, 206), (712, 214), (722, 226), (732, 245), (742, 255),
        (746, 266), (747, 290), (747, 330), (747, 354), (741, 362), (728, 362), (720, 352), (716, 347), (690, 351),
        (688, 370), (682, 380), (672, 381), (662, 375), (655, 370), (640, 370), (515, 372), (511, 386), (500, 391),
        (482, 390), (475, 379), (470, 350), (468, 320), (467, 306), (476, 299), (486, 285), (493, 277), (504, 273),
        (498, 270), (493, 266), (493, 258), (500, 255), (511, 257), (515, 262), (526, 245), (541, 226)],
        (528, 317, 574, 344)),
}

# Of each background the part that is used (left, top, width; 4:3), and where in the picture,
# from 0 to 1 of its height, a car stands at the furthest and at the nearest, and how wide
# it then is in pixels.
BACKGROUNDS = {
    "leuvenA.jpg": ((0, 0, 751), (0.70, 0.97), (60, 250)),
    "002.jpg": ((0, 0, 338), (0.88, 0.985), (60, 250)),
    "leuvenB.jpg": ((120, 90, 620), (0.76, 0.97), (80, 270)),
    "building.jpg": ((228, 120, 640), (0.86, 0.985), (70, 240)),
}

SPLITS = {
    "train": (["taxi-green", "hatchback-silver", "sedan-gold", "sedan-silver"], ["leuvenA.jpg", "002.jpg"]),
    "val": (["suv-black"], ["building.jpg"]),
    "test": (["taxi-lime", "sedan-white"], ["leuvenB.jpg"]),
}


# ---- what is cut out --------------------------------------------------------


def find(sources: Path, name: str) -> np.ndarray:
    found = sorted(path for path in sources.rglob(name) if path.is_file())
    image = cv2.imread(str(found[0])) if found else None
    if image is None:
        raise SystemExit(f"expected the photograph {name} in the sources\nfolder: {sources}")
    return image


def cut_out(photo: np.ndarray, outline: list, plate: tuple):
    """The car in a rectangle of its own, and how much of each pixel it is, 0 to 1."""
    left, top, right, bottom = plate
    photo = photo.copy()
    inside = photo[top:bottom, left:right]
    # As wide as four of the seven letters of a plate: none of them is left.
    inside[:] = cv2.GaussianBlur(inside, (0, 0), (right - left) / 7)
    points = np.array(outline, np.int32)
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points], 255)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.0)
    (x, y), (far_x, far_y) = points.min(0) - 3, points.max(0) + 4
    x, y = max(x, 0), max(y, 0)
    return photo[y:far_y, x:far_x].astype(np.float32), mask[y:far_y, x:far_x].astype(np.float32) / 255


def repaint(rng, car: np.ndarray) -> np.ndarray:
    """Another paint, warmer or colder, and another light."""
    hls = cv2.cvtColor(np.clip(car, 0, 255).astype(np.uint8), cv2.COLOR_BGR2HLS).astype(np.float32)
    if rng.random() < 0.6:
        # Lights stay red: only what is not red is painted.
        red = (np.minimum(hls[:, :, 0], 180 - hls[:, :, 0]) < 9) & (hls[:, :, 2] > 70)
        amount = cv2.GaussianBlur(np.where(red, 0.0, 1.0).astype(np.float32), (0, 0), 1.5)
        tint = cv2.cvtColor(np.uint8([[[rng.integers(0, 180), 128, 255]]]), cv2.COLOR_HLS2BGR)[0, 0] / 128.0
        strength = rng.uniform(0.15, 0.5) * amount[:, :, None]
        car = car * (1 - strength + strength * tint.astype(np.float32))
    car = car * rng.uniform(0.75, 1.3) + rng.uniform(-12, 18)
    return np.clip(car, 0, 255)


# ---- pictures ---------------------------------------------------------------


def backdrop(rng, photo: np.ndarray, part: tuple) -> np.ndarray:
    left, top, width = part
    width = min(width, photo.shape[1] - left, (photo.shape[0] - top) * 4 // 3)
    zoom = rng.uniform(0.9, 1.0)
    wide, tall = int(width * zoom), int(width * zoom * 3 / 4)
    # Trimmed above and at the sides: the ground stays where it is.
    left += int(rng.uniform(0, width - wide))
    top += width * 3 // 4 - tall
    scaled = cv2.resize(photo[top : top + tall, left : left + wide], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    scaled = scaled[:, ::-1] if rng.random() < 0.5 else scaled
    return np.clip(scaled.astype(np.float32) * rng.uniform(0.8, 1.2) + rng.uniform(-10, 10), 0, 255)


def place(rng, car: np.ndarray, mask: np.ndarray, foot: float, wide: float):
    """The car scaled and mirrored, in a picture of its own, and how much of each pixel it is."""
    scale = wide / car.shape[1]
    if rng.random() < 0.5:
        car, mask = car[:, ::-1], mask[:, ::-1]
    # A car is seldom seen at just the height it was photographed from.
    move = np.float32([[scale, 0, 0], [0, scale * rng.uniform(0.92, 1.06), 0]])
    reach = 0.2 * wide
    move[0, 2] = rng.uniform(-reach, WIDTH - wide + reach)
    move[1, 2] = foot - car.shape[0] * move[1, 1]
    if scale < 1:
        # What warpAffine would skip over is averaged first.
        car = cv2.GaussianBlur(car, (0, 0), 0.4 / scale)
        mask = cv2.GaussianBlur(np.ascontiguousarray(mask), (0, 0), 0.3 / scale)
    size = (WIDTH, HEIGHT)
    car = cv2.warpAffine(np.ascontiguousarray(car), move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return car, cv2.warpAffine(np.ascontiguousarray(mask), move, size, flags=cv2.INTER_LINEAR)


def extent(mask: np.ndarray) -> list:
    rows, columns = np.flatnonzero((mask >= 0.5).any(1)), np.flatnonzero((mask >= 0.5).any(0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def shade(picture: np.ndarray, mask: np.ndarray) -> None:
    """The shadow below a car: dark where it touches the ground, fading outwards."""
    left, _, right, bottom = extent(mask)
    shadow = np.zeros((HEIGHT, WIDTH), np.float32)
    wide = right - left
    cv2.ellipse(shadow, ((left + right) // 2, bottom - wide // 28), (int(wide * 0.5), max(2, wide // 16)), 0, 0, 360, 1.0, cv2.FILLED)
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(1.0, wide / 40))
    picture *= (1 - 0.7 * shadow)[:, :, None]


def picture_of(rng, cars: dict, names: list, photo: np.ndarray, background: tuple):
    part, (furthest, nearest), (narrow, broad) = background
    picture = backdrop(rng, photo, part)
    kept = []
    wanted = int(rng.integers(1, 4))
    depths = np.sort(rng.uniform(0, 1, wanted))
    for depth in depths:
        for _ in range(30):
            name = str(rng.choice(names))
            foot = (furthest + (nearest - furthest) * depth) * HEIGHT
            wide = (narrow + (broad - narrow) * depth) * rng.uniform(0.9, 1.15)
            car, mask = place(rng, repaint(rng, cars[name][0]), cars[name][1], foot, wide)
            solid = mask >= 0.5
            left, top, right, bottom = extent(mask)
            if solid.sum() < 0.8 * (cars[name][1] >= 0.5).sum() * (wide / cars[name][0].shape[1]) ** 2:
                continue
            seen = [other & ~solid for _, _, other, _ in kept]
            if all(rest.sum() >= LEAST_IN_SIGHT * full for rest, (_, _, _, full) in zip(seen, kept)):
                # The light of where it stands, by half.
                ground = picture[max(bottom - 60, 0) : bottom, left:right].mean()
                car = np.clip(car * (0.5 + 0.5 * np.clip(ground / max(car[solid].mean(), 1), 0.6, 1.6)), 0, 255)
                shade(picture, mask)
                picture += (car - picture) * mask[:, :, None]
                kept = [(a, b, rest, full) for (a, b, _, full), rest in zip(kept, seen)]
                kept.append((name, [left, top, right, bottom], solid, int(solid.sum())))
                break
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.1))
    picture += rng.normal(0, rng.uniform(0.5, 5), picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), [(name, box) for name, box, _, _ in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    cars = {name: cut_out(find(args.sources, photo), outline, plate) for name, (photo, outline, plate) in CARS.items()}
    written = []
    for place_of_split, (split, (names, backgrounds)) in enumerate(SPLITS.items()):
        folder = args.out / "images" / f"cars-{split}"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(COUNTS[split]):
            rng = np.random.default_rng([SEED, place_of_split, number])
            background = backgrounds[number % len(backgrounds)]
            image, boxes = picture_of(rng, cars, names, find(args.sources, background), BACKGROUNDS[background])
            path = folder / f"{number:03}.jpg"
            cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 93))])
            written.append({
                "image": f"cars-{split}/{number:03}.jpg",
                "split": split,
                "background": background,
                "boxes": [{"car": name, "box": box} for name, box in boxes],
            })
    lines = ",\n".join(json.dumps(entry) for entry in written)
    (args.out / "cars.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(written)} pictures, {sum(len(entry['boxes']) for entry in written)} cars")


if __name__ == "__main__":
    main()
