// The image, its boxes, and the hands on them.

import { useCallback, useId, useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from "react";
import { newBox } from "./commands";
import { BoxName, BoxShape, Handles } from "./Shapes";
import type { Point } from "./types";
import type { Editor } from "./useEditor";
import { usePointer } from "./usePointer";

/** From here on a pixel of the image is shown as a square. */
const SQUARES_FROM = 4;
/** And from here on with lines between them. */
const GRID_FROM = 8;
/** A box narrower on the screen carries its name only when it is looked at. */
const NAME_FROM = 26;

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
  const guides = useRef<SVGGElement>(null);

  const moved = (at: Point | null) => {
    const { current } = guides;
    const isOn = at !== null && at.x >= 0 && at.y >= 0 && at.x <= image.width && at.y <= image.height;
    editor.isPointerInside.current = at !== null;
    if (current !== null) {
      current.style.visibility = isOn ? "visible" : "hidden";
      if (isOn) current.style.transform = `translate(${at.x * view.scale}px, ${at.y * view.scale}px)`;
    }
    onMoved(isOn ? at : null);
  };

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
  // What is looked at lies above everything else.
  const drawn = selected === undefined ? shown : [...shown.filter((box) => box !== selected), selected];
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
              className="absolute top-0 left-0 max-w-none origin-top-left bg-line"
              style={{ ...lies, width: image.width, height: image.height, imageRendering: view.scale > SQUARES_FROM ? "pixelated" : "auto" }}
            />
            <svg aria-hidden="true" className="pointer-events-none absolute inset-0 size-full" fill="none">
              {view.scale >= GRID_FROM && <Grid editor={editor} />}
              <g opacity={settings.opacity}>
                <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
                  {drawn.map((box) => (
                    <BoxShape key={box.id} box={box} isSelected={box === selected} isHovered={box.id === hovered} />
                  ))}
                </g>
              </g>
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
            <div
              aria-hidden="true"
              className="pointer-events-none absolute top-0 left-0"
              style={{ "--scale": view.scale, transform: `translate(${view.x}px, ${view.y}px)`, opacity: settings.opacity } as CSSProperties}
            >
              {drawn.map((box) =>
                box.width * view.scale >= NAME_FROM || box === selected || box.id === hovered ? (
                  <BoxName key={box.id} box={box} isSelected={box === selected} isLocked={state.locked.has(box.id)} />
                ) : null,
              )}
            </div>
          </>
        )}
      </div>
      {children}
    </div>
  );
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
        <path d={`M${scale} 0H0V${scale}`} stroke="#808080" strokeOpacity={0.45} strokeWidth={1} />
      </pattern>
      <rect x={x} y={y} width={image.width * scale} height={image.height * scale} fill={`url(#${id})`} />
    </>
  );
}
