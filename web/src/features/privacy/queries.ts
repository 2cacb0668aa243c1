import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { db, download, rpc, shaped, unwrap } from "@/lib/supabase";

export interface Verdict {
  area: "raw" | "person" | "ledger" | "suppression";
  decision: "erased" | "kept" | "anonymised";
  basis: string | null;
  /** Business date. */
  until: string | null;
}

export interface PrivacyRequest {
  id: string;
  kind: "export" | "erase";
  asked_on: string;
  answered_at: string | null;
  outcome: Verdict[];
  created_by: string;
  client: { name: string; document: string };
}

export const requestsKey = ["privacy-requests"];
/** A year of an agency that is asked every day. */
const maxRequests = 400;

export function useVerdict(clientId: string): UseQueryResult<Verdict[]> {
  return useQuery({
    queryKey: ["privacy-verdict", clientId],
    queryFn: () => shaped<Verdict[]>(rpc("privacy_preview", { client_id: clientId })),
  });
}

export async function exportPerson(clientId: string, askedOn: string): Promise<void> {
  const id = await shaped<string>(rpc("request_person_export", { client_id: clientId, asked_on: askedOn }));
  await download("privacy-export", { request_id: id });
}

export async function erasePerson(clientId: string, name: string, askedOn: string): Promise<Verdict[]> {
  const args = { client_id: clientId, typed_name: name, asked_on: askedOn };
  return (await shaped<{ outcome: Verdict[] }>(rpc("erase_person", args))).outcome;
}

interface Register {
  requests: PrivacyRequest[];
  people: ReadonlyMap<string, string>;
}

export function useRegister(): UseQueryResult<Register> {
  return useQuery({
    queryKey: requestsKey,
    queryFn: async () => {
      const [requests, members] = await Promise.all([
        unwrap(
          db
            .from("privacy_requests")
            .select("id,kind,asked_on,answered_at,outcome,created_by,client:clients(name,document)")
            .order("created_at", { ascending: false })
            .limit(maxRequests),
        ),
        unwrap<{ user_id: string; display_name: string }[]>(db.from("memberships").select("user_id,display_name")),
      ]);
      return {
        requests: requests as unknown as PrivacyRequest[],
        people: new Map(members.map(({ user_id, display_name }) => [user_id, display_name])),
      };
    },
  });
}
