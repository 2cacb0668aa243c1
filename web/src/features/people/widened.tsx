import { NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { AppError } from "@/lib/errors";
import { creditorWords } from "./creditor-choice";
import classes from "./people.module.css";
import type { Limits, Member, Named } from "./queries";

interface Widened {
  limits: Limits;
  /** For a mutation's `onError`: from then on these people are asked about. */
  onRefused: (error: unknown) => void;
  setLimit: (userId: string, limit: string[] | null) => void;
}

/** Whoever a change of teams would let see everything keeps what they see today, until it is said otherwise. */
export function useWidened(people: Member[]): Widened {
  const [limits, setLimits] = useState<Limits>({});
  return {
    limits,
    onRefused: (error) => {
      if (!(error instanceof AppError) || error.code !== "team_limits_people") return;
      const named = JSON.parse(error.detail) as string[];
      const kept = people.filter(({ user_id }) => named.includes(user_id)).map((one) => [one.user_id, one.scope]);
      setLimits((known) => ({ ...(Object.fromEntries(kept) as Limits), ...known }));
    },
    setLimit: (userId, limit) => setLimits((known) => ({ ...known, [userId]: limit })),
  };
}

interface LimitsOfProps extends Widened {
  people: Member[];
  creditors: Named[];
}

export function LimitsOf({ people, creditors, limits, setLimit }: LimitsOfProps): ReactNode {
  const asked = people.filter(({ user_id }) => user_id in limits);
  if (asked.length === 0) return null;
  return (
    <fieldset className={classes.choices}>
      <legend>O que vale para cada pessoa</legend>
      {asked.map(({ user_id, name, scope }, place) => (
        <NativeSelect
          key={user_id}
          // The button that was pressed has lost the focus while it was busy.
          autoFocus={place === 0}
          label={name}
          value={limits[user_id] ? "kept" : "all"}
          data={[
            { value: "kept", label: `Continua vendo só ${creditorWords(scope, creditors)}` },
            { value: "all", label: "Passa a ver todos os credores" },
          ]}
          onChange={({ currentTarget }) => setLimit(user_id, currentTarget.value === "kept" ? scope : null)}
        />
      ))}
    </fieldset>
  );
}
