const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
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

/** The number that a Kubernetes quantity stands for (`500m`, `2Gi`, `1e3`); undefined for anything else. */
export function quantityOf(text: string): number | undefined {
  const [, digits, suffix = ''] = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]{0,2})$/.exec(text.trim()) ?? [];
  const factor = SUFFIXES[suffix];
  const value = digits === undefined || factor === undefined ? Number.NaN : Number(digits) * factor;
  return Number.isNaN(value) ? undefined : value;
}
