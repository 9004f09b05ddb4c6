import { silentLogger } from '@nightcrier/core/logger';
import { ClusterSight, type ClusterSightOptions } from '../src/sight/cluster-sight.ts';

/** What is known about the sight of a cluster, for code that reports to it. */
export function newSight(overrides: Partial<ClusterSightOptions> = {}): ClusterSight {
  return new ClusterSight({
    logger: silentLogger,
    now: Date.now,
    steadyNow: () => performance.now(),
    onChange: () => undefined,
    onPermissionsChanged: () => undefined,
    ...overrides,
  });
}
