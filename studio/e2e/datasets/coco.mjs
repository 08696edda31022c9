// A small dataset of others, as COCO has it: pictures that are told apart, two splits, an
// image with nothing on it, and one that is in both splits.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

export const CLASSES = ["car", "person"];
const WIDTH = 320;
const HEIGHT = 200;

/** Places of images whose boxes are none. */
const EMPTY = new Set([1]);
const TRAIN = 10;
const VAL = 4;

/** Boxes of an image by its place: a car on all of them, a person on each second one. */
function boxesOf(place) {
  if (EMPTY.has(place)) return [];
  const car = { class: 0, bbox: [20 + place, 60, 80, 50] };
  return place % 2 === 0 ? [car, { class: 1, bbox: [200, 40 + place, 30, 90] }] : [car];
}

/** What is in the folder, as it is to be found again. The second time the last training image
 * is gone, and one more box is on the third. */
export function writeCoco(folder, { isSecond = false } = {}) {
  const splits = { train: TRAIN - (isSecond ? 1 : 0), val: VAL };
  const counts = { images: 0, boxes: 0, empty: 0, train: splits.train, val: VAL, cars: 0 };
  mkdirSync(join(folder, "annotations"), { recursive: true });
  for (const [split, number] of Object.entries(splits)) {
    mkdirSync(join(folder, split), { recursive: true });
    const [images, annotations] = [[], []];
    for (let place = 0; place < number; place++) {
      const seed = split === "train" ? place : TRAIN + place;
      const file = `${split}-${String(place).padStart(2, "0")}.png`;
      // The last one of validation is the first of training, to the byte.
      writeFileSync(join(folder, split, file), picture(split === "val" && place === VAL - 1 ? 0 : seed));
      images.push({ id: place + 1, file_name: file, width: WIDTH, height: HEIGHT });
      const boxes = split === "train" ? boxesOf(place) : boxesOf(place + 2);
      if (isSecond && split === "train" && place === 2) boxes.push({ class: 0, bbox: [240, 130, 60, 40] });
      for (const { class: of, bbox } of boxes) annotations.push({ id: annotations.length + 1, image_id: place + 1, category_id: of + 1, bbox, area: bbox[2] * bbox[3], iscrowd: 0 });
      counts.images += 1;
      counts.boxes += boxes.length;
      counts.empty += boxes.length === 0 ? 1 : 0;
      counts.cars += boxes.filter((box) => box.class === 0).length;
    }
    const categories = CLASSES.map((name, at) => ({ id: at + 1, name, supercategory: "" }));
    writeFileSync(join(folder, "annotations", `instances_${split}.json`), JSON.stringify({ images, annotations, categories }));
  }
  return counts;
}

/** Blocks of grey by a number: no two look alike. */
function picture(seed) {
  const rows = [];
  const noise = (x, y) => {
    let mixed = (seed + 1) * 7919 + x * 104729 + y * 1299709;
    // As MurmurHash3 ends: neighbours have nothing to do with each other.
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) & 0xff;
  };
  for (let y = 0; y < HEIGHT; y++) {
    const row = Buffer.alloc(1 + WIDTH * 3);
    for (let x = 0; x < WIDTH; x++) row.fill(noise(Math.floor(x / 40), Math.floor(y / 40)), 1 + x * 3, 4 + x * 3);
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(HEIGHT, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const whole = Buffer.alloc(8 + body.length);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), 4 + body.length);
  return whole;
}
