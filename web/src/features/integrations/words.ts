import { functionsUrl } from "@/lib/config";
import type { Tone } from "@/ui/tag";
import type { FormField, Integration, Provider } from "./queries";

export interface ProviderWords {
  name: string;
  what: string;
  /** Where its secrets and addresses are found, at the provider. */
  where: string;
  webhook: (key: string) => string;
}

/** Those that carry no WhatsApp; an adapter of WhatsApp brings its own words. */
const providers: Partial<Record<Provider, ProviderWords>> = {
  threecplus: {
    name: "3C Plus",
    what: "Discador: campanhas, listas e a tela que abre sozinha quando a ligação chega.",
    where: "No 3C Plus: Configurações → Integrações → Criar Webhook, com os dois eventos de ligação.",
    webhook: (key) => `${functionsUrl}/3cplus-webhook?key=${key}`,
  },
  negociarie: {
    name: "Negociarie",
    what: "Pagamentos: boleto, Pix e cartão, com baixa automática.",
    where: "Peça à Negociarie que cadastre este endereço como URL de callback da sua conta.",
    webhook: (key) => `${functionsUrl}/negociarie-callback/${key}`,
  },
};

interface FieldWords {
  label: string;
  help?: string;
  placeholder?: string;
  /** A closed list; the first is what holds when nothing is chosen. */
  choices?: { value: string; label: string }[];
}

const words: Record<string, FieldWords> = {
  "threecplus.host": {
    label: "Endereço da empresa",
    placeholder: "suaempresa.3c.plus",
    help: "Só o endereço, sem https://. Termina em .3c.plus ou .3c.fluxoti.com.",
  },
  "threecplus.api_token": {
    label: "Token de serviço, papel Gestor",
    placeholder: "3cs_…",
    help: "O token pessoal deixou de funcionar em outubro de 2026; use o de serviço.",
  },
  "threecplus.agent_token": {
    label: "Token de serviço, papel Agente",
    placeholder: "3cs_…",
    help: "Para a tabulação daqui qualificar a ligação lá, e para pausas e cliques para ligar.",
  },
  "threecplus.load_report": {
    label: "Relatório ao carregar contatos",
    choices: [
      { value: "sync", label: "Pedir (padrão)" },
      { value: "none", label: "Não pedir" },
    ],
  },
  "threecplus.click2call_prefix": {
    label: "Clique para ligar",
    choices: [
      { value: "none", label: "DDD e número (padrão)" },
      { value: "55", label: "55, DDD e número" },
    ],
  },
  "threecplus.qualify_call_id": {
    label: "Número da ligação ao qualificar",
    choices: [
      { value: "telephony_id", label: "telephony_id (padrão)" },
      { value: "id", label: "id" },
    ],
  },
  "threecplus.automatic_qualifications": {
    label: "Qualificações automáticas",
    placeholder: "-2,-5",
    help: "Números das qualificações que o próprio discador dá, separados por vírgula.",
  },
  "threecplus.time_zone": { label: "Fuso horário da empresa lá", placeholder: "America/Sao_Paulo" },
  "negociarie.client_id": { label: "client_id" },
  "negociarie.client_secret": { label: "client_secret" },
  "negociarie.methods": {
    label: "Formas de pagamento do contrato",
    placeholder: "boleto,pix,card",
    help: "boleto, pix e card (cartão), separados por vírgula. Vazio: só boleto.",
  },
  "negociarie.paid_codes": {
    label: "Códigos que significam pago",
    placeholder: "800,801",
    help: "Vazio: nenhum decide sozinho; data, valor e texto precisam concordar.",
  },
  "negociarie.fine_unit": {
    label: "Multa enviada em",
    choices: [
      { value: "reais", label: "reais (padrão)" },
      { value: "percent", label: "por cento" },
    ],
  },
  "negociarie.interest_unit": {
    label: "Mora por dia enviada em",
    choices: [
      { value: "reais", label: "reais (padrão)" },
      { value: "percent", label: "por cento" },
    ],
  },
};

/** A field nobody has described yet is shown by its own name: the form still works. */
export function wordsOf(provider: Provider, { field, label, help, placeholder }: FormField): FieldWords {
  return (
    words[`${provider}.${field}`] ?? {
      label: label ?? field,
      ...(help && { help }),
      ...(placeholder && { placeholder }),
    }
  );
}

export function providerWords({ provider, words: declared }: Pick<Integration, "provider" | "words">): ProviderWords {
  return (
    providers[provider] ?? {
      name: declared?.name ?? provider,
      what: declared?.what ?? "",
      where: declared?.where ?? "",
      webhook: (key) => `${functionsUrl}/${declared?.webhook}?key=${key}`,
    }
  );
}

interface VerdictWords {
  text: string;
  tone: Tone;
}

const verdicts: Record<string, VerdictWords> = {
  works: { text: "Funciona: o provedor respondeu e reconheceu a conta.", tone: "good" },
  key_refused: { text: "A chave foi recusada. Confira se está inteira, se venceu ou se foi revogada.", tone: "bad" },
  account_unknown: { text: "A chave vale, mas o app, o número ou a conta não é dela. Confira os dados.", tone: "bad" },
  host_wrong: { text: "O endereço está errado: ninguém desse provedor responde ali.", tone: "bad" },
  no_answer: { text: "O provedor não respondeu. Tente de novo em alguns minutos.", tone: "warn" },
  busy: { text: "O provedor pediu para esperar: muitas chamadas agora. Teste de novo daqui a pouco.", tone: "warn" },
  incomplete: { text: "Falta um dado para testar. Preencha o formulário e salve.", tone: "warn" },
  unclear: { text: "O provedor respondeu algo que não conhecemos. Veja o detalhe.", tone: "warn" },
};

export function verdictWords(verdict: string): VerdictWords {
  return verdicts[verdict] ?? { text: verdict, tone: "warn" };
}
