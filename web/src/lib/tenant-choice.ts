/** The tenant a person with several memberships works for now: per browser tab, remembered for the next tab. */
const storageKey = "cobranca.tenant";

export function selectedTenant(): string | null {
  return sessionStorage.getItem(storageKey) ?? localStorage.getItem(storageKey);
}

export function selectTenant(tenantId: string | null): void {
  if (tenantId === null) {
    sessionStorage.removeItem(storageKey);
    localStorage.removeItem(storageKey);
    return;
  }
  sessionStorage.setItem(storageKey, tenantId);
  localStorage.setItem(storageKey, tenantId);
}
