// What the instructions of a job are made of: a short part that is always in sight, and all
// the rest, with pictures of what is right and what is not.

export interface Parts {
  short: string;
  full: string;
}

/** What stands before the first line `---` is the short part. */
export function partsOf(instructions: string): Parts {
  const lines = instructions.split(/\r?\n/);
  const at = lines.findIndex((line) => /^-{3,}\s*$/.test(line));
  if (at === -1) return { short: instructions.trim(), full: "" };
  return { short: lines.slice(0, at).join("\n").trim(), full: lines.slice(at + 1).join("\n").trim() };
}

export type Mark = "good" | "bad" | "plain";

/** `good: whole cars` is a good example, whose caption is `whole cars`. */
export function markOf(alt: string): { mark: Mark; caption: string } {
  const found = /^\s*(good|bad)\s*:\s*(.*)$/is.exec(alt);
  if (found === null) return { mark: "plain", caption: alt };
  return { mark: (found[1] ?? "").toLowerCase() === "good" ? "good" : "bad", caption: found[2] ?? "" };
}

/** The name of a picture that came with the job; null for everything else, which is not shown. */
export function pictureName(src: string): string | null {
  let name: string;
  try {
    name = decodeURIComponent(src.replace(/^\.\//, ""));
  } catch {
    return null;
  }
  return name === "" || name.startsWith(".") || /[/\\:?#]/.test(name) ? null : name;
}
