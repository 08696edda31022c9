// Which classes are meant by what was typed.

export interface Found {
  name: string;
  /** Typed, and no class yet. */
  isNew: boolean;
}

/** Names that begin so first, then those with a word that does, then the rest that hold it. */
export function filterClasses(names: readonly string[], typed: string, isNewAllowed: boolean): Found[] {
  const wish = typed.trim().toLowerCase();
  const rank = (name: string) => {
    const lower = name.toLowerCase();
    if (lower === wish) return 0;
    if (lower.startsWith(wish)) return 1;
    if (lower.split(/[\s_-]/).some((word) => word.startsWith(wish))) return 2;
    return lower.includes(wish) ? 3 : 4;
  };
  const found = names
    .map((name) => ({ name, rank: rank(name) }))
    .filter((one) => one.rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .map(({ name }): Found => ({ name, isNew: false }));
  const isKnown = names.some((name) => name.toLowerCase() === wish);
  if (isNewAllowed && wish !== "" && !isKnown) found.push({ name: typed.trim(), isNew: true });
  return found;
}
