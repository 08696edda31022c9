// The one outbox of who is here, for as long as the page is open.

import { useEffect, useSyncExternalStore } from "react";
import { toasts } from "../../components/ui";
import { labelling } from "../../api/labelling";
import { queries, useMe } from "../../api/hooks";
import { browserKeep, type Kept } from "./kept";
import { Outbox, type Given, type OutboxState } from "./outbox";

export const WORK = "work";

const made = new Map<string, Outbox>();

function outboxOf(worker: string): Outbox {
  const before = made.get(worker);
  if (before !== undefined) return before;
  const outbox = new Outbox({ worker, keep: browserKeep(), api: labelling, now: Date.now, onLate, onLoggedOut });
  made.set(worker, outbox);
  return outbox;
}

/** The login is shown; the page goes on from what is kept. */
function onLoggedOut(): void {
  void queries.invalidateQueries({ queryKey: ["me"] });
}

function onLate({ job, number }: Kept, given: Given): void {
  void queries.invalidateQueries({ queryKey: [WORK] });
  if (given.kind === "sent") say(`Task ${number} of ${job} that waited here`, given);
  else if (given.kind === "refused") toasts.show({ tone: "bad", title: `Task ${number} of ${job} was not taken`, text: given.message });
}

/** Tells how an answer fared, where that is not what everybody expects. */
export function say(what: string, { submitted }: Given & { kind: "sent" }): void {
  if (submitted.outcome === "kept_as_draft") toasts.show({ tone: "warn", title: `${what}: kept as a draft, not counted`, text: submitted.detail ?? "It came after its time." });
  else toasts.show({ tone: "good", title: `${what}: counted` });
}

export function useOutbox(): [Outbox, OutboxState] {
  const outbox = outboxOf(useMe().data?.name ?? "");
  const state = useSyncExternalStore(outbox.subscribe, outbox.current);
  useEffect(() => {
    const back = () => outbox.hurry();
    const away = () => document.visibilityState === "hidden" && void outbox.flush();
    const heard = ({ key, newValue }: StorageEvent) => outbox.heard(key, newValue);
    window.addEventListener("online", back);
    window.addEventListener("storage", heard);
    document.addEventListener("visibilitychange", away);
    return () => {
      window.removeEventListener("online", back);
      window.removeEventListener("storage", heard);
      document.removeEventListener("visibilitychange", away);
    };
  }, [outbox]);
  return [outbox, state];
}
