import { IconBrandWhatsapp, IconDeviceMobile, IconPhone } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Phone } from "@/lib/client-shapes";
import { phone as formatPhone } from "@/lib/format";
import classes from "@/ui/phone-list.module.css";
import { Tag } from "@/ui/tag";

interface PhoneListProps {
  phones: Phone[];
  /** What may be done with a number: a call, beside it. */
  action?: ((phone: Phone, index: number) => ReactNode) | undefined;
}

export function PhoneList({ phones, action }: PhoneListProps): ReactNode {
  if (phones.length === 0) return <p className={classes.none}>Nenhum telefone na carteira.</p>;
  return (
    <ul className={classes.list}>
      {phones.map((each, index) => {
        const { id, phone, kind, has_whatsapp } = each;
        return (
          <li key={id}>
            {kind === "mobile" ? (
              <IconDeviceMobile size={16} stroke={1.6} aria-label="Celular" />
            ) : (
              <IconPhone size={16} stroke={1.6} aria-label="Fixo" />
            )}
            <a href={`tel:${phone}`} className="num">
              {formatPhone(phone)}
            </a>
            {has_whatsapp === true && (
              <Tag tone="good">
                <IconBrandWhatsapp size={13} aria-hidden /> WhatsApp
              </Tag>
            )}
            {has_whatsapp === false && <Tag>sem WhatsApp</Tag>}
            {action && <span className={classes.actions}>{action(each, index)}</span>}
          </li>
        );
      })}
    </ul>
  );
}
