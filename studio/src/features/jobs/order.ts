// Where one is in a list of tasks that is gone through.

/** The one before and the one after. */
export function neighbours(numbers: readonly number[] | undefined, number: number): { place: number; before: number | undefined; after: number | undefined } {
  const place = numbers?.indexOf(number) ?? -1;
  return { place, before: place > 0 ? numbers?.[place - 1] : undefined, after: place === -1 ? numbers?.[0] : numbers?.[place + 1] };
}
