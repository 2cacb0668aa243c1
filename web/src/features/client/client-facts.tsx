import type { ReactNode } from "react";
import { Panel } from "@/ui/panel";
import classes from "./client-page.module.css";
import type { Address, ClientProfile } from "./queries";

/** What the files brought beside debts and phones. */
export function ClientFacts({ profile }: { profile: ClientProfile }): ReactNode {
  const extra = Object.entries(profile.client.extra ?? {});
  return (
    <>
      {profile.addresses.length > 0 && (
        <Panel title="Endereços">
          <ul className={classes.inset}>
            {profile.addresses.map((address) => (
              <li key={address.id}>{addressLine(address)}</li>
            ))}
          </ul>
        </Panel>
      )}
      {extra.length > 0 && (
        <Panel title="Dados extras">
          <dl className={`${classes.inset} ${classes.facts}`}>
            {extra.map(([title, value]) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      )}
    </>
  );
}

function addressLine({ street, number, complement, district, city, uf, cep }: Address): string {
  const door = [street, number, complement].filter(Boolean).join(", ");
  const town = [city, uf].filter(Boolean).join("/");
  const code = cep ? `CEP ${cep.slice(0, 5)}-${cep.slice(5)}` : "";
  return [door, district, town, code].filter(Boolean).join(" · ");
}
