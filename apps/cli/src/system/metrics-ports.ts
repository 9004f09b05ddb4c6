import { ExitError } from '@nightcrier/runtime/exit-code';
import type { PartName } from './part.ts';

const LAST_PORT = 65_535;

/**
 * Returns the flags for the metrics of a part that is a process of its own. Each needs a port of its own: the first has `metrics.port`, the
 * others the ports after it. The API serves its metrics itself.
 */
export function metricsFlags(name: PartName, names: readonly PartName[], port: number | undefined): string[] {
  if (name === 'api' || port === undefined) return [];
  return [`--metrics-port=${port === 0 ? 0 : port + servers(names).indexOf(name)}`];
}

/** @throws ExitError when the ports after `metrics.port` are not enough */
export function assertMetricsPorts(names: readonly PartName[], port = 0): void {
  const last = LAST_PORT + 1 - servers(names).length;
  if (port <= last) return;
  throw new ExitError(
    'configuration',
    `metrics.port: with --processes, ${servers(names).join(', ')} use this port and those after it: set it to at most ${last}, got ${port}`,
  );
}

function servers(names: readonly PartName[]): PartName[] {
  return names.filter((name) => name !== 'api');
}
