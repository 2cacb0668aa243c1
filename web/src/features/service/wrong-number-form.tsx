import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useEffectEvent, useRef } from "react";
import type { Phone } from "@/lib/client-shapes";
import { phone as phoneText } from "@/lib/format";
import { openCallsQuery } from "@/lib/open-calls";
import { useSingleKeys } from "@/ui/single-keys";
import { Skeleton } from "@/ui/states";
import { Key } from "@/ui/tag";
import classes from "./wrong-number-form.module.css";

interface WrongNumberFormProps {
  clientId: string;
  /** More than one. */
  phones: Phone[];
  /** Null: a call of the dialer tells which, or all of them are meant. */
  onSave: (phone: string | null) => void;
  onCancel: () => void;
}

/** Two digits would need two keys; who has more numbers picks the others by hand. */
const mostKeys = 9;

/** Which number somebody else answered, asked where no call of the dialer tells: the others go on being called. */
export function WrongNumberForm({ clientId, phones, onSave, onCancel }: WrongNumberFormProps): ReactNode {
  const first = useRef<HTMLButtonElement>(null);
  const calls = useQuery(openCallsQuery());
  // Not what was known before: a call just disposed of is over.
  const isLooked = calls.isFetchedAfterMount;
  const isKnown = isLooked && !calls.error && calls.data?.some((call) => call.client_id === clientId && call.phone);
  const isAsked = isLooked && !isKnown;
  const answer = useEffectEvent(() => onSave(null));
  useEffect(() => {
    if (isKnown) answer();
  }, [isKnown]);
  useEffect(() => {
    if (isAsked) first.current?.focus();
  }, [isAsked]);
  useSingleKeys((key) => {
    const chosen = phones.slice(0, mostKeys)[Number(key) - 1];
    if (isAsked && chosen) onSave(chosen.phone);
    else if (isAsked && key === "0") onSave(null);
    else if (key === "Escape") onCancel();
    // While it is open, a digit is a number's and no other result's.
    else return /^\d$/.test(key);
    return true;
  });
  if (!isAsked) return <Skeleton width="100%" height={72} />;
  return (
    <fieldset className={classes.form}>
      <legend>Qual número não é do cliente?</legend>
      <div className={classes.numbers}>
        {phones.map(({ id, phone }, index) => (
          <Button
            key={id}
            ref={index === 0 ? first : undefined}
            variant="default"
            size="compact-md"
            onClick={() => onSave(phone)}
          >
            {index < mostKeys && <Key>{index + 1}</Key>}&nbsp;{phoneText(phone)}
          </Button>
        ))}
        <Button variant="default" size="compact-md" onClick={() => onSave(null)}>
          <Key>0</Key>&nbsp;todos
        </Button>
      </div>
      <p className={classes.hint}>
        Os outros continuam na fila do discador. <Key>Esc</Key> volta.
      </p>
    </fieldset>
  );
}
