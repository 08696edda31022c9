"""Makes the pictures beside it: make.py astronaut.png

Needs opencv-python-headless, numpy and pillow. A picture `x.jpg` has its truth,
as OpenCV reads it, in `x.jpg.truth.png`; the PNGs of odd kinds have theirs too.
"""

import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

HERE = Path(__file__).parent


def interlaced_png(rgb):
    """Adam7, eight bits, RGB: none of the usual writers makes one."""
    height, width, _ = rgb.shape
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b"".join(
        b"\0" + row.tobytes() for x, y, dx, dy in passes for row in rgb[y::dy, x::dx] if row.size
    )

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def main(astronaut):
    whole = cv2.imread(astronaut)
    small = cv2.resize(whole, (112, 112), interpolation=cv2.INTER_AREA)[20:91, 5:104]
    rgb = np.ascontiguousarray(small[:, :, ::-1])
    picture = Image.fromarray(rgb)
    gray = picture.convert("L")

    picture.save(HERE / "baseline-420.jpg", quality=92, subsampling=2)
    picture.save(HERE / "baseline-444.jpg", quality=92, subsampling=0)
    picture.save(HERE / "progressive.jpg", quality=92, progressive=True)
    gray.save(HERE / "gray.jpg", quality=92)
    picture.convert("CMYK").save(HERE / "cmyk.jpg", quality=92)

    picture.save(HERE / "lossless.webp", lossless=True)
    picture.save(HERE / "lossy.webp", quality=80)

    wide = rgb.astype(np.uint16) * 257 + 50
    cv2.imwrite(str(HERE / "rgb16.png"), np.minimum(wide, 65535).astype(np.uint16)[:, :, ::-1])
    picture.quantize(64).save(HERE / "palette.png")
    gray.quantize(16).convert("L").save(HERE / "gray8.png")
    gray.convert("1").save(HERE / "gray1.png")
    fade = Image.fromarray(np.tile(np.linspace(0, 255, 99).astype(np.uint8), (71, 1)))
    both = gray.convert("LA")
    both.putalpha(fade)
    both.save(HERE / "gray-alpha.png")
    (HERE / "interlaced.png").write_bytes(interlaced_png(rgb))

    for path in sorted(HERE.glob("*.jpg")) + sorted(HERE.glob("*.webp")) + [HERE / name for name in ("rgb16.png", "palette.png", "interlaced.png")]:
        truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if path.name == "gray.jpg" else cv2.IMREAD_COLOR)
        cv2.imwrite(f"{path}.truth.png", truth, [cv2.IMWRITE_PNG_COMPRESSION, 9])

    faces = cv2.resize(whole[20:220, 120:320], (96, 96), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(HERE / "face.png"), faces, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    for name in ("gray.jpg.truth.png", "baseline-444.jpg.truth.png", "face.png"):
        luma = cv2.cvtColor(cv2.imread(str(HERE / name)), cv2.COLOR_BGR2GRAY)
        laplacian = cv2.Laplacian(luma, cv2.CV_64F)
        print(f"{name}: brightness {luma.mean():.6f}, sharpness {laplacian.var():.6f}")


main(*sys.argv[1:])
