import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { plural } from "@/lib/format";
import { roleNames } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { Invitations } from "./invitations";
import { InviteForm } from "./invite-form";
import { Members } from "./members";
import classes from "./people.module.css";
import { usePeople } from "./queries";
import { Teams } from "./teams";

/** Who works here, who is expected, and which creditors each of them sees. */
export function PeoplePage(): ReactNode {
  return (
    <SettingsRoom title="Pessoas" room="people">
      <People />
    </SettingsRoom>
  );
}

function People(): ReactNode {
  const { data, error, refetch } = usePeople();
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  return (
    <>
      <Panel title="Convidar">
        <InviteForm creditors={data.creditors} />
      </Panel>
      <Panel title="Pessoas" aside={plural(data.people.length, "pessoa", "pessoas")}>
        <Members {...data} />
      </Panel>
      {data.invitations.length > 0 && (
        <Panel title="Convites">
          <Invitations {...data} />
        </Panel>
      )}
      <Panel title="Equipes">
        <Teams {...data} />
      </Panel>
      {data.past.length > 0 && (
        <Panel title="Quem saiu">
          <ul aria-label="Quem saiu" className={classes.rows}>
            {data.past.map((gone) => (
              <li key={gone.membership_id} className={classes.row}>
                <span className={classes.who}>
                  {gone.name} <span className={classes.note}>{gone.email}</span>
                </span>
                <span className={classes.note}>
                  {roleNames[gone.role]} até {moment(gone.ended_at)}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
