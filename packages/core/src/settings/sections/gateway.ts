import { Budgets } from '../../gateway/budgets.ts';
import { choice, filePath, flag, json, text, wordList } from '../config-fields.ts';

const access = { used_by: ['triage-worker', 'gateway'], live: true } as const;
const door = { used_by: ['gateway'], live: true } as const;

/** What agents reach, and through what. */
export const gateway = {
  kube_access: choice(['gateway', 'direct'])
    .default('gateway')
    .meta({
      description:
        "How agents reach their cluster. gateway: through a gateway, which only reads, with a token of the run. direct: with the cluster's kubeconfig.",
      ...access,
    }),
  llm_access: choice(['gateway', 'direct'])
    .default('gateway')
    .meta({
      description:
        'How agents reach the model. gateway: through a gateway, which adds the key, counts and bounds the cost. direct: with the key itself.',
      ...access,
    }),
  llm_redaction: flag()
    .default(true)
    .meta({ description: 'Redact secrets in what agents send to the model. Needs llm_access: gateway.', ...door }),
  llm_models: wordList()
    .default([])
    .meta({
      description:
        'Models that agents may use beside agent_model; a * at the end stands for any end. Needs llm_access: gateway.',
      ...door,
    }),
  llm_budgets: json(Budgets, { type: 'object' })
    .default({})
    .meta({
      description:
        'Limits of tokens and of USD (by agent_prices), for each incident, each cluster in a day (UTC), and all in a day: {"incident": {"tokens": 2000000, "usd": 2}, "cluster_per_day": {"usd": 20}, "per_day": {"usd": 100}}. Needs llm_access: gateway.',
      used_by: ['gateway', 'api'],
      live: true,
    }),
  gateway_socket_dir: filePath('any')
    .optional()
    .meta({
      description:
        'Directory of the sockets that agent containers mount. Gateways and workers of a machine share it. Default: a directory in the system directory for temporary files.',
      example: '/run/nightcrier-gateway',
      used_by: ['triage-worker', 'gateway'],
    }),
  gateway_socket_volume: text()
    .optional()
    .meta({
      description:
        'Volume that holds gateway_socket_dir, for agents whose container engine does not see the directory: where gateways run in containers.',
      example: 'nightcrier-gateway-sockets',
      used_by: ['triage-worker'],
    }),
};
