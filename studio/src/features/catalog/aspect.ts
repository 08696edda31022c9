/** Width by height of most images, so that tiles waste no room; within what a grid can bear. */
export function aspectOf(frames: readonly { width: number; height: number }[] | undefined): number | undefined {
  if (frames === undefined || frames.length === 0) return undefined;
  const aspects = frames.map(({ width, height }) => width / Math.max(1, height)).sort((a, b) => a - b);
  const middle = aspects[aspects.length >> 1] ?? 1.6;
  return Math.min(2.2, Math.max(0.8, Math.round(middle * 100) / 100));
}
