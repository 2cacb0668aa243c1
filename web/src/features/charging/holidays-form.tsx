import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { day as dayText } from "@/lib/format";
import classes from "./charging.module.css";
import { addHoliday, chargingKey, revokeHoliday, useHolidays } from "./queries";
import { SaveBar } from "./save-bar";

/** The agency's own days without due dates; national, state and bank holidays are known already. */
export function HolidaysForm(): ReactNode {
  const queryClient = useQueryClient();
  const today = localDate(now());
  const { data: holidays } = useHolidays();
  const [day, setDay] = useState("");
  const [name, setName] = useState("");
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: chargingKey });
  const add = useMutation({
    mutationFn: () => addHoliday(day, name.trim()),
    onSuccess: async () => {
      setDay("");
      setName("");
      await again();
    },
  });
  const revoke = useMutation({ mutationFn: (id: string) => revokeHoliday(id, now().toISOString()), onSuccess: again });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <p className={classes.note}>
        Feriados nacionais, estaduais e bancários já contam. Acrescente os da sua cidade; só de hoje em diante.
      </p>
      <div className={classes.grid}>
        <TextInput
          type="date"
          label="Dia"
          required
          min={today}
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        <TextInput
          label="Nome do feriado"
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </div>
      <SaveBar
        action="Acrescentar feriado"
        isPending={add.isPending}
        isReady={day !== "" && name.trim() !== ""}
        error={add.error ?? revoke.error}
        done={add.isSuccess && "Feriado acrescentado."}
      />
      <ul className={classes.rows} aria-label="Feriados da assessoria">
        {holidays?.map((holiday) => (
          <li key={holiday.id}>
            <span>
              <strong>{dayText(holiday.day)}</strong> {holiday.name}
            </span>
            {holiday.day >= today && (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                disabled={revoke.isPending}
                aria-label={`Tirar ${holiday.name}`}
                onClick={() => revoke.mutate(holiday.id)}
              >
                Tirar
              </Button>
            )}
          </li>
        ))}
      </ul>
    </form>
  );
}
