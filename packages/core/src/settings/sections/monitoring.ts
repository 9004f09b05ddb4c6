import { filePath, httpUrl, seconds, secret, text, withSecretFiles } from '../config-fields.ts';

const worker = { used_by: ['triage-worker'], live: true } as const;

/**
 * Where evidence beyond the Kubernetes API is read, for all clusters. An entry of `clusters` can have a section of its own,
 * which replaces this one.
 */
export const monitoring = withSecretFiles({
  prometheus_url: httpUrl()
    .optional()
    .meta({
      description:
        'Prometheus, or what answers its API (Thanos, Mimir), that investigations query for metrics of workload and node.',
      example: 'http://prometheus.monitoring.svc:9090',
      ...worker,
    }),
  alertmanager_url: httpUrl()
    .optional()
    .meta({
      description: 'Alertmanager whose firing alerts investigations read.',
      example: 'http://alertmanager.monitoring.svc:9093',
      ...worker,
    }),
  query_timeout: seconds(0.1, 60)
    .default(5)
    .meta({
      description:
        'Longest time for one request to Prometheus or Alertmanager. What does not answer in time is missing in the evidence.',
      ...worker,
    }),
  cluster_label: text()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: 'must be the name of a label' })
    .optional()
    .meta({
      description:
        'Label that holds the name of the cluster, where metrics and alerts of several clusters are in one place.',
      example: 'cluster',
      ...worker,
    }),
  bearer_token: secret()
    .optional()
    .meta({
      description: 'Token that is sent to Prometheus and Alertmanager as a Bearer token.',
      example: '/run/secrets/monitoring-token',
      ...worker,
    }),
  username: text()
    .optional()
    .meta({
      description: 'User name for basic authentication at Prometheus and Alertmanager.',
      needs: 'monitoring.password',
      example: 'nightcrier',
      ...worker,
    }),
  password: secret()
    .optional()
    .meta({
      description: 'Password for basic authentication at Prometheus and Alertmanager.',
      needs: 'monitoring.username',
      example: '/run/secrets/monitoring-password',
      ...worker,
    }),
  ca_file: filePath('file')
    .optional()
    .meta({
      description: 'PEM file of the authorities that are trusted for these servers, in place of the public ones.',
      example: '/etc/ssl/monitoring-ca.pem',
      ...worker,
    }),
});
