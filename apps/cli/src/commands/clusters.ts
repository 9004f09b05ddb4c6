import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { ApiClient } from '../api-client.ts';
import { type ShownTimes, shownTime } from '../lists/duration.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';
import { printRepeatedly } from '../lists/repeat.ts';

const COLUMNS: ListColumn<ClusterHealth>[] = [
  { head: 'cluster', text: ({ name }) => name, least: 10 },
  { head: 'status', text: ({ status }) => status },
  { head: 'mode', text: ({ mode }) => mode ?? '–' },
  { head: 'seen', text: seen },
  { head: 'blind', text: ({ blind_seconds: seconds = 0 }) => `${Math.round(seconds)}s` },
  { head: 'triage', text: ({ triage_enabled: enabled }) => (enabled ? 'yes' : 'no'), wide: true },
  { head: 'owner', text: ({ owner }) => owner ?? '–', wide: true },
  { head: 'trouble', text: troubleOf, least: 12 },
];

/** `nightcrier clusters`. @returns 1 if a cluster is not watched */
export async function listClusters(
  api: ApiClient,
  { watch, ...shown }: { watch: boolean; format: ListFormat; times: ShownTimes },
): Promise<0 | 1> {
  let unhealthy = 0;
  await printRepeatedly(watch, async () => {
    const { clusters, summary } = await api.clusters();
    unhealthy = summary.unhealthy ?? 0;
    printList(clusters, COLUMNS, { ...shown, none: 'no clusters' });
  });
  return unhealthy === 0 ? 0 : 1;
}

function seen({ last_contact: at }: ClusterHealth, times: ShownTimes): string {
  return at === undefined ? 'never' : shownTime(Date.parse(at), times);
}

function troubleOf({ error, degraded, blind_kinds: kinds = [] }: ClusterHealth): string {
  const blind = kinds.map(({ kind }) => kind).join(', ');
  return [error, degraded, blind && `not seen: ${blind}`].filter(Boolean).join('; ') || '–';
}
