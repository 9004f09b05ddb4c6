import { silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { newSight } from '../sight.fixture.ts';
import { expect, it, onTestFinished } from 'vitest';
import { ClusterScan } from '../../src/backfill/cluster-scan.ts';
import { Detector } from '../../src/detection/detector.ts';
import { WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import { McpSession } from '../../src/mcp/session/session.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';

async function prepare() {
  const cluster = await startSimulatedCluster({ name: 'alpha' });
  onTestFinished(() => cluster.stop());
  const options = {
    clusterName: 'alpha',
    endpoint: cluster.mcpEndpoint,
    access: {},
    dispatcher: createMcpTransport(),
    timeouts: { connect: 30_000, call: 30_000, close: 30_000 },
    logger: silentLogger,
    onNotification: () => undefined,
    onMalformed: () => undefined,
    onLost: () => undefined,
  };
  const session = await McpSession.open(options, new AbortController().signal);
  onTestFinished(() => session.close());
  return { cluster, session };
}

/** The grace periods have passed. */
const now = (): number => Date.now() + 120_000;

/** Before each of some listings, and after the last. */
const MOMENTS = [0, 1, 3, 9, 10, WATCHED_KINDS.length];

it.each(
  ['oom-killed', 'crash-loop-back-off', 'image-pull-back-off', 'node-not-ready'].flatMap((scenario) =>
    MOMENTS.map((listings) => ({ scenario, listings })),
  ),
)(
  'finds no other problem than that of the fault that the server reports: $scenario after $listings listings',
  async (when) => {
    const { cluster, session } = await prepare();
    const found = new Detector('alpha');
    const told = new Detector('alpha');
    let problem: string | undefined;
    let listings = 0;
    const breakIfDue = async (): Promise<void> => {
      if (listings === when.listings) {
        const { fault } = await cluster.run(when.scenario);
        problem = fault && told.assert(fault, now()).problem;
      }
      listings += 1;
    };
    await breakIfDue();
    await new ClusterScan(cluster.mcpEndpoint, silentLogger, newSight(), 30_000).run(
      {
        async callStreamed(...request) {
          const { isEventStream, body } = await session.callStreamed(...request);
          const pieces: Uint8Array[] = [];
          for await (const piece of body) pieces.push(piece);
          await breakIfDue();
          return { isEventStream, body: ReadableStream.from(pieces) };
        },
        deliver: (notification) => session.deliver(notification),
        takes: (tool, parameter) => session.takes(tool, parameter),
      },
      found,
      { now },
    );
    // One more asks whether more than one namespace is listed.
    expect(listings).toBe(WATCHED_KINDS.length + 2);
    // A real Service that came in the middle would be seconds old; the simulator dates its objects back.
    const detected = found.advance(now()).filter(({ symptom }) => symptom.family !== 'endpoints');
    const problems = new Set(detected.map((one) => one.problem));
    expect([...problems]).toEqual(problems.size > 0 || when.listings === 0 ? [problem] : []);
  },
);
