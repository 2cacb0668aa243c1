import { Button } from "@mantine/core";
import { IconCloudUp, IconExclamationCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { AppError, sentenceFor } from "@/lib/errors";
import { Tag } from "@/ui/tag";
import { Entry } from "@/ui/timeline/entry";
import timeline from "@/ui/timeline/timeline.module.css";
import type { PendingDisposition } from "./pending-store";
import type { DispositionType } from "./queries";

interface UnconfirmedProps {
  records: PendingDisposition[];
  types: DispositionType[];
  onEdit: (record: PendingDisposition) => void;
  onDiscard: (record: PendingDisposition) => void;
}

/** Dispositions that only this computer knows: shown at once, and honest about it. */
export function Unconfirmed({ records, types, onEdit, onDiscard }: UnconfirmedProps): ReactNode {
  return records.toReversed().map((record) => {
    const type = types.find(({ key }) => key === record.type);
    return (
      <Entry
        key={record.id}
        state={record.refusedBy ? "refused" : "pending"}
        icon={record.refusedBy ? <IconExclamationCircle size={15} /> : <IconCloudUp size={15} />}
        color={record.refusedBy ? "red" : type?.color}
        title={<strong>{type?.label ?? record.type}</strong>}
      >
        {record.scheduledCallback && <p>Retorno para {moment(record.scheduledCallback)}</p>}
        {record.notes && <p className={timeline.notes}>{record.notes}</p>}
        {record.refusedBy && record.isUndone ? (
          <>
            <p role="alert">{sentenceFor(new AppError(record.refusedBy, 400))}</p>
            <div className={timeline.actions}>
              <Button size="compact-xs" variant="default" onClick={() => onDiscard(record)}>
                Entendi
              </Button>
            </div>
          </>
        ) : record.refusedBy ? (
          <>
            <p role="alert">{sentenceFor(new AppError(record.refusedBy, 400))}</p>
            <div className={timeline.actions}>
              <Button size="compact-xs" onClick={() => onEdit(record)}>
                Corrigir
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => onDiscard(record)}>
                Descartar
              </Button>
            </div>
          </>
        ) : (
          <p>
            <Tag tone={record.attempts > 0 ? "warn" : "busy"}>
              {record.isUndone ? "desfazendo" : record.attempts > 0 ? "pendente" : "salvando"}
            </Tag>
          </p>
        )}
      </Entry>
    );
  });
}
