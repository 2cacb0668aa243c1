import type { CaseKind, Resolution } from "./queries";

interface Words {
  title: string;
  explain: string;
}

export const kinds: Record<CaseKind, Words> = {
  paid_after_break: {
    title: "Pago depois da quebra",
    explain: "O dinheiro chegou quando o acordo já tinha quebrado. Ele fica guardado até alguém decidir.",
  },
  duplicate: { title: "Pago em dobro", explain: "A parcela já estava paga. Este é um segundo pagamento." },
  overpayment: {
    title: "Pago a maior",
    explain: "Sobrou dinheiro depois de quitar tudo. Deve voltar ao cliente (CDC, art. 42).",
  },
  orphan: { title: "Pagamento sem dono", explain: "O provedor recebeu, mas não sabemos de qual parcela é." },
  contradiction: {
    title: "Informação contraditória",
    explain: "O provedor diz duas coisas que não combinam. Confira no extrato antes de decidir.",
  },
};

interface Choice {
  label: string;
  /** What it does, told before it is done. */
  explain: string;
}

export const choices: Record<Resolution, Choice> = {
  reactivate: {
    label: "Reativar o acordo",
    explain: "O acordo volta a valer com o mesmo cronograma e este pagamento entra nele.",
  },
  abate: { label: "Abater da dívida", explain: "O acordo continua como está e o valor abate o saldo dos títulos." },
  return: { label: "Devolver ao cliente", explain: "Nada é abatido. Registre como o valor será devolvido." },
  advance: { label: "Adiantar parcelas", explain: "O valor paga as próximas parcelas em aberto do acordo." },
  assign: { label: "Dar destino", explain: "O pagamento passa a valer para a parcela escolhida." },
  dismiss: { label: "Não é pagamento", explain: "Fica registrado que não houve pagamento." },
};

/** A contradiction is confirmed, not assigned. */
export function choiceOf(kind: CaseKind, resolution: Resolution): Choice {
  if (kind === "contradiction" && resolution === "assign")
    return {
      label: "Confirmar o pagamento",
      explain: "Vale como pago, com o dia e o valor que você leu no extrato.",
    };
  return choices[resolution];
}
