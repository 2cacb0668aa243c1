import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { phone } from "@/lib/format";
import { ShowMore } from "@/ui/show-more";
import { Skeleton } from "@/ui/states";
import "@/ui/dialog-styles";
import classes from "./client-page.module.css";
import { type Edit, useHistory, useProfileOptions } from "./queries";

const subjects: Record<string, Record<Edit["action"], string>> = {
  clients: { insert: "Cadastro criado", update: "Cadastro mudado", delete: "Cadastro excluído" },
  client_phones: { insert: "Telefone incluído", update: "Telefone mudado", delete: "Telefone excluído" },
  client_addresses: { insert: "Endereço incluído", update: "Endereço mudado", delete: "Endereço excluído" },
  client_assignments: {
    insert: "Responsável definido",
    update: "Responsável trocado",
    delete: "Ficou sem responsável",
  },
  client_tags: { insert: "Tag posta", update: "Tag trocada", delete: "Tag tirada" },
};

const fields: Record<string, string> = {
  name: "Nome",
  email: "E-mail",
  external_id: "Código externo",
  uf: "UF",
  document: "CPF/CNPJ",
  phone: "Telefone",
  position: "Ordem",
  has_whatsapp: "WhatsApp",
  street: "Logradouro",
  number: "Número",
  complement: "Complemento",
  district: "Bairro",
  city: "Cidade",
  cep: "CEP",
  user_id: "Responsável",
  tag_id: "Tag",
};

/** Who changed what, from what, to what. */
export function HistoryDialog({ clientId, onClose }: { clientId: string; onClose: () => void }): ReactNode {
  const pages = useHistory(clientId);
  const { data: edits, error } = pages;
  const { data: options } = useProfileOptions();
  const names = new Map([
    ...(options?.members ?? []).map(({ user_id, name }): [string, string] => [user_id, name]),
    ...(options?.tags ?? []).map(({ id, name }): [string, string] => [id, name]),
  ]);
  return (
    <Modal opened onClose={onClose} title="Histórico de edições" size="lg">
      {error && (
        <p role="alert" className={classes.warn}>
          {sentenceFor(error)}
        </p>
      )}
      {!edits && !error && <Skeleton width="100%" height={120} />}
      {edits?.length === 0 && <p className={classes.faint}>Ninguém mudou este cadastro depois da importação.</p>}
      <ol className={classes.history} aria-label="Edições">
        {edits?.map((edit) => (
          <li key={edit.id}>
            <p>
              <strong>{subjects[edit.table]?.[edit.action] ?? "Registro do sistema"}</strong>{" "}
              <span className={classes.faint}>
                <time dateTime={edit.at}>{moment(edit.at)}</time> · {edit.actor ?? "sistema"}
              </span>
            </p>
            <Changes edit={edit} names={names} />
          </li>
        ))}
      </ol>
      <ShowMore of={pages}>Mostrar mais antigas</ShowMore>
    </Modal>
  );
}

function Changes({ edit, names }: { edit: Edit; names: ReadonlyMap<string, string> }): ReactNode {
  const told = edit.changes.filter(
    ({ field, from, to }) =>
      (field in fields || field.startsWith("extra.")) &&
      // A selection's line does not know who was responsible before.
      !(field === "user_id" && (edit.action === "delete" ? from : to) === null),
  );
  const text = (field: string, value: unknown): string => {
    if (value === null || value === undefined || value === "") return "vazio";
    if (field === "user_id") return names.get(String(value)) ?? "alguém que saiu";
    if (field === "tag_id") return names.get(String(value)) ?? "uma tag que não existe mais";
    if (field === "phone") return phone(String(value));
    if (typeof value === "boolean") return value ? "sim" : "não";
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  return (
    <ul>
      {told.map(({ field, from, to }) => (
        <li key={field}>
          {fields[field] ?? field.replace("extra.", "")}:{" "}
          {edit.action !== "insert" && <span className={classes.was}>{text(field, from)}</span>}
          {edit.action === "update" && " → "}
          {edit.action !== "delete" && <strong>{text(field, to)}</strong>}
        </li>
      ))}
    </ul>
  );
}
