// Drafts that are the same, and drafts that meet.

import { Problem } from "../../api/client";
import type { Assignment, GivenWork, labelling, PersonsBox } from "../../api/labelling";
import { isSameList } from "./boxes";
import type { Kept } from "./kept";

export interface Conflict {
  id: string;
  revision: number;
  theirs: GivenWork;
}

/** Whether what the studio has is what was sent from here, or is here now. */
export function isOurs({ work, sent }: Kept, theirs: GivenWork): boolean {
  return isSameWork(work, theirs) || sent.some((other) => isSameWork(other, theirs));
}

export function isSameWork(a: GivenWork, b: GivenWork): boolean {
  const isSameVerdict = a.verdict?.is_good === b.verdict?.is_good && (a.verdict?.comment ?? "") === (b.verdict?.comment ?? "");
  return isSameVerdict && isSameList(a.boxes ?? [], b.boxes ?? []);
}

/** What the browser keeps is under a text. */
export const idOf = (assignment: Pick<Assignment, "id">): string => String(assignment.id);

/** What the other draft is, where the answer to ours says that there is one. */
export async function conflictOf(api: Pick<typeof labelling, "assignment">, id: string, error: unknown): Promise<Conflict | null> {
  const body = error instanceof Problem ? (error.body as Record<string, unknown> | undefined) : undefined;
  if (typeof body?.revision !== "number") return null;
  if (Array.isArray(body.boxes)) return { id, revision: body.revision, theirs: { boxes: body.boxes as PersonsBox[] } };
  try {
    const { revision, draft } = await api.assignment(Number(id));
    return { id, revision, theirs: { ...(draft?.boxes && { boxes: draft.boxes }), ...(draft?.verdict && { verdict: draft.verdict }) } };
  } catch {
    return null;
  }
}
