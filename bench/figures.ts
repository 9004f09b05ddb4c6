/** Returns a figure with two decimals. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Returns the value that a part of the values is below.
 * @param part 0.5 for the median, 0.99 for the 99th percentile
 * @returns 0 where there are no values
 */
export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * part)] ?? 0;
}
