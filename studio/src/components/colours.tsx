// Colours that whoever made a labelling job gave its classes. Where none were given, a class
// has its usual one.

import { createContext, useCallback, useContext, type ReactNode } from "react";
import { classLook, lookOf, type ClassColour } from "./classes";

const NONE: ReadonlyMap<string, string> = new Map();
const Given = createContext(NONE);

export function ClassColours({ colours, children }: { colours: ReadonlyMap<string, string>; children: ReactNode }) {
  return <Given value={colours}>{children}</Given>;
}

/** How a class looks on this part of the page. */
export function useClassLook(): (label: string) => ClassColour {
  const colours = useContext(Given);
  return useCallback((label) => lookOf(colours.get(label) ?? "") ?? classLook(label), [colours]);
}
