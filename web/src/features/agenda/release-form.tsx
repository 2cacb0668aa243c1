import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import classes from "./agenda.module.css";
import { useReleaseMinutes, useSaveRelease } from "./queries";

/** A day: the database knows no longer wait. */
const mostMinutes = 1_440;

/** How long a personal callback waits for its person; everybody reads it, an admin changes it. */
export function ReleaseForm(): ReactNode {
  const { data: minutes } = useReleaseMinutes();
  const isAdmin = useHasRole("admin");
  const [typed, setTyped] = useState<string | null>(null);
  const { mutate: save, isPending, error } = useSaveRelease();
  if (minutes === undefined) return null;
  const wanted = Number(typed ?? minutes);
  const isValid = Number.isInteger(wanted) && wanted >= 1 && wanted <= mostMinutes;
  return (
    <footer className={classes.release}>
      <p>
        Um retorno com dono passa a ser de quem puder {plural(minutes, "minuto", "minutos")} depois da hora marcada.
      </p>
      {isAdmin && typed === null && (
        <Button variant="subtle" size="compact-xs" onClick={() => setTyped(String(minutes))}>
          Mudar
        </Button>
      )}
      {typed !== null && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (isValid) save(wanted, { onSuccess: () => setTyped(null) });
          }}
        >
          <TextInput
            size="xs"
            label="Minutos de atraso"
            inputMode="numeric"
            autoComplete="off"
            error={!isValid && `De 1 a ${mostMinutes} minutos`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" loading={isPending} disabled={!isValid}>
            Salvar
          </Button>
        </form>
      )}
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
    </footer>
  );
}
