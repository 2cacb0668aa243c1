import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import { Tag } from "@/ui/tag";
import classes from "./charging.module.css";
import { FieldGrid } from "./field-grid";
import { type Texts, templateFields, textsOf, valuesOf } from "./fields";
import { chargingKey, type Scope, saveTemplate, type Template } from "./queries";
import { SaveBar } from "./save-bar";

const blank = { max_installments: 1, validity_days: 2, aging_from_days: 0, position: 0, due_interval: "monthly" };

/** Ready offers: what is inside one in every respect needs nobody's approval. */
export function TemplatesForm({ templates, scope }: { templates: Template[]; scope: Scope }): ReactNode {
  const [editing, setEditing] = useState<Template | "new" | null>(null);
  const shown = templates.filter(({ creditor_id }) => creditor_id === scope);
  if (editing)
    return (
      <TemplateForm
        key={editing === "new" ? "new" : editing.id}
        id={editing === "new" ? null : editing.id}
        first={textsOf(templateFields, editing === "new" ? { ...blank, is_active: true } : editing)}
        scope={scope}
        onClose={() => setEditing(null)}
      />
    );
  return (
    <div className={classes.form}>
      {shown.length === 0 && <p className={classes.note}>Nenhum modelo próprio. Valem os da regra geral.</p>}
      <ul className={classes.rows} aria-label="Modelos de oferta">
        {shown.map((template) => (
          <li key={template.id}>
            <span>
              <strong>{template.name}</strong>{" "}
              <span className={classes.note}>
                de {template.aging_from_days} a {template.aging_to_days ?? "∞"} dias de atraso,{" "}
                {template.max_installments > 1 ? plural(template.max_installments, "parcela", "parcelas") : "à vista"}
              </span>
            </span>
            {!template.is_active && <Tag>fora de uso</Tag>}
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Editar ${template.name}`}
              onClick={() => setEditing(template)}
            >
              Editar
            </Button>
          </li>
        ))}
      </ul>
      <div className={classes.bar}>
        <Button variant="default" onClick={() => setEditing("new")}>
          Novo modelo
        </Button>
      </div>
    </div>
  );
}

interface TemplateFormProps {
  id: string | null;
  first: Texts;
  scope: Scope;
  onClose: () => void;
}

function TemplateForm({ id, first, scope, onClose }: TemplateFormProps): ReactNode {
  const queryClient = useQueryClient();
  const [texts, setTexts] = useState(first);
  const values = valuesOf(templateFields, texts);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => saveTemplate(id, scope, values ?? {}),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: chargingKey });
      onClose();
    },
  });
  return (
    <form
      className={classes.form}
      aria-label={id ? "Editar modelo" : "Novo modelo"}
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <FieldGrid fields={templateFields} texts={texts} onChange={setTexts} />
      <SaveBar
        action="Salvar modelo"
        isPending={isPending}
        isReady={values !== null && Boolean(texts.name?.trim())}
        error={error}
        done={null}
      >
        <Button variant="default" onClick={onClose}>
          Voltar
        </Button>
      </SaveBar>
    </form>
  );
}
