import { useEffect, useRef } from "react";

/** Pages whose every step is work: leaving one loses what was chosen, not only what was typed. */
const workshops = ["/disparos/novo", "/automacao/nova", "/automacao/regras/", "/configuracoes"];
/** What is typed there is a filter or a search, and stays in the address or costs a word. */
const lists = new Set([
  "/carteira",
  "/agenda",
  "/acordos",
  "/acordos/pagamentos",
  "/conversas",
  "/disparos",
  "/painel",
]);

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

export function isWorkshop(path: string): boolean {
  return workshops.some((place) => path.startsWith(place));
}

function isFilled(field: Field): boolean {
  return field.isConnected && field.value !== "" && !field.closest("[data-kept]");
}

/** Whether the page of this path holds something half done that opening another would throw away. What is kept as a draft
 * (data-kept), and fields that are empty or gone again, hold nobody. */
export function useUnfinished(path: string): () => boolean {
  const filled = useRef(new Set<Field>());
  useEffect(() => {
    const onChange = ({ target }: Event): void => {
      const isField = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (isField && target.closest("main")) filled.current.add(target as Field);
    };
    for (const event of ["input", "change"]) document.addEventListener(event, onChange, true);
    return () => {
      for (const event of ["input", "change"]) document.removeEventListener(event, onChange, true);
    };
  }, []);
  useEffect(() => {
    if (path) filled.current.clear();
  }, [path]);
  return () =>
    document.querySelector('[role="dialog"]') !== null ||
    isWorkshop(path) ||
    (!lists.has(path) && [...filled.current].some(isFilled));
}
