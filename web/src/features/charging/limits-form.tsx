import { NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { roleNames } from "@/lib/session";
import classes from "./charging.module.css";
import { FieldGrid } from "./field-grid";
import { limitFields, textsOf, valuesOf } from "./fields";
import { chargingKey, type Limits, type Role, type Scope, saveLimits } from "./queries";
import { SaveBar } from "./save-bar";

const roles: Role[] = ["operator", "supervisor", "admin"];

/** How much each role may grant alone; beyond it another person of a higher role decides. */
export function LimitsForm({ limits, scope }: { limits: Limits[]; scope: Scope }): ReactNode {
  const [role, setRole] = useState<Role>("operator");
  const known = limits.find((row) => row.role === role);
  return (
    <div className={classes.form}>
      <NativeSelect
        label="Perfil"
        className={classes.narrow}
        value={role}
        data={roles.map((value) => ({ value, label: roleNames[value] }))}
        onChange={(event) => setRole(event.currentTarget.value as Role)}
      />
      {scope && known?.creditor_id === null && (
        <p className={classes.note}>Este credor segue os limites gerais. Salvar cria limites só dele.</p>
      )}
      <RoleForm key={role} role={role} known={known} scope={scope} />
    </div>
  );
}

interface RoleFormProps {
  role: Role;
  known: Limits | undefined;
  scope: Scope;
}

function RoleForm({ role, known, scope }: RoleFormProps): ReactNode {
  const queryClient = useQueryClient();
  const [texts, setTexts] = useState(() => textsOf(limitFields, known));
  const values = valuesOf(limitFields, texts);
  const { mutate, isPending, error, isSuccess } = useMutation({
    mutationFn: () => saveLimits(known, role, scope, values ?? {}),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: chargingKey }),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <FieldGrid fields={limitFields} texts={texts} onChange={setTexts} />
      <SaveBar
        action={`Salvar limites de ${roleNames[role]}`}
        isPending={isPending}
        isReady={values !== null}
        error={error}
        done={isSuccess && "Limites salvos. Valem já para a próxima proposta."}
      />
    </form>
  );
}
