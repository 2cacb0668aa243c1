/** The fields of `said` that are not as they were in `opened`. */
export function differing<Fields extends Record<string, string>>(opened: Fields, said: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(said).filter(([key, value]) => value !== opened[key])) as Partial<Fields>;
}
