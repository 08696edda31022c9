// The box editor on a page of its own, for its developers and its end-to-end test:
// `npm run dev`, then /boxeditor.html. Not part of what is built.
//
// ?boxes=none|few|many|500  ?theme=dark  ?readonly  ?fail  ?view  ?image=URL&width=&height=

import "./styles.css";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { BoxEditor, type EditBox, type SavedBox } from "./components/boxeditor";
import { BoxView } from "./components/boxview";
import type { ShownBox } from "./components/model";

const asked = new URLSearchParams(window.location.search);
const WIDTH = Number(asked.get("width") ?? 1280);
const HEIGHT = Number(asked.get("height") ?? 720);
const CLASSES = ["car", "person", "truck", "bus", "bicycle", "motorcycle", "traffic light", "stop sign", "train", "dog", "trailer"].map((name) => ({ name }));

function box(id: string, label: string, left: number, top: number, width: number, height: number, confidence: number | null = null, tags: string[] = []): EditBox {
  return { id, label, left, top, width, height, confidence, tags, origin: confidence === null ? "person" : "model" };
}

const FEW = [
  box("1", "car", 130, 420, 250, 130),
  box("2", "truck", 560, 330, 180, 150, 0.91),
  box("3", "person", 900, 380, 60, 170, 0.74, ["occluded"]),
  box("4", "traffic light", 1040, 150, 38, 100, 0.33),
];

const MANY = [
  ...FEW,
  box("5", "car", 131, 421, 250, 129, 0.86),
  box("6", "person", 975, 390, 52, 160, 0.58),
  box("7", "bicycle", 960, 470, 90, 90, 0.41),
  box("8", "bus", 1120, 300, 200, 190, 0.95),
  box("9", "plate", 232, 510, 3, 12),
  box("10", "stop sign", 430, 250, 44, 44, 0.66),
  box("11", "car", 760, 410, 90, 60, 0.71, ["truncated"]),
  box("12", "motorcycle", 470, 430, 60, 70, 0.28),
];

function crowd(): EditBox[] {
  return Array.from({ length: 500 }, (_, at) =>
    box(`c${at}`, CLASSES[at % 9]?.name ?? "car", (at % 25) * 51 + 2, Math.floor(at / 25) * 36 + 2, 44, 30, at % 2 === 0 ? 0.5 + (at % 50) / 100 : null),
  );
}

const SETS: Record<string, EditBox[]> = { none: [], few: FEW, many: MANY, "500": crowd() };
const PREVIOUS = [box("p1", "car", 131, 420, 250, 130), box("p2", "bus", 1000, 280, 150, 160), box("p3", "person", 60, 400, 50, 150)];

// A street of few lines: the same everywhere, and nothing to download.
const STREET = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720">
<rect width="1280" height="720" fill="#a9c4dc"/><rect y="300" width="1280" height="180" fill="#8d9a86"/>
<path d="M0 720 560 400h200l520 320z" fill="#53585e"/><path d="M634 720l4-320h6l40 320z" fill="#d9d6c4"/>
<path d="M0 180h210v260H0zM230 240h150v180H230zM860 200h260v230H860z" fill="#7d7470"/><path d="M20 210h40v50H20zM90 210h40v50H90zM20 300h40v50H20zM90 300h40v50H90zM890 230h50v50h-50zM980 230h50v50h-50z" fill="#c9d3d8"/>
<path d="M140 470l40-48h120l44 48h34v70H132v-70z" fill="#a33a32"/><circle cx="190" cy="540" r="22" fill="#222"/><circle cx="320" cy="540" r="22" fill="#222"/>
<path d="M562 332h120v130H562zM684 370h54v92h-54z" fill="#d8d8d2"/><circle cx="600" cy="464" r="16" fill="#222"/><circle cx="710" cy="464" r="16" fill="#222"/>
<circle cx="930" cy="398" r="16" fill="#c99a78"/><path d="M905 418h50v70h-10v60h-30v-60h-10z" fill="#2f4a72"/><circle cx="1000" cy="404" r="14" fill="#c99a78"/><path d="M980 422h42v66h-8v58h-26v-58h-8z" fill="#5a7a3c"/>
<path d="M1056 250h6v300h-6z" fill="#333"/><rect x="1042" y="152" width="34" height="96" rx="6" fill="#1c1f22"/><circle cx="1059" cy="170" r="10" fill="#d64a3a"/><circle cx="1059" cy="200" r="10" fill="#554a20"/><circle cx="1059" cy="230" r="10" fill="#20482c"/>
<path d="M1122 302h158v180h-158z" fill="#d9a531"/><path d="M1136 322h130v60h-130z" fill="#3a4650"/></svg>`)}`;
const IMAGE = asked.get("image") ?? STREET;

