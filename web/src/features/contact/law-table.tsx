import type { ReactNode } from "react";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./contact.module.css";
import { type LawfulHours, useLawfulHours } from "./queries";
import { clockText, dayNames } from "./words";

/** The texts behind the hours, in people's words; a state that is new in the data shows what the data says. */
const sources: Record<string, string> = {
  "": "Onde não há lei própria vale o horário da lei paulista (Lei 15.426/2014)",
  SP: "Lei 15.426/2014, consolidada pela Lei 17.832/2023",
  AL: "Lei 7.782/2016, que inclui mensagens de texto",
  RJ: "Lei 6.854/2014, alterada pela Lei 7.868/2018; horário de fonte secundária",
  ES: "Lei 10.626/2017; horário de fonte secundária",
  AM: "Lei 306/2016, que só diz o fim; horário de fonte secundária",
};

export function LawTable(): ReactNode {
  const { data: hours, error, refetch } = useLawfulHours();
  if (!hours)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <div className={classes.body} aria-busy="true">
        <Skeleton width="100%" height={120} />
      </div>
    );
  const states = [...new Set(hours.map(({ uf }) => uf))];
  return (
    <div className={classes.body}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Estado</th>
            <th scope="col">Horário</th>
            <th scope="col">De onde vem</th>
          </tr>
        </thead>
        <tbody>
          {states.map((uf) => {
            const own = hours.filter((each) => each.uf === uf);
            return (
              <tr key={uf ?? ""}>
                <th scope="row">{uf ?? "Demais estados"}</th>
                <td>
                  {spans(own).map((span) => (
                    <span key={span} className={classes.span}>
                      {span}
                    </span>
                  ))}
                </td>
                <td>{sources[uf ?? ""] ?? own[0]?.source}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className={classes.note}>Nos dias que não aparecem, e em feriados, ninguém é contatado.</p>
    </div>
  );
}

/** "seg a sex, 8h às 20h": neighbouring days with the same hours are one line. */
function spans(hours: LawfulHours[]): string[] {
  const found: { from: number; to: number; text: string }[] = [];
  for (const { weekday, opens, closes } of hours) {
    const text = `${clockText(opens)} às ${clockText(closes)}`;
    const last = found.at(-1);
    if (last?.text === text && last.to === weekday - 1) last.to = weekday;
    else found.push({ from: weekday, to: weekday, text });
  }
  return found.map(({ from, to, text }) => {
    const days = from === to ? dayNames[from - 1] : `${dayNames[from - 1]} a ${dayNames[to - 1]}`;
    return `${days}, ${text}`;
  });
}
