import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { Tag } from "@/ui/tag";
import classes from "./failures.module.css";
import type { Failure } from "./queries";
import { causeOf, kindNames, remedies, titleOf } from "./words";

interface FailureRowProps {
  failure: Failure;
  isChosen: boolean;
  onToggle: () => void;
  onReprocess: () => void;
  /** Set aside it has one thing to press: back to the list. */
  isAside: boolean;
  /** The way to the other list. */
  onSetAside: () => void;
  isBusy: boolean;
}

export function FailureRow({
  failure,
  isChosen,
  onToggle,
  onReprocess,
  isAside,
  onSetAside,
  isBusy,
}: FailureRowProps): ReactNode {
  const { kind, id, client_id, client_name, failed_at, detail } = failure;
  const mayRetry = failure.may_retry && !isAside;
  const move = isAside ? "Trazer de volta" : "Deixar de lado";
  const remedy = remedies[kind];
  const name = [kindNames[kind], titleOf(failure), client_name].filter(Boolean).join(", ");
  return (
    <tr>
      <td className={classes.check}>
        {mayRetry && <input type="checkbox" aria-label={`Escolher ${name}`} checked={isChosen} onChange={onToggle} />}
      </td>
      <td className={classes.when}>
        <time dateTime={failed_at}>{moment(failed_at)}</time>
      </td>
      <td>
        <Tag>{kindNames[kind]}</Tag> {titleOf(failure)}
      </td>
      <td>{client_id ? <Link href={`/atendimento/${client_id}`}>{client_name ?? "Cliente"}</Link> : null}</td>
      <td className={classes.cause}>
        {causeOf(failure)}
        {detail && (
          <details>
            <summary>Detalhe técnico</summary>
            <code>{detail}</code>
          </details>
        )}
      </td>
      <td className={classes.action}>
        {mayRetry ? (
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconRefresh size={13} />}
            loading={isBusy}
            onClick={onReprocess}
            aria-label={`Reprocessar ${name}`}
          >
            Reprocessar
          </Button>
        ) : (
          remedy && <Link href={remedy.href(id)}>{remedy.text}</Link>
        )}
        <Button
          size="compact-xs"
          variant="subtle"
          disabled={isBusy}
          onClick={onSetAside}
          aria-label={`${move}: ${name}`}
        >
          {move}
        </Button>
      </td>
    </tr>
  );
}
