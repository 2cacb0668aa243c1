import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import classes from "./import-dialog.module.css";
import { type Answers, openQuestions } from "./mapping";
import type { Preview } from "./shapes";
import { fieldNames } from "./words";

interface MappingStepProps {
  preview: Preview;
  answers: Answers;
  onChange: (changed: Record<string, string>) => void;
  onSheet: (sheet: string) => void;
  disabled: boolean;
}

/** Shown under the titles. */
const shownRows = 4;

export function MappingStep({ preview, answers, onChange, onSheet, disabled }: MappingStepProps): ReactNode {
  const { changed } = answers;
  const shown = preview.rows.slice(0, shownRows).map((row, index) => ({ line: index + 1, row }));
  return (
    <>
      {preview.sheets.length > 1 && (
        <NativeSelect
          label="Aba da planilha"
          value={preview.sheet ?? ""}
          disabled={disabled}
          onChange={(event) => onSheet(event.currentTarget.value)}
          data={[...(preview.sheet ? [] : [{ value: "", label: "Escolha a aba" }]), ...preview.sheets]}
        />
      )}
      {preview.source === "saved" && <p className={classes.note}>Colunas ligadas como na última importação.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      <section className={classes.mapping} tabIndex={0} aria-label="Primeiras linhas do arquivo">
        <table>
          <thead>
            <tr>
              {preview.columns.map(({ title, field }) => (
                <th key={title} scope="col">
                  {title}
                  <select
                    aria-label={`O que é a coluna ${title}`}
                    disabled={disabled}
                    value={changed[title] ?? field ?? "extra"}
                    onChange={(event) => onChange({ ...changed, [title]: event.currentTarget.value })}
                  >
                    {Object.entries(fieldNames).map(([value, name]) => (
                      <option key={value} value={value}>
                        {name}
                      </option>
                    ))}
                    <option value="extra">Guardar como dado extra</option>
                    <option value="ignore">Não importar</option>
                  </select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ line, row }) => (
              <tr key={line}>
                {preview.columns.map(({ title }, index) => (
                  <td key={title}>{row[index]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Questions preview={preview} changed={changed} onChange={onChange} disabled={disabled} />
      {openQuestions(preview, answers).includes("creditor") && <AskCreditor />}
    </>
  );
}

/** Who is owed is chosen beside the file, or told by a column; without either nothing can be checked. */
function AskCreditor(): ReactNode {
  const mayCreate = useHasRole("admin");
  return (
    <p role="status" className={classes.ask}>
      Nenhuma coluna traz o credor. Escolha no campo Credor, acima, a quem se deve
      {mayCreate ? ", ou cadastre ali um novo." : "; quem cadastra credores novos é um administrador."}
    </p>
  );
}

type QuestionsProps = Pick<MappingStepProps, "preview" | "onChange" | "disabled"> & Pick<Answers, "changed">;

/** Only what nobody could guess; the creditor is asked beside the file, the sheet above. */
function Questions({ preview, changed, onChange, disabled }: QuestionsProps): ReactNode {
  return preview.questions
    .filter(({ field }) => field !== "sheet" && field !== "creditor")
    .map(({ field, candidates }) => {
      const answer = Object.keys(changed).find((title) => changed[title] === field) ?? "";
      return (
        <NativeSelect
          key={field}
          label={`Qual coluna traz ${fieldNames[field] ?? field}?`}
          disabled={disabled}
          value={answer}
          onChange={(event) => {
            const { [answer]: _before, ...rest } = changed;
            const title = event.currentTarget.value;
            onChange(title ? { ...rest, [title]: field } : rest);
          }}
          data={[{ value: "", label: "Escolha a coluna" }, ...candidates]}
        />
      );
    });
}
