import type { Fields } from "./queries";

/** The names of the closed palette: each ink is readable on every surface, light and dark (palette.test.ts). */
export const colors = [
  { value: "gray", label: "Cinza" },
  { value: "blue", label: "Azul" },
  { value: "teal", label: "Turquesa" },
  { value: "green", label: "Verde" },
  { value: "yellow", label: "Amarelo" },
  { value: "orange", label: "Laranja" },
  { value: "red", label: "Vermelho" },
  { value: "violet", label: "Violeta" },
];

type Meaning = "human_answered" | "right_party" | "is_callback" | "unworkable" | "opens_negotiation";

export const meanings: { field: Meaning; label: string; short: string; hint: string }[] = [
  { field: "human_answered", label: "Alguém atendeu", short: "atendeu", hint: "Conta como contato no painel." },
  {
    field: "right_party",
    label: "Era a pessoa certa",
    short: "pessoa certa",
    hint: "Conta como contato com a pessoa certa.",
  },
  {
    field: "is_callback",
    label: "Pede dia e hora de retorno",
    short: "marca retorno",
    hint: "Ao pressionar, a tela pede o horário.",
  },
  {
    field: "unworkable",
    label: "O número não é do cliente",
    short: "número errado",
    hint: "O número sai da fila; os outros continuam.",
  },
  {
    field: "opens_negotiation",
    label: "Abre a negociação",
    short: "negocia",
    hint: "Ao pressionar, a proposta de acordo se abre.",
  },
];

export const newType: Fields = {
  label: "",
  hotkey: null,
  color: "gray",
  human_answered: false,
  right_party: false,
  is_callback: false,
  unworkable: false,
  opens_negotiation: false,
  is_active: true,
};
