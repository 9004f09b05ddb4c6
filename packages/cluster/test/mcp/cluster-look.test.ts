import { silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { expect, it, onTestFinished } from 'vitest';
import { ClusterLook } from '../../src/backfill/snapshot.ts';
import { missedFaults } from '../../src/backfill/missed-faults.ts';
import { McpSession } from '../../src/mcp/session/session.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';

const LISTINGS = 5;

async function prepare() {
  const cluster = await startSimulatedCluster({ name: 'alpha' });
  onTestFinished(() => cluster.stop());
  const options = {
    clusterName: cluster.name,
    endpoint: cluster.mcpEndpoint,
    access: {},
    dispatcher: createMcpTransport(),
    timeouts: { connect: 2_000, call: 2_000, close: 2_000 },
    logger: silentLogger,
    onNotification: () => undefined,
    onMalformed: () => undefined,
    onLost: () => undefined,
  };
  const session = await McpSession.open(options, new AbortController().signal);
  onTestFinished(() => session.close());
  return { cluster, session };
}

it.each(
  ['oom-killed', 'crash-loop-back-off', 'image-pull-back-off', 'node-not-ready'].flatMap((scenario) =>
    Array.from({ length: LISTINGS + 1 }, (_, listings) => ({ scenario, listings })),
  ),
)('finds no other fault than the one the server reports: $scenario after $listings listings', async (when) => {
  const { cluster, session } = await prepare();
  let told: string | undefined;
  let listings = 0;
  const breakIfDue = async (): Promise<void> => {
    if (listings === when.listings) told = (await cluster.run(when.scenario)).fault?.faultId;
    listings += 1;
  };
  await breakIfDue();
  const look = new ClusterLook(cluster.mcpEndpoint, silentLogger);
  const { snapshot } = await look.take({
    async call(...request) {
      const answer = await session.call(...request);
      await breakIfDue();
      return answer;
    },
  });
  expect(listings).toBe(LISTINGS + 1);

  const since = snapshot.takenAt.getTime() - 60_000;
  const found = missedFaults(snapshot, { clusterName: 'alpha', since, mode: 'faults' });
  expect(found.map(({ fault }) => fault.faultId)).toEqual(found.length > 0 || when.listings === 0 ? [told] : []);
});
