const FACTORS: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a Kubernetes quantity such as `128Mi`, `250m` or `2e3` stands for; nothing if it is none. */
export function quantity(text: string): number | undefined {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(text.trim());
  const factor = FACTORS[match?.[2] ?? '?'];
  const value = Number(match?.[1]);
  return factor === undefined || Number.isNaN(value) ? undefined : value * factor;
}
