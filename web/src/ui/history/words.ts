import { moment } from "@/lib/clock";
import { day, money, percent } from "@/lib/format";

/** A settings table in people's words: the thing, with its article's end for "criado/criada". */
const things: Record<string, { name: string; feminine?: boolean }> = {
  tenants: { name: "Assessoria", feminine: true },
  api_keys: { name: "Chave de API", feminine: true },
  agenda_policies: { name: "Regra da agenda", feminine: true },
  cost_rates: { name: "Custo" },
  disposition_types: { name: "Tabulação", feminine: true },
  creditors: { name: "Credor" },
  charge_policies: { name: "Encargos por atraso" },
  agreement_policies: { name: "Prazos dos acordos" },
  agreement_templates: { name: "Modelo de oferta" },
  approval_limits: { name: "Alçada", feminine: true },
  tenant_holidays: { name: "Feriado" },
  tenant_calling_windows: { name: "Horário da assessoria" },
  contact_caps: { name: "Limite de tentativas" },
  senders: { name: "Número de envio" },
  message_templates: { name: "Modelo de mensagem" },
  rate_cards: { name: "Preço por mensagem" },
  message_policies: { name: "Limite de disparos" },
  canned_replies: { name: "Resposta pronta", feminine: true },
  integrations: { name: "Integração", feminine: true },
  dialer_agents: { name: "Agente do discador" },
  dialer_qualifications: { name: "Palavra do discador", feminine: true },
  automation_policies: { name: "Chaves gerais das regras", feminine: true },
  collection_rules: { name: "Regra", feminine: true },
  memberships: { name: "Pessoa", feminine: true },
  invitations: { name: "Convite" },
  teams: { name: "Equipe", feminine: true },
  team_members: { name: "Pessoa na equipe", feminine: true },
};

/** Every change is a row of its own there: what is added takes the place of what held before. */
const series = new Set(["charge_policies", "agreement_policies", "rate_cards", "cost_rates"]);

export function deed(table: string, action: "insert" | "update" | "delete"): string {
  const { name, feminine = false } = things[table] ?? { name: "Configuração", feminine: true };
  if (series.has(table)) return `${name}: nova versão`;
  const verb = { insert: "criad", update: "mudad", delete: "excluíd" }[action];
  return `${name} ${verb}${feminine ? "a" : "o"}`;
}

const words: Record<string, string> = {
  admin: "administrador",
  supervisor: "supervisor",
  operator: "operador",
  call: "ligação",
  whatsapp: "WhatsApp",
  gupshup: "Gupshup",
  meta: "Meta",
  threecplus: "3C Plus",
  negociarie: "Negociarie",
  active: "ativo",
  paused: "pausado",
  approved: "aprovado",
  gray: "cinza",
  blue: "azul",
  teal: "turquesa",
  green: "verde",
  yellow: "amarelo",
  orange: "laranja",
  red: "vermelho",
  violet: "violeta",
  voice_minute: "minuto de voz",
  licence_month: "licenças do mês",
  labour_month: "pessoal do mês",
  exchange: "câmbio",
  monthly: "mensal",
  weekly: "semanal",
  biweekly: "quinzenal",
  daily_30: "por dia, mês de 30 dias",
  actual_365: "por dia, ano de 365 dias",
  months_and_days: "por meses inteiros e dias",
  following: "próximo dia útil",
  preceding: "dia útil anterior",
  none: "no próprio dia",
  fine: "multa",
  interest: "juros",
  correction: "correção",
  collection_fee: "honorários",
  principal: "principal",
  next: "próxima parcela",
  last: "última parcela",
  spread: "dividido nas parcelas",
  credit: "crédito",
  marketing: "marketing",
  utility: "utilidade",
  authentication: "autenticação",
  service: "serviço",
  disposition: "tabulação",
};

const weekdays = ["", "segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"];

/** A stored value as people read it. */
/** As the database writes one; a day alone has another shape. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[\d.]*(Z|[+-]\d{2}:?\d{2})$/;

export function valueText(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "vazio";
  if (typeof value === "boolean") return value ? "sim" : "não";
  if (typeof value === "number") return numberText(field, value);
  if (Array.isArray(value))
    return value.length === 0 ? "nenhum" : value.map((each) => valueText(field, each)).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([name, each]) => `${name}: ${valueText(name, each)}`)
      .join("; ");
  const text = String(value);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return day(text);
  if (/^\d{2}:\d{2}:\d{2}$/.test(text)) return text.slice(0, 5);
  if (instant.test(text)) return moment(text);
  return words[text] ?? text;
}

function numberText(field: string, value: number): string {
  if (field.endsWith("_cents")) return money(value);
  if (field.endsWith("_percent")) return percent(value);
  if (field === "weekday") return weekdays[value] ?? String(value);
  if (field.endsWith("_micros"))
    return (value / 1_000_000).toLocaleString("pt-BR", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
  return value.toLocaleString("pt-BR");
}