interface Stored {
  revision: number;
  boxes: EditBox[];
}

// What a studio would keep: survives a reload, ends with the tab.
function readStored(frame: number): Stored {
  const kept = window.sessionStorage.getItem(`stored ${frame}`);
  if (kept !== null) return JSON.parse(kept) as Stored;
  return { revision: 1, boxes: SETS[asked.get("boxes") ?? "few"] ?? FEW };
}

function Page() {
  const [frame, setFrame] = useState(1);
  const [stored, setStored] = useState(() => readStored(1));
  const [isDirty, setDirty] = useState(false);
  const go = (next: number) => {
    setFrame(next);
    setStored(readStored(next));
  };
  const save = async (boxes: SavedBox[]) => {
    await new Promise((done) => window.setTimeout(done, 150));
    if (asked.has("fail")) throw new Error("the studio does not answer");
    const next = { revision: stored.revision + 1, boxes };
    window.sessionStorage.setItem(`stored ${frame}`, JSON.stringify(next));
    setStored(next);
  };
  return (
    <main className="flex h-full flex-col">
      <h1 className="flex h-9 shrink-0 items-center gap-2 border-b border-line bg-card px-3 text-[13px] font-semibold">
        Frame {frame}
        <span className="font-normal text-soft">
          revision {stored.revision}
          {isDirty ? ", with changes" : ""}
        </span>
      </h1>
      <div className="min-h-0 flex-1">
        <BoxEditor
          frameKey={`page/${frame}/${asked.get("boxes") ?? "few"}`}
          imageUrl={IMAGE}
          imageWidth={WIDTH}
          imageHeight={HEIGHT}
          alt={`frame ${frame} of a street`}
          boxes={stored.boxes}
          base={`r${stored.revision}`}
          classes={CLASSES}
          previousBoxes={async () => PREVIOUS}
          readOnly={asked.has("readonly")}
          onSave={save}
          onChange={setDirty}
          onNextFrame={() => go(frame + 1)}
          {...(frame > 1 ? { onPreviousFrame: () => go(frame - 1) } : {})}
        />
      </div>
      <output id="stored" hidden>
        {JSON.stringify(stored)}
      </output>
    </main>
  );
}

function Views() {
  const [selected, setSelected] = useState<string | null>("2");
  const shown = MANY.map(
    ({ id, label, confidence, left, top, width, height }): ShownBox => ({
      key: id,
      label,
      confidence,
      kind: "object",
      bbox: { left: left / WIDTH, top: top / HEIGHT, right: Math.min(left + width, WIDTH) / WIDTH, bottom: (top + height) / HEIGHT },
    }),
  );
  const rest = { src: IMAGE, width: WIDTH, height: HEIGHT, boxes: shown };
  return (
    <main className="grid gap-4 p-4">
      <h1 className="text-base font-semibold">Boxes to look at</h1>
      <BoxView {...rest} alt="a street" showLabels selectedKey={selected} onSelect={setSelected} className="rounded-lg" />
      <div className="grid grid-cols-5 gap-2">
        <BoxView {...rest} alt="contained" className="h-40 rounded-md" />
        <BoxView {...rest} alt="covering" fit="cover" className="h-40 rounded-md" />
        {Array.from({ length: 13 }, (_, at) => (
          <BoxView key={at} {...rest} alt={`thumbnail ${at}`} className="rounded-md" />
        ))}
      </div>
    </main>
  );
}

if (asked.get("theme") === "dark") document.documentElement.dataset.theme = "dark";
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the editor");
createRoot(root).render(<StrictMode>{asked.has("view") ? <Views /> : <Page />}</StrictMode>);
