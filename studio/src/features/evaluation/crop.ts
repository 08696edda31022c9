// A box of an image and a little around it, in a square: by where the whole image is put.

/** So much of the box's longer side is seen on each side of it. */
const AROUND = 0.35;

interface Crop {
  image: { width: string; height: string; left: string; top: string };
  box: { width: string; height: string; left: string; top: string };
}

export function cropOf(bbox: readonly number[], width: number, height: number): Crop {
  const [left = 0, top = 0, right = 1, bottom = 1] = bbox;
  const [boxWidth, boxHeight] = [(right - left) * width, (bottom - top) * height];
  // At least some pixels, at most the whole image's longer side.
  const side = Math.max(8, Math.min(Math.max(boxWidth, boxHeight) * (1 + 2 * AROUND), Math.max(width, height)));
  const [middleX, middleY] = [((left + right) / 2) * width, ((top + bottom) / 2) * height];
  const [x, y] = [middleX - side / 2, middleY - side / 2];
  const percent = (share: number) => `${(share * 100).toFixed(2)}%`;
  return {
    image: { width: percent(width / side), height: percent(height / side), left: percent(-x / side), top: percent(-y / side) },
    box: { width: percent(boxWidth / side), height: percent(boxHeight / side), left: percent((left * width - x) / side), top: percent((top * height - y) / side) },
  };
}
