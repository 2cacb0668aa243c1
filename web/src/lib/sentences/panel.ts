export const panel: Record<string, string> = {
  panel_kpi_unknown: "Este número não existe mais no painel. Recarregue a página.",
};
