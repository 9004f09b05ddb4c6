import { z } from 'zod';
import { MaintenanceWindow } from '../../silences/maintenance-window.ts';
import { json } from '../config-fields.ts';

/** What is not to be investigated and notified at certain times. */
export const silences = {
  maintenance_windows: json(z.array(MaintenanceWindow).max(500), { type: 'array' })
    .default([])
    .meta({
      description:
        'Recurring times in which problems are counted and listed, and neither investigated nor notified: a list of {name, matchers, cron, time_zone, duration, investigate}. `matchers` as in Alertmanager, over cluster, environment, the labels of the cluster, namespace, workload, node, fault_type, severity, component; `cron` has five fields; `time_zone` is a name such as Europe/Berlin (default: UTC); `investigate: true` only keeps the notifications back.',
      example:
        '[{"name": "weekly update", "matchers": "environment=\\"staging\\"", "cron": "0 2 * * 0", "time_zone": "Europe/Berlin", "duration": "2h"}]',
      used_by: ['ingester', 'triage-worker'],
      live: true,
    }),
};
