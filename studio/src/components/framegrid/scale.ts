// Browsers lay out nothing beyond some height (Firefox 17.9 million pixels, others 33.5), and
// a million frames are higher. So the scrolled element is at most 15 million pixels high, and
// its scroll position ("physical") stands for a place in the whole grid ("virtual").
//
// A jump, such as one with the scroll bar, goes by proportion. A step of a wheel or a finger
// moves the grid by exactly as many pixels, or a slow scroll would race. Near both ends the
// two positions run alike pixel by pixel, so that the first and the last row can be reached
// by steps.

export const MAX_PHYSICAL = 15_000_000;
/** At each end, so many pixels are not scaled. */
const END_ZONE = 100_000;

export interface ScrollScale {
  viewport: number;
  /** The height of the scrolled element. */
  physicalHeight: number;
  virtualHeight: number;
}

export interface ScrollPlace {
  physical: number;
  virtual: number;
}

export function scaleFor(virtualHeight: number, viewport: number, maxPhysical = MAX_PHYSICAL): ScrollScale {
  return { viewport, virtualHeight, physicalHeight: Math.min(virtualHeight, maxPhysical) };
}

export function isScaled(scale: ScrollScale): boolean {
  return scale.physicalHeight < scale.virtualHeight;
}

function ends(scale: ScrollScale) {
  const physicalEnd = Math.max(0, scale.physicalHeight - scale.viewport);
  const virtualEnd = Math.max(0, scale.virtualHeight - scale.viewport);
  const zone = Math.min(END_ZONE, physicalEnd / 4);
  return { physicalEnd, virtualEnd, zone };
}

export function toVirtual(scale: ScrollScale, physical: number): number {
  const { physicalEnd, virtualEnd, zone } = ends(scale);
  const place = Math.min(physicalEnd, Math.max(0, physical));
  if (!isScaled(scale) || place <= zone) return place;
  if (place >= physicalEnd - zone) return virtualEnd - (physicalEnd - place);
  return zone + ((place - zone) / (physicalEnd - 2 * zone)) * (virtualEnd - 2 * zone);
}

export function toPhysical(scale: ScrollScale, virtual: number): number {
  const { physicalEnd, virtualEnd, zone } = ends(scale);
  const place = Math.min(virtualEnd, Math.max(0, virtual));
  if (!isScaled(scale) || place <= zone) return place;
  if (place >= virtualEnd - zone) return physicalEnd - (virtualEnd - place);
  return zone + ((place - zone) / (virtualEnd - 2 * zone)) * (physicalEnd - 2 * zone);
}

/** Where the grid is after the browser scrolled to `physical`. */
export function afterScroll(scale: ScrollScale, before: ScrollPlace, physical: number): ScrollPlace {
  if (!isScaled(scale)) return { physical, virtual: physical };
  const { physicalEnd, virtualEnd } = ends(scale);
  if (physical <= 0) return { physical, virtual: 0 };
  if (physical >= physicalEnd - 0.5) return { physical, virtual: virtualEnd };
  const step = physical - before.physical;
  const isStep = Math.abs(step) <= 2 * scale.viewport;
  const virtual = isStep ? Math.min(virtualEnd, Math.max(0, before.virtual + step)) : toVirtual(scale, physical);
  return { physical, virtual };
}

/**
 * Where the scroll bar belongs for the place shown. Steps let the two drift apart; once the
 * scrolling rests the bar is set right, which moves no tile.
 */
export function atRest(scale: ScrollScale, place: ScrollPlace): number {
  return isScaled(scale) ? Math.round(toPhysical(scale, place.virtual)) : place.physical;
}
