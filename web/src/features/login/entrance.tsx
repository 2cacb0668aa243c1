import type { ReactNode } from "react";
import classes from "./entrance.module.css";

interface EntranceProps {
  title: string;
  lead: string;
  children: ReactNode;
}

export function Entrance({ title, lead, children }: EntranceProps): ReactNode {
  return (
    <main className={classes.entrance}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <img src="/icon.svg" alt="" width={36} height={36} />
          <span>Cobrança</span>
        </div>
        <h1>{title}</h1>
        <p className={classes.lead}>{lead}</p>
        {children}
      </div>
    </main>
  );
}

export function FormError({ sentence }: { sentence: string | null }): ReactNode {
  return (
    <p role="alert" className={classes.error} data-shown={sentence !== null || undefined}>
      {sentence}
    </p>
  );
}
