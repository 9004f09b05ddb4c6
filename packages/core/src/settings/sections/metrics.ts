import { integer, text } from '../config-fields.ts';

const own = { used_by: ['ingester', 'triage-worker', 'gateway'] } as const;

/** Where a process serves its own metrics; the API serves them beside those of the installation. */
export const metrics = {
  port: integer(0, 65_535)
    .optional()
    .meta({
      description:
        'Port on which this process serves its own metrics (GET /metrics) and its liveness (GET /healthz). Unset: none. 0: any free port. `up` in one process serves them at the API; with --processes, the ingester has this port, the worker the next, a gateway the one after it.',
      example: '9464',
      ...own,
    }),
  host: text()
    .default('127.0.0.1')
    .meta({
      description:
        'Address that the metrics are served on. They need no key, and hold no names of clusters or workloads.',
      ...own,
    }),
};
