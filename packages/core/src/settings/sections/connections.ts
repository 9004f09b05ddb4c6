import { SeverityThreshold } from '../../faults/severity.ts';
import { choice, decimal, seconds } from '../config-fields.ts';

const ingester = { used_by: ['ingester'], live: true } as const;

/** How clusters are watched. A change renews the connections. */
export const connections = {
  subscribe_mode: choice(['both', 'faults', 'events', 'poll'])
    .default('both')
    .meta({
      description:
        'Subscription: both (what the MCP server reports as faults, and Warning Events, each confirmed by reading its object), faults alone, events alone, or poll (for servers without events_subscribe; also chosen automatically for them).',
      env: ['SUBSCRIBE_MODE'],
      ...ingester,
    }),
  poll_interval: seconds(1, 3600)
    .default(30)
    .meta({
      description:
        'Shortest interval between two snapshots of a polled cluster; it grows so that snapshots take at most a tenth of the time.',
      ...ingester,
    }),
  severity_threshold: SeverityThreshold.meta({
    value: 'debug|info|warning|error|critical',
    schema: { enum: ['debug', 'info', 'warning', 'error', 'critical'] },
  })
    .default('warning')
    .meta({
      description: 'Lowest severity that is investigated. Clusters report info, warning and critical.',
      env: ['SEVERITY_THRESHOLD'],
      ...ingester,
    }),
  resync_interval: seconds(0, 86_400)
    .default(900)
    .meta({
      description:
        'Interval between two resyncs, which find faults that the subscription missed. 0: resync only after a connection loss.',
      ...ingester,
    }),
  sse_read_timeout: seconds(1, 3600)
    .default(75)
    .meta({
      description: 'Time after which a connection that delivers nothing, not even a ping, counts as lost.',
      env: ['SSE_READ_TIMEOUT_SECONDS', 'SSE_READ_TIMEOUT'],
      ...ingester,
    }),
  sse_reconnect_initial_backoff: seconds(0.1, 600)
    .default(1)
    .meta({ description: 'Delay before the first reconnect.', env: ['SSE_RECONNECT_INITIAL_BACKOFF'], ...ingester }),
  sse_reconnect_max_backoff: seconds(0.1, 3600)
    .default(60)
    .meta({ description: 'Maximum delay between two reconnects.', env: ['SSE_RECONNECT_MAX_BACKOFF'], ...ingester }),
  sse_reconnect_multiplier: decimal(1, 10)
    .default(2)
    .meta({ description: 'Factor by which the delay grows with each reconnect.', ...ingester }),
  sse_reconnect_jitter: decimal(0, 0.9)
    .default(0.1)
    .meta({ description: 'Fraction of the delay that is random.', ...ingester }),
  cluster_lease: seconds(1, 300)
    .default(6)
    .meta({
      description:
        'Duration of a cluster lease. Other ingesters take over the clusters of one that is silent for as long.',
      used_by: ['ingester'],
    }),
};
