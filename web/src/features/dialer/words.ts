import { count, plural } from "@/lib/format";
import type { DialerExport } from "./shapes";

/** "1 telefone carregado de 3, 1 recusado pelo discador, 1 retirado depois" */
export function fatesOf(sent: Pick<DialerExport, "loaded" | "planned" | "filtered" | "removed">): string {
  return [
    `${plural(sent.loaded, "telefone carregado", "telefones carregados")} de ${count(sent.planned)}`,
    sent.filtered > 0 && plural(sent.filtered, "recusado pelo discador", "recusados pelo discador"),
    sent.removed > 0 && plural(sent.removed, "retirado depois", "retirados depois"),
  ]
    .filter(Boolean)
    .join(", ");
}
