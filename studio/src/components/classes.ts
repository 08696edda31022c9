// One colour per class, the same on every page and after every reload.

/** Hue in degrees, lightness and chroma of OKLCH, for what roads are full of. */
const FIXED: Record<string, readonly [lightness: number, chroma: number, hue: number]> = {
  person: [0.78, 0.16, 55],
  bicycle: [0.82, 0.19, 135],
  car: [0.76, 0.14, 240],
  motorcycle: [0.85, 0.17, 112],
  bus: [0.87, 0.17, 92],
  train: [0.74, 0.17, 310],
  truck: [0.83, 0.13, 195],
  "traffic light": [0.74, 0.17, 28],
  "stop sign": [0.66, 0.22, 22],
  face: [0.78, 0.16, 355],
  plate: [0.76, 0.13, 285],
  "license plate": [0.76, 0.13, 285],
  text: [0.92, 0.03, 250],
};

export interface ClassColour {
  /** Of strokes and of the plate behind the class's name. */
  colour: string;
  /** Of the name on that plate. */
  ink: string;
}

const known = new Map<string, ClassColour>();

export function classColour(label: string): string {
  return classLook(label).colour;
}

/** Dark or white, whichever is read more easily on the class's colour. */
export function classInk(label: string): string {
  return classLook(label).ink;
}

export function classLook(label: string): ClassColour {
  const before = known.get(label);
  if (before !== undefined) return before;
  // Labels are taken as filters take them: in any case, `_` a space.
  const name = label.toLowerCase().replaceAll("_", " ");
  const [lightness, chroma, hue] = FIXED[name] ?? ofName(name);
  const rgb = toRgb(lightness, chroma, hue);
  const made = { colour: toHex(rgb), ink: inkOn(rgb) };
  known.set(label, made);
  return made;
}

/** How a colour that somebody chose, `#rrggbb`, looks as a class's. */
export function lookOf(colour: string): ClassColour | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (found === null) return null;
  const part = (hex: string | undefined) => {
    const value = parseInt(hex ?? "0", 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return { colour, ink: inkOn([part(found[1]), part(found[2]), part(found[3])]) };
}

function inkOn(rgb: Rgb): string {
  return luminance(rgb) > 0.18 ? DARK_INK : "#ffffff";
}

const DARK_INK = "#0b1016";

// Light colours with a dark line around them are seen on asphalt and on the sky alike;
// three lightnesses keep neighbours in hue apart.
function ofName(label: string): readonly [number, number, number] {
  const hash = fnv1a(label);
  const hue = (hash >>> 8) % 360;
  const lightness = [0.72, 0.79, 0.86][hash % 3] ?? 0.79;
  return [lightness, 0.15, hue];
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

type Rgb = [red: number, green: number, blue: number];

// OKLCH to linear sRGB after Björn Ottosson (https://bottosson.github.io/posts/oklab/).
// Chroma is lowered until the colour exists on a common screen. Hex rather than oklch()
// so that canvases, exported pictures and contrast checkers read it too.
function toRgb(lightness: number, chroma: number, hue: number): Rgb {
  for (let c = chroma; ; c -= 0.01) {
    const rgb = linear(lightness, Math.max(c, 0), (hue * Math.PI) / 180);
    if (c <= 0 || rgb.every((part) => part >= -0.001 && part <= 1.001)) {
      return rgb.map((part) => Math.min(Math.max(part, 0), 1)) as Rgb;
    }
  }
}

function linear(lightness: number, chroma: number, angle: number): Rgb {
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function toHex(rgb: Rgb): string {
  const part = (value: number) => {
    const curved = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(curved * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${rgb.map(part).join("")}`;
}
