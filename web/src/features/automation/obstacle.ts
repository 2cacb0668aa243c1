import type { Rule } from "./shapes";

const missingWords: Record<string, string> = {
  template_id: "escolha o modelo da mensagem",
  tag_id: "escolha a tag",
  campaign_id: "escolha a campanha do discador",
};

/** What has to be done before the rule may be switched on; null when nothing. The database refuses all the same. */
export function obstacleOf({ missing, may_enable, last_dry_run, version }: Rule): string | null {
  const [first] = missing;
  if (first) return `${missingWords[first] ?? "complete os passos"}.`;
  if (may_enable) return null;
  if (!last_dry_run) return "simule a regra e veja o que ela faria.";
  if (last_dry_run.version !== version) return "simule de novo: a última simulação é de antes da última mudança.";
  return "simule de novo: o texto de um modelo mudou depois da última simulação.";
}
