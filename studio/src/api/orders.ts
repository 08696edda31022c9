// Orders of a queue on their way, as the server tells of them.

import { useSyncExternalStore } from "react";

export interface Order {
  order: string;
  source: string;
  recording: string | null;
  is_over: boolean;
  is_done: boolean;
  stages: { stage: string; jobs: number; done: number; running: number; dead: number; frames: number }[];
}

let orders: readonly Order[] = [];
const listeners = new Set<() => void>();

/** What is over is no longer on its way. */
export function toldOf(order: Order): void {
  const others = orders.filter((other) => other.order !== order.order);
  if (order.is_over && others.length === orders.length) return;
  orders = order.is_over ? others : [...others, order];
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOrders(): readonly Order[] {
  return useSyncExternalStore(subscribe, () => orders);
}

/** Jobs of an order that are done, and all of them. */
export function jobsOf(order: Order): { done: number; jobs: number; dead: number } {
  const sum = (of: (stage: Order["stages"][number]) => number) => order.stages.reduce((total, stage) => total + of(stage), 0);
  return { done: sum((stage) => stage.done), jobs: sum((stage) => stage.jobs), dead: sum((stage) => stage.dead) };
}
