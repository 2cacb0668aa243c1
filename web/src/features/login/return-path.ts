/** The page that was asked for before signing in. Only paths of this page: an address elsewhere would be a phisher's gift. */
export function returnPath(search: string): string {
  const asked = new URLSearchParams(search).get("voltar") ?? "";
  const own = asked.startsWith("/") && !asked.startsWith("//") && !asked.includes("\\");
  return own && !asked.startsWith("/login") ? asked : "/carteira";
}
