import { ExitError } from '@nightcrier/runtime/exit-code';

const SECONDS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
]);

/** Returns seconds of a duration such as `30m`, `1d12h`. @throws ExitError usage */
export function parseDuration(text: string): number {
  if (!/^(?:\d+[smhdw])+$/.test(text))
    throw new ExitError('usage', `${JSON.stringify(text)} is no duration; write it like 30m, 4h, 1d12h or 2w`);
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, amount, unit = 's']) => sum + Number(amount) * (SECONDS.get(unit) ?? 1),
    0,
  );
}
