import { IconPhoneCheck, IconPhoneOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { phone } from "@/lib/format";
import { channelNames, suppressionReason } from "@/lib/suppressions";
import type { SuppressionItem } from "@/lib/timeline";
import { Entry, iconProps } from "@/ui/timeline/entry";
import classes from "@/ui/timeline/timeline.module.css";

export function SuppressionEntry({ item }: { item: SuppressionItem }): ReactNode {
  const isLifted = item.kind === "suppression_lifted";
  const where = [item.phone && phone(item.phone), item.channel && `só ${channelNames[item.channel]}`];
  return (
    <Entry
      icon={isLifted ? <IconPhoneCheck {...iconProps} /> : <IconPhoneOff {...iconProps} />}
      color={isLifted ? "green" : "red"}
      title={isLifted ? "Contato liberado" : "Não contatar"}
      at={item.at}
    >
      <p>
        {[...where, suppressionReason(item.reason), item.until && `até ${moment(item.until)}`]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {item.actor && <p className={classes.actor}>{item.actor}</p>}
    </Entry>
  );
}
