/** A quantity with twice the number and the same unit, for a first attempt; undefined for what is none. */
export function doubled(quantity: string): string | undefined {
  const [, digits, unit = ''] = /^(\d{1,12})(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/.exec(quantity) ?? [];
  return digits === undefined ? undefined : `${String(2 * Number(digits))}${unit}`;
}
