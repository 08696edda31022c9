// The image, its boxes, and the hands on them.

import { useCallback, useId, useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from "react";
import { newBox } from "./commands";
import { BoxName, BoxShape, BoxSize, Handles, Names, Shapes } from "./Shapes";
import type { Point } from "./types";
import type { Editor } from "./useEditor";
import { usePointer } from "./usePointer";
import { useStable } from "./useLatest";

/** From here on a pixel of the image is shown as a square. */
const SQUARES_FROM = 4;
/** And from here on with lines between them. */
const GRID_FROM = 8;
/** A box narrower on the screen carries its name only when it is looked at; among many
 * boxes names would hide the image. */
const NAME_FROM = { few: 26, many: 72 };
const MANY = 60;

export function Canvas({
  editor,
  giveUp,
  isSpaceHeld,
  onMoved,
  children,
}: {
  editor: Editor;
  /** Filled in: ends a drag as if it never was, and says whether there was one. */
  giveUp: { current: () => boolean };
  isSpaceHeld: boolean;
  onMoved: (at: Point | null) => void;
  children?: ReactNode;
}) {
  const { props, image, state, dispatch, settings, sight, shown, selected, isDrawing } = editor;
  const { view } = sight;
  const [hovered, setHovered] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  const guides = useRef<SVGGElement>(null);

  const moved = (at: Point | null) => {
    editor.pointer.current = at;
    const isOn = at !== null && at.x >= 0 && at.y >= 0 && at.x <= image.width && at.y <= image.height;
    if (guides.current !== null) guide(guides.current, isOn ? at : null, view.scale);
    onMoved(isOn ? at : null);
  };
  // A zoom moves the image under the pointer, and tells nobody that the pointer moved.
  useLayoutEffect(() => {
    if (guides.current !== null) guide(guides.current, editor.pointer.current, view.scale);
  }, [editor.pointer, view]);

  const { hands, giveUp: end } = usePointer({
    sight,
    state,
    dispatch,
    shown,
    selected,
    isReadOnly: editor.isReadOnly,
    isDrawing,
    isSpaceHeld,
    newBox: (id) => newBox(editor, id),
    newId: editor.newId,
    drawn: () => {
      editor.setDrawing(false);
      if (editor.label === "") editor.setPicking(true);
    },
    hover: useCallback((id: string | null) => setHovered(id), []),
    moved,
  });
  useLayoutEffect(() => {
    giveUp.current = end.current;
  }, [giveUp, end]);

  const lies: CSSProperties = { transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` };
  const placed = `translate(${view.x} ${view.y}) scale(${view.scale})`;
  // What is selected lies above everything else, on a layer of its own: while it is
  // dragged, the others are neither rendered nor painted.
  const others = useStable(shown.filter((box) => box !== selected));
  const nameFrom = (shown.length > MANY ? NAME_FROM.many : NAME_FROM.few) / view.scale;
  return (
    <div className="relative min-h-0 min-w-0 flex-1">
      <div
        ref={sight.canvas}
        tabIndex={0}
        role="application"
        aria-label={`Boxes on ${props.alt}`}
        aria-description="N draws a box, J and K go through the boxes, arrows move, question mark lists all keys."
        className="absolute inset-0 touch-none overflow-hidden bg-sunken select-none focus-visible:-outline-offset-2"
        style={{ cursor: isSpaceHeld ? "grab" : isDrawing ? "crosshair" : undefined }}
        onContextMenu={(event) => event.preventDefault()}
        {...hands}
      >
        {sight.isMeasured && (
          <>
            <img
              src={props.imageUrl}
              alt={props.alt}
              width={image.width}
              height={image.height}
              draggable={false}
              onLoad={() => setBroken(false)}
              onError={() => setBroken(true)}
              className="absolute top-0 left-0 max-w-none origin-top-left bg-line"
              style={{ ...lies, width: image.width, height: image.height, imageRendering: view.scale > SQUARES_FROM ? "pixelated" : "auto" }}
            />
            <svg aria-hidden="true" className="pointer-events-none absolute inset-0 size-full" fill="none">
              {view.scale >= GRID_FROM && <Grid editor={editor} />}
              <g opacity={settings.opacity} transform={placed}>
                <Shapes boxes={others} hovered={hovered} />
              </g>
            </svg>
            <div aria-hidden="true" className="pointer-events-none absolute top-0 left-0" style={namesLie(editor)}>
              <Names boxes={others} hovered={hovered} locked={state.locked} nameFrom={nameFrom} />
            </div>
            <svg
              aria-hidden="true"
              className="pointer-events-none absolute inset-0 size-full will-change-transform"
              fill="none"
            >
              {selected !== undefined && (
                <g opacity={settings.opacity} transform={placed}>
                  <BoxShape box={selected} isSelected isHovered={false} />
                </g>
              )}
              {settings.hasCrosshair && (
                <svg x={view.x} y={view.y} width={image.width * view.scale} height={image.height * view.scale}>
                  <g ref={guides} style={{ visibility: "hidden" }}>
                    <Guides reach={Math.max(image.width, image.height) * view.scale} />
                  </g>
                </svg>
              )}
              {selected !== undefined && !editor.isReadOnly && (
                <Handles box={selected} view={view} isLocked={state.locked.has(selected.id)} />
              )}
            </svg>
            {selected !== undefined && (
              <div aria-hidden="true" className="pointer-events-none absolute top-0 left-0" style={namesLie(editor)}>
                <BoxName box={selected} isSelected isLocked={state.locked.has(selected.id)} />
                {state.live !== null && <BoxSize box={selected} />}
              </div>
            )}
          </>
        )}
      </div>
      {isBroken && (
        <p role="alert" className="pointer-events-none absolute inset-x-0 top-4 mx-auto w-fit rounded-md bg-bad-wash px-3 py-1.5 text-[13px] text-bad">
          The image could not be loaded
        </p>
      )}
      {children}
    </div>
  );
}

function namesLie({ sight, settings }: Editor): CSSProperties {
  const { x, y, scale } = sight.view;
  return { "--scale": scale, transform: `translate(${x}px, ${y}px)`, opacity: settings.opacity } as CSSProperties;
}

function guide(guides: SVGGElement, at: Point | null, scale: number): void {
  guides.style.visibility = at === null ? "hidden" : "visible";
  if (at !== null) guides.style.transform = `translate(${at.x * scale}px, ${at.y * scale}px)`;
}

function Guides({ reach }: { reach: number }) {
  return (
    <>
      <path d={`M${-reach} 0H${reach}M0 ${-reach}V${reach}`} stroke="#000" strokeOpacity={0.45} strokeWidth={3} />
      <path d={`M${-reach} 0H${reach}M0 ${-reach}V${reach}`} stroke="#fff" strokeWidth={1} />
    </>
  );
}

function Grid({ editor }: { editor: Editor }) {
  const id = useId();
  const { image, sight } = editor;
  const { scale, x, y } = sight.view;
  return (
    <>
      <pattern id={id} x={x} y={y} width={scale} height={scale} patternUnits="userSpaceOnUse">
        <path d={`M${scale} 0H0V${scale}`} stroke="#000" strokeOpacity={0.28} strokeWidth={1} />
      </pattern>
      <rect x={x} y={y} width={image.width * scale} height={image.height * scale} fill={`url(#${id})`} />
    </>
  );
}
