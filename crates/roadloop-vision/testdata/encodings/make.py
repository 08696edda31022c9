"""Writes raw.bin and what OpenCV makes of it in each encoding of an image of
34 x 22 pixels whose rows have 5 bytes of padding.

    pip install numpy opencv-python-headless
    python3 make.py
"""

from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT, PADDING = 34, 22, 5
HERE = Path(__file__).parent

rng = np.random.default_rng(7)
raw = rng.integers(0, 256, 16_384, dtype=np.uint8)
# Half of it smooth, so that not every neighbour differs wildly.
raw[::3] = (np.arange(len(raw[::3])) // 5 % 256).astype(np.uint8)
raw.tofile(HERE / "raw.bin")


def rows(count, row_bytes):
    step = row_bytes + PADDING
    return np.ascontiguousarray(raw[: count * step].reshape(count, step)[:, :row_bytes])


def write(name, rgb):
    cv2.imwrite(str(HERE / f"{name}.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


# OpenCV names a filter after its second row, from the second column on.
for name, code in [
    ("bayer_rggb8", cv2.COLOR_BayerBG2RGB),
    ("bayer_bggr8", cv2.COLOR_BayerRG2RGB),
    ("bayer_gbrg8", cv2.COLOR_BayerGR2RGB),
    ("bayer_grbg8", cv2.COLOR_BayerGB2RGB),
]:
    write(name, cv2.cvtColor(rows(HEIGHT, WIDTH), code))


def deep(channels):
    samples = rows(HEIGHT, 2 * WIDTH * channels).view("<u2")
    return samples.reshape(HEIGHT, WIDTH, channels).squeeze()


for name, code in [
    ("bayer_rggb16", cv2.COLOR_BayerBG2RGB),
    ("bayer_bggr16", cv2.COLOR_BayerRG2RGB),
    ("bayer_gbrg16", cv2.COLOR_BayerGR2RGB),
    ("bayer_grbg16", cv2.COLOR_BayerGB2RGB),
]:
    write(name, cv2.cvtColor(deep(1), code))
cv2.imwrite(str(HERE / "mono16.png"), deep(1))
write("rgb16", deep(3))
cv2.imwrite(str(HERE / "bgr16.png"), deep(3))
cv2.imwrite(str(HERE / "bgra16.png"), deep(4))

packed = rows(HEIGHT, 2 * WIDTH).reshape(HEIGHT, WIDTH, 2)
write("yuv422", cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_UYVY))
write("yuv422_yuy2", cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_YUY2))

planes = rows(HEIGHT * 3 // 2, WIDTH)
write("nv12", cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_NV12))
write("nv21", cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_NV21))

# OpenCV reads no nv24: each pixel twice, as two that share their chroma. A row
# of chroma takes two steps, and its padding lies behind both.
luma = rows(HEIGHT, WIDTH)
step = WIDTH + PADDING
chroma = raw[HEIGHT * step : 3 * HEIGHT * step].reshape(HEIGHT, 2 * step)[:, : 2 * WIDTH]
chroma = chroma.reshape(HEIGHT, WIDTH, 2)
doubled = np.stack([chroma[..., 0], luma, chroma[..., 1], luma], axis=-1)
doubled = np.ascontiguousarray(doubled.reshape(HEIGHT, 2 * WIDTH, 2))
write("nv24", np.ascontiguousarray(cv2.cvtColor(doubled, cv2.COLOR_YUV2RGB_UYVY)[:, ::2]))

write("8UC3", cv2.cvtColor(rows(HEIGHT, 3 * WIDTH).reshape(HEIGHT, WIDTH, 3), cv2.COLOR_BGR2RGB))
