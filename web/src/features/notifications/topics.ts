/** What a person may switch off, as the database groups the kinds (private.notification_topic). */
export const topics = [
  { topic: "callbacks", label: "Retornos na hora marcada" },
  { topic: "agreements", label: "Acordos: propostos, aprovados, recusados, quebrados" },
  { topic: "payments", label: "Pagamentos e cobranças" },
  { topic: "messages", label: "Respostas no WhatsApp" },
  { topic: "imports", label: "Importações concluídas" },
  { topic: "sends", label: "Disparos e envios ao discador concluídos" },
] as const;

export type Topic = (typeof topics)[number]["topic"];
