// A view enlarged about its middle and moved, in pixels of the screen.

export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const FITTED: Zoom = { scale: 1, x: 0, y: 0 };
export const MOST_ZOOM = 40;

interface Size {
  width: number;
  height: number;
}

/** Enlarged so that what is under a point, counted from the middle, stays there. */
export function zoomedAt(old: Zoom, at: { x: number; y: number }, factor: number, size: Size): Zoom {
  const scale = Math.min(MOST_ZOOM, Math.max(1, old.scale * factor));
  const by = scale / old.scale;
  return within({ scale, x: at.x - (at.x - old.x) * by, y: at.y - (at.y - old.y) * by }, size);
}

export function movedBy(from: Zoom, dx: number, dy: number, size: Size): Zoom {
  return within({ scale: from.scale, x: from.x + dx, y: from.y + dy }, size);
}

/** No edge comes further in than the edge of what it is seen through. */
function within({ scale, x, y }: Zoom, { width, height }: Size): Zoom {
  const [mostX, mostY] = [((scale - 1) * width) / 2, ((scale - 1) * height) / 2];
  return { scale, x: Math.min(mostX, Math.max(-mostX, x)), y: Math.min(mostY, Math.max(-mostY, y)) };
}
