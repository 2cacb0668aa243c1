/** Millionths of a currency → "R$ 0,0420"; a message costs less than a cent. */
export function priceText({
  currency,
  price_micros,
  is_own,
}: {
  currency: string;
  price_micros: number;
  is_own: boolean;
}): string {
  if (price_micros === 0) return "sem custo";
  const amount = new Intl.NumberFormat("pt-BR", {
    style: "currency",
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: 4,
  }).format(price_micros / 1_000_000);
  // Published prices stand in until an agency writes down its own.
  return is_own ? amount : `cerca de ${amount}`;
}
