import { IconBrandWhatsapp, IconDeviceMobile, IconPhone } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { phone as formatPhone, plural } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { NoContactButton } from "@/ui/no-contact/no-contact-button";
import { Tag } from "@/ui/tag";
import classes from "./client-page.module.css";
import type { ClientProfile, PhoneHealth } from "./queries";

type PhoneHealthListProps = Pick<ClientProfile, "phones" | "wrong_contact"> & { clientId: string };

export function PhoneHealthList({ clientId, phones, wrong_contact }: PhoneHealthListProps): ReactNode {
  return (
    <div className={classes.inset}>
      {phones.length === 0 && <p className={classes.faint}>Nenhum telefone na carteira.</p>}
      <ul className={classes.phones}>
        {phones.map((phone) => (
          <li key={phone.id}>
            {phone.kind === "mobile" ? (
              <IconDeviceMobile size={16} stroke={1.6} aria-label="Celular" />
            ) : (
              <IconPhone size={16} stroke={1.6} aria-label="Fixo" />
            )}
            <a href={`tel:${phone.phone}`} className="num">
              {formatPhone(phone.phone)}
            </a>
            <Whatsapp phone={phone} />
            {phone.is_wrong && <Tag tone="bad">contato errado</Tag>}
            {phone.opted_out && <Tag tone="bad">pediu para não receber</Tag>}
            <span className={classes.faint}>{healthOf(phone)}</span>
            <NoContactButton clientId={clientId} phone={phone.phone} label="Bloquear" />
          </li>
        ))}
      </ul>
      {wrong_contact && wrong_contact.reports > 0 && (
        <p className={classes.warn}>
          Contato errado informado {plural(wrong_contact.reports, "vez", "vezes")}
          {wrong_contact.last_at && `, a última ${moment(wrong_contact.last_at)}`}.
        </p>
      )}
    </div>
  );
}

function Whatsapp({ phone }: { phone: PhoneHealth }): ReactNode {
  if (phone.has_whatsapp === true)
    return (
      <Tag tone="good">
        <IconBrandWhatsapp size={13} aria-hidden /> WhatsApp
      </Tag>
    );
  if (phone.has_whatsapp === false) return <Tag>sem WhatsApp</Tag>;
  return <Tag title="Nenhuma mensagem foi ou voltou ainda">não se sabe se tem WhatsApp</Tag>;
}

/** The strongest sign of life, and a failure when it is newer. */
function healthOf(phone: PhoneHealth): string {
  const signs: [string | null, string][] = [
    [phone.last_reply_at, "respondeu"],
    [phone.last_read_at, "leu"],
    [phone.last_delivered_at, "recebeu"],
  ];
  const [at, verb] = signs.find(([when]) => when !== null) ?? [null, ""];
  const failure = phone.last_failure;
  const failed =
    failure && (!at || failure.at > at) ? `falhou ${moment(failure.at)}: ${reasonSentence(failure.code)}` : "";
  return [at && `${verb} ${moment(at)}`, failed].filter(Boolean).join(" · ") || "sem resposta ainda";
}
