import { z } from 'zod';
import { AlertLabelSettings } from '../../alerts/alert-labels.ts';
import { flag, integer, json, seconds, secret, text, withSecretFiles } from '../config-fields.ts';
import { shortKeyProblem } from './processes.ts';

const ingester = { used_by: ['ingester'] } as const;

/** Where ingesters receive alerts of Prometheus and Alertmanager. */
export const alerts = withSecretFiles({
  port: integer(0, 65_535)
    .optional()
    .meta({
      description:
        'Port on which each ingester receives alerts: of Prometheus, as if it were an Alertmanager (POST /api/v2/alerts), and of the webhook receiver of Alertmanager (POST /webhook). Unset: none. 0: any free port.',
      example: '9099',
      ...ingester,
    }),
  host: text()
    .default('127.0.0.1')
    .meta({ description: 'Address that alerts are received on.', ...ingester }),
  access_key: secret(shortKeyProblem)
    .optional()
    .meta({
      description:
        'Key that senders of alerts send as a Bearer token, at least 16 characters. This or a password is required when alerts.host is not a loopback address.',
      needs: 'alerts.port',
      example: '/run/secrets/alerts',
      live: true,
      ...ingester,
    }),
  username: text()
    .optional()
    .meta({
      description: 'User name of senders that use basic authentication.',
      needs: 'alerts.password',
      example: 'alertmanager',
      live: true,
      ...ingester,
    }),
  password: secret(shortKeyProblem)
    .optional()
    .meta({
      description: 'Password of senders that use basic authentication, at least 16 characters.',
      needs: 'alerts.username',
      example: '/run/secrets/alerts-password',
      live: true,
      ...ingester,
    }),
  allow_anonymous: flag()
    .default(false)
    .meta({ description: 'Receive alerts without authentication beyond loopback.', ...ingester }),
  max_body_bytes: integer(10_000, 100_000_000)
    .default(5_000_000)
    .meta({ description: 'Largest request of a sender of alerts.', unit: 'bytes', ...ingester }),
  cluster_names: json(z.record(z.string(), z.string()), { type: 'object' })
    .default({})
    .meta({
      description:
        'What the cluster label of alerts calls a cluster, to its name here, where the two differ: {"prod-eu": "westeu-cluster1"}.',
      live: true,
      ...ingester,
    }),
  labels: json(AlertLabelSettings, { type: 'object' })
    .default({})
    .meta({
      description:
        'Labels that name what an alert is about, in place of the defaults, which fit kube-prometheus-stack: {"cluster": "env", "service": ["app", "service"]}. Keys: cluster, namespace, deployment, statefulset, daemonset, cronjob, job, horizontalpodautoscaler, persistentvolumeclaim, resourcequota, replicaset, workload, pod, node, service, container, severity.',
      live: true,
      ...ingester,
    }),
  resolve_timeout: seconds(60, 604_800)
    .default(86_400)
    .meta({
      description:
        'Time after which an alert of a webhook that is not sent again counts as resolved. Longer than repeat_interval of Alertmanager.',
      live: true,
      ...ingester,
    }),
});
