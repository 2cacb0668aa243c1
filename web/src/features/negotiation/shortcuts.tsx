import type { ReactNode } from "react";
import { money, percent } from "@/lib/format";
import classes from "./negotiation.module.css";
import { type Proposal, withBest, withTemplate } from "./proposal";
import type { BestOffer, Offer } from "./queries";

interface ShortcutsProps {
  offer: Offer;
  best: BestOffer | null;
  proposal: Proposal;
  onChange: (next: Proposal) => void;
}

/** The best that may be given now, and the agency's ready offers. */
export function Shortcuts({ offer, best, proposal, onChange }: ShortcutsProps): ReactNode {
  // What does not fit the age of these titles is no offer; one already taken stays in sight.
  const templates = offer.templates.filter(({ id, is_applicable }) => is_applicable || id === proposal.template_id);
  return (
    <div className={classes.cards}>
      {best && (
        <button type="button" className={classes.card} data-best onClick={() => onChange(withBest(proposal, best))}>
          <span>O melhor que você pode dar agora</span>
          <strong className="num">{money(best.total_cents)}</strong>
          <span>
            {percent(best.discount_percent)} de desconto{best.name && `, modelo ${best.name}`}
          </span>
        </button>
      )}
      {templates.map((template) => (
        <button
          key={template.id}
          type="button"
          className={classes.card}
          aria-pressed={proposal.template_id === template.id}
          onClick={() => onChange(withTemplate(proposal, template))}
        >
          <span>Modelo</span>
          <strong>{template.name}</strong>
          <span>
            {template.max_installments > 1 ? `até ${template.max_installments} parcelas` : "à vista"}
            {template.min_down_payment_percent > 0 && `, entrada de ${percent(template.min_down_payment_percent)}`}
          </span>
        </button>
      ))}
    </div>
  );
}
