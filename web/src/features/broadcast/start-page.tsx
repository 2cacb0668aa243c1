import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState } from "@/ui/states";
import classes from "./broadcast.module.css";
import compose from "./compose.module.css";
import { keepDraft } from "./draft";
import { useSegments } from "./queries";

/** A bulk send begins with people: those of a saved segment, or whoever is ticked in the carteira. */
export function StartPage(): ReactNode {
  useDocumentTitle("Novo disparo");
  const [, navigate] = useLocation();
  const maySend = useHasRole("supervisor");
  const { data: segments } = useSegments();
  if (!maySend)
    return (
      <EmptyState title="Disparos são da supervisão">
        Você acompanha os que existem em <Link href="/disparos">Disparos</Link>.
      </EmptyState>
    );
  return (
    <div className={classes.page}>
      <h1>Novo disparo de WhatsApp</h1>
      <EmptyState
        title="Para quem?"
        action={
          <Button component={Link} href="/carteira">
            Escolher na carteira
          </Button>
        }
      >
        Filtre a carteira, marque as pessoas (ou todas as que correspondem, menos algumas) e toque em WhatsApp.
      </EmptyState>
      {segments && segments.length > 0 && (
        <Panel title="Ou comece por um segmento salvo">
          <ul className={`${classes.inside} ${compose.segments}`}>
            {segments.map(({ id, name, filter }) => (
              <li key={id}>
                <Button
                  variant="default"
                  onClick={() => navigate(`/disparos/novo/${keepDraft({ filter, except: [] })}`)}
                >
                  {name}
                </Button>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}
