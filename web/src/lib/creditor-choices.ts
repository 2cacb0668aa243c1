export interface PickedCreditor {
  id: string;
  name: string;
  is_active: boolean;
}

/** What a picker offers: the active ones, and an inactive one only where it was chosen before. */
export function creditorChoices(
  creditors: readonly PickedCreditor[] | undefined,
  chosen: readonly (string | null | undefined)[] = [],
): { value: string; label: string }[] {
  return (creditors ?? [])
    .filter(({ id, is_active }) => is_active || chosen.includes(id))
    .map(({ id, name, is_active }) => ({ value: id, label: is_active ? name : `${name} (inativo)` }));
}
