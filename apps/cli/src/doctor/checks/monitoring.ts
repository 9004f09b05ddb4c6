import type { MonitoringConfig } from '@nightcrier/core/clusters/cluster-config';
import type { Config } from '@nightcrier/core/settings/config';
import { MonitoringClient, MonitoringError } from '@nightcrier/triage-worker/evidence/collect/monitoring-client';
import type { Check, Examination } from '../check.ts';
import { failed, type Finding, ok, reasonOf, skipped } from '../finding.ts';

/** What is asked: the cheapest request that needs the same rights as a query. */
const REQUESTS = {
  prometheus_url: { path: '/api/v1/query', query: [['query', 'vector(1)']] },
  alertmanager_url: { path: '/api/v2/alerts', query: [['active', 'false']] },
} as const;

/** Each Prometheus and Alertmanager that investigations read, with the credentials that they use. */
export const monitoring: Check = {
  name: 'monitoring',
  examine: ({ config }) => {
    const found = sections(config).flatMap(({ of, access }) =>
      (['prometheus_url', 'alertmanager_url'] as const).flatMap((setting): Examination[] => {
        const url = access[setting];
        if (url === undefined) return [];
        const subject = `${of}${setting}`;
        return [{ subject, run: async (signal) => [await inspect(subject, { setting, url, access }, signal)] }];
      }),
    );
    if (found.length > 0) return found;
    const message = 'not used; investigations read the Kubernetes API alone';
    return [{ subject: 'none', run: async () => [skipped('none', message)] }];
  },
};

/** The section of all clusters, and those of clusters that have their own. */
function sections({ monitoring: shared, clusters }: Config): { of: string; access: MonitoringConfig }[] {
  const own = clusters.flatMap(({ name, monitoring: access }) => (access ? [{ of: `${name}: `, access }] : []));
  return [{ of: '', access: shared }, ...own];
}

async function inspect(
  subject: string,
  { setting, url, access }: { setting: keyof typeof REQUESTS; url: string; access: MonitoringConfig },
  signal: AbortSignal,
): Promise<Finding> {
  const { path, query } = REQUESTS[setting];
  await using client = new MonitoringClient({ access, timeout: access.query_timeout * 1000, signal });
  try {
    await client.getJson(url, path, query);
    return ok(subject, `${url} answers`);
  } catch (error) {
    return failed(subject, reasonOf(error), fixOf(setting, error));
  }
}

function fixOf(setting: string, error: unknown): string {
  const code = error instanceof MonitoringError ? error.code : undefined;
  switch (code) {
    case 'credentials':
      return 'set monitoring.bearer_token_file, or monitoring.username and monitoring.password_file, to credentials that may read';
    case 'timeout':
      return 'raise monitoring.query_timeout, or relieve the server';
    case 'http':
      return `correct monitoring.${setting}: the address, with its path prefix, of the server itself`;
    case 'unreachable':
      return `let this machine reach it, set monitoring.ca_file if its certificate is private, or correct monitoring.${setting}`;
    default:
      return `correct the section monitoring; the files that it names must be readable`;
  }
}
