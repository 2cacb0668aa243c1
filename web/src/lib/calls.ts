const secondsOfMinute = 60;

/** "2:05", "1:02:05". */
export function callDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / secondsOfMinute ** 2);
  const minutes = Math.floor(whole / secondsOfMinute) % secondsOfMinute;
  const rest = String(whole % secondsOfMinute).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const callStatusNames: Record<string, string> = {
  dialing: "discando",
  answered: "atendida",
  connected: "em andamento",
  transferred: "transferida",
  ended: "encerrada",
  not_answered: "não atendida",
  abandoned: "abandonada",
  finished: "finalizada",
  failed: "falhou",
  voicemail: "caixa postal",
  outside_hours: "fora do horário do discador",
};
