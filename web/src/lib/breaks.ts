/** Why an operator is away for a while. A code, because it is counted; a pause of the dialer's own carries its name there. */
export const breakWords: Record<string, string> = {
  rest: "Descanso",
  meal: "Refeição",
  personal: "Particular",
  training: "Treinamento",
  meeting: "Reunião",
  dialer: "Pausa no discador",
};

/** What can be chosen here; the dialer's is told by the dialer. */
export const breakCodes = Object.keys(breakWords).filter((code) => code !== "dialer");

export const breakName = (reason: string | null): string => (reason ? (breakWords[reason] ?? reason) : "Pausa");
