// Made-up footage for the page that shows all parts. The same each time.

import type { ShownBox } from "./components/model";
import type { GridFrame } from "./components/framegrid";

/** A number in 0..1 that depends on nothing but its seed. */
export function made(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export const START = Date.UTC(2026, 4, 4, 9, 30);
const CAMERAS = ["camera__front", "camera__left", "camera__right", "camera__rear"];
const LABELS = ["car", "car", "car", "person", "bicycle", "truck", "traffic_light", "bus"];
const TAGS = ["night_drive", "rain", "check again"];

const PICTURES = 240;
const pictures: string[] = [];

/** Draws streets under skies as JPEGs of the size that thumbnails have. Call it before the rest. */
export async function drawPictures(): Promise<void> {
  const canvas = new OffscreenCanvas(320, 200);
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("no canvas to draw on");
  for (let at = 0; at < PICTURES; at++) {
    drawStreet(pen, at);
    pictures.push(URL.createObjectURL(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.75 })));
  }
}

function drawStreet(pen: OffscreenCanvasRenderingContext2D, seed: number): void {
  const hue = 200 + made(seed >> 4) * 30;
  const light = 24 + made((seed >> 4) + 5) * 50;
  const lean = made(seed) * 40 - 20;
  const shape = (fill: string, ...points: [number, number][]) => {
    pen.fillStyle = fill;
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.fill();
  };
  const sky = pen.createLinearGradient(0, 0, 0, 120);
  sky.addColorStop(0, `hsl(${hue} 45% ${light}%)`);
  sky.addColorStop(1, `hsl(${hue - 20} 35% ${light + 18}%)`);
  pen.fillStyle = sky;
  pen.fillRect(0, 0, 320, 200);
  for (let house = 0; house < 9; house++) {
    const height = 24 + made(seed * 9 + house) * 66;
    pen.fillStyle = `hsl(${20 + made(house + seed) * 30} 9% ${light * (0.42 + made(house) * 0.3)}%)`;
    pen.fillRect(house * 38 - 8, 122 - height, 36, height);
    pen.fillStyle = `hsl(45 60% ${light}% / .5)`;
    for (let pane = 0; pane < 4; pane++) pen.fillRect(house * 38 + (pane % 2) * 14, 130 - height + (pane >> 1) * 14, 6, 8);
  }
  shape(`hsl(${hue} 6% ${light * 0.45}%)`, [0, 118], [320, 118], [320, 200], [0, 200]);
  shape(`hsl(${hue} 5% ${light * 0.6}%)`, [150 + lean, 118], [170 + lean, 118], [300, 200], [20, 200]);
  for (let dash = 0; dash < 4; dash++) {
    const y = 126 + dash * dash * 8;
    shape("hsl(48 50% 80% / .8)", [159 + lean * (1 - dash / 4), y], [161 + lean * (1 - dash / 4), y], [163, y + 7 + dash * 3], [157, y + 7 + dash * 3]);
  }
  for (let car = 0; car < 3; car++) {
    const size = 16 + made(seed + car * 3) * 34;
    const [x, y] = [20 + made(seed + car * 5) * 250, 114 + size * 0.5];
    pen.fillStyle = `hsl(${made(seed + car) * 360} 35% 32%)`;
    pen.beginPath();
    pen.roundRect(x, y, size * 1.5, size * 0.7, size * 0.2);
    pen.fill();
    pen.fillStyle = "hsl(0 80% 60%)";
    pen.fillRect(x + 2, y + size * 0.3, 3, 3);
    pen.fillRect(x + size * 1.5 - 5, y + size * 0.3, 3, 3);
  }
}

function boxes(index: number): ShownBox[] {
  const count = Math.floor(made(index + 77) * 7);
  const list: ShownBox[] = [];
  for (let at = 0; at < count; at++) {
    const seed = index * 31 + at * 7;
    const left = made(seed) * 0.8;
    const top = 0.4 + made(seed + 1) * 0.35;
    list.push({
      key: String(at),
      label: LABELS[Math.floor(made(seed + 2) * LABELS.length)] ?? "car",
      confidence: 0.2 + made(seed + 3) * 0.8,
      bbox: { left, top, right: Math.min(1, left + 0.06 + made(seed + 4) * 0.16), bottom: Math.min(1, top + 0.08 + made(seed + 5) * 0.16) },
      kind: "object",
    });
  }
  return list;
}

/** Frame number `index` of a drive of four cameras at ten frames a second. */
export function madeFrame(index: number): GridFrame {
  const time = new Date(START + Math.floor(index / 4) * 100);
  return {
    key: `f${index}`,
    thumbnail: pictures[Math.floor(made(index) * PICTURES)] ?? null,
    width: 1920,
    height: 1200,
    boxes: boxes(index),
    time: time.toISOString().slice(11, 22),
    camera: CAMERAS[index % 4] ?? "",
    tags: made(index + 400) > 0.86 ? TAGS.slice(0, 1 + Math.floor(made(index + 401) * 3)) : [],
    isAnonymised: made(index >> 5) > 0.5,
    isEdited: made(index + 900) > 0.93,
  };
}

/** Pages of frames that come after a while, as those of a server do. */
export class MadePages {
  private readonly frames = new Map<number, GridFrame>();
  asked = 0;

  constructor(
    private readonly delayMs: number,
    private readonly onCome: () => void,
  ) {}

  readonly at = (index: number): GridFrame | undefined => this.frames.get(index);

  ask(first: number, last: number): void {
    const missing: number[] = [];
    for (let index = first; index <= last; index++) if (!this.frames.has(index)) missing.push(index);
    if (missing.length === 0) return;
    this.asked++;
    setTimeout(() => {
      for (const index of missing) this.frames.set(index, madeFrame(index));
      this.onCome();
    }, this.delayMs);
  }

  /** All of them, for the measurement in which every tile is a full one. */
  fill(total: number): void {
    for (let index = 0; index < total; index++) this.frames.set(index, madeFrame(index));
    this.onCome();
  }
}

export interface MadePoint {
  lat: number;
  lon: number;
}

/** A drive about Munich that turns now and then. */
export function madeTrack(count: number): MadePoint[] {
  const points: MadePoint[] = [];
  let [lat, lon, heading] = [48.137, 11.575, 0.4];
  for (let at = 0; at < count; at++) {
    if (made(at >> 5) > 0.8) heading += (made(at) - 0.42) * 0.22;
    lat += Math.cos(heading) * 0.00009;
    lon += Math.sin(heading) * 0.000135;
    points.push({ lat, lon });
  }
  return points;
}
