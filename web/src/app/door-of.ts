/** The door behind which the path lies: of /acordos and /acordos/pagamentos the nearer one. */
export function doorOf<Door extends { href: string }>(path: string, shown: readonly Door[]): Door | undefined {
  return shown
    .filter(({ href }) => path === href || path.startsWith(`${href}/`))
    .reduce<Door | undefined>((near, door) => (near && near.href.length > door.href.length ? near : door), undefined);
}
