import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { z } from 'zod';

/** One simulated cluster in a process of its own, which can be stopped and killed. Its orders come over IPC. */
const Order = z.object({
  id: z.number(),
  order: z.enum(['start', 'run', 'dropSubscriptions', 'restart', 'flood']),
  name: z.string().default('alpha'),
  host: z.string().default('127.0.0.1'),
  port: z.number().default(0),
  eventsTools: z.boolean().default(true),
  scenario: z.string().default('oom-killed'),
  count: z.number().default(0),
});

let cluster: SimulatedCluster | undefined;

async function obey(order: z.infer<typeof Order>): Promise<unknown> {
  if (order.order === 'start') {
    const { name, host, port: mcpPort, eventsTools } = order;
    cluster = await startSimulatedCluster({ name, host, mcpPort, eventsTools });
    return { endpoint: cluster.mcpEndpoint, kubeconfig: cluster.kubeconfig() };
  }
  if (!cluster) throw new Error('the cluster is not started');
  return change(cluster, order);
}

async function change(cluster: SimulatedCluster, order: z.infer<typeof Order>): Promise<unknown> {
  switch (order.order) {
    case 'run':
      return (await cluster.run(order.scenario)).fault?.faultId;
    case 'dropSubscriptions':
      cluster.dropMcpSubscriptions();
      return undefined;
    case 'restart':
      await cluster.stopMcp();
      await cluster.startMcp();
      return undefined;
    case 'flood':
      for (let i = 0; i < order.count; i += 1) cluster.emitFault(mildFault(i));
      return undefined;
    default:
      throw new Error(`unknown order ${order.order}`);
  }
}

function mildFault(index: number): object {
  const resource = { apiVersion: 'v1', kind: 'Pod', name: `pod-${index}`, namespace: 'shop', uid: `uid-${index}` };
  return {
    faultId: `flood-${index}`,
    faultType: 'PodCrash',
    severity: 'info',
    resource,
    timestamp: new Date().toISOString(),
  };
}

process.on('message', (message) => {
  const order = Order.parse(message);
  void obey(order).then(
    (result) => process.send?.({ id: order.id, result }),
    (error: unknown) => process.send?.({ id: order.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
