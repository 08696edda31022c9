// Questions about users. They are asked anew whenever one of them was changed.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { toasts } from "../../components/ui";
import { answer, client, Problem } from "../../api/client";

const PEOPLE = "people";

export function useUsers() {
  return useQuery({ queryKey: [PEOPLE, "users"], queryFn: ({ signal }) => answer(client.GET("/api/v1/users", { signal })) });
}

export function useInvitations() {
  return useQuery({ queryKey: [PEOPLE, "invitations"], queryFn: ({ signal }) => answer(client.GET("/api/v1/invitations", { signal })) });
}

export function useTokens() {
  return useQuery({ queryKey: [PEOPLE, "tokens"], queryFn: ({ signal }) => answer(client.GET("/api/v1/tokens", { signal })) });
}

export function useAudit(before: number | undefined) {
  return useQuery({
    queryKey: [PEOPLE, "audit", before ?? null],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/audit", { params: { query: { limit: 100, ...(before !== undefined && { before }) } }, signal })),
  });
}

/** Does something to people, says what went wrong, and asks anew. */
export function useDo() {
  const queries = useQueryClient();
  return async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      toasts.show({ tone: "bad", title: what, text: error instanceof Problem ? error.message : String(error) });
      return undefined;
    } finally {
      await queries.invalidateQueries({ queryKey: [PEOPLE] });
    }
  };
}
