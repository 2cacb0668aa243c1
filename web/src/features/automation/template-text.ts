/** Field keys of message_templates.variables → what they stand for. */
const fieldNames: Record<string, string> = {
  "client.first_name": "primeiro nome",
  "client.name": "nome",
  "client.open_total": "total em aberto",
  "creditor.name": "credor",
  "tenant.name": "assessoria",
};

/** "Olá, {{1}}" → "Olá, ‹primeiro nome›". */
export function readableTemplate({ body, variables }: { body: string; variables: string[] }): string {
  return body.replace(/\{\{(\d+)\}\}/g, (placeholder, position: string) => {
    const field = variables[Number(position) - 1];
    return field ? `‹${fieldNames[field] ?? field}›` : placeholder;
  });
}
