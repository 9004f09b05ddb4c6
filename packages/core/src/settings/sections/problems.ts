import { integer, seconds, secretUrl, withSecretFiles } from '../config-fields.ts';

const admission = { used_by: ['ingester', 'api', 'triage-worker'], live: true } as const;
const detection = { used_by: ['ingester'], live: true } as const;

/** When a problem counts as another one, and when it is investigated again. */
export const problems = withSecretFiles({
  reopen_window: seconds(0, 604_800)
    .default(3_600)
    .meta({
      description: 'A fault of a problem that recovered within this time reopens it. Afterwards the problem is closed.',
      ...admission,
    }),
  recovery_after: seconds(1, 86_400)
    .default(120)
    .meta({
      description:
        'A symptom has recovered when it was absent, or its object gone, for this long. The failed run of a CronJob recovers with a later run that succeeds. A change renews the connections.',
      ...detection,
    }),
  crash_recovery_after: seconds(1, 86_400)
    .default(600)
    .meta({
      description:
        'In place of recovery_after, for containers that crash: they run between two crashes. A change renews the connections.',
      ...detection,
    }),
  recovery_interval: seconds(1, 3_600)
    .default(60)
    .meta({
      description:
        'How often the objects of firing problems are read where no watch or poll shows them, at most 1,000 of a cluster. A change renews the connections.',
      ...detection,
    }),
  reinvestigate_after: seconds(0, 2_592_000)
    .default(21_600)
    .meta({
      description:
        'A fault of an open problem is investigated again when the latest investigation is older. Before that, only a higher severity or another cause is.',
      ...admission,
    }),
  storm_threshold: integer(0, 10_000)
    .default(10)
    .meta({
      description:
        'When more new problems of one cluster that share a node, image, dependency (registry, ConfigMap, quota …) or namespace begin within a minute, the first is investigated for all; then those that it does not explain are. 0: never.',
      unit: 'problems',
      ...admission,
    }),
  blind_after: seconds(10, 86_400)
    .default(300)
    .meta({
      description: 'A cluster that has not been watched for this long is a problem with the component cluster.',
      used_by: ['ingester', 'triage-worker'],
      live: true,
    }),
  heartbeat_url: secretUrl()
    .optional()
    .meta({
      description:
        "Address that a triage worker calls (GET) every minute while ingesters and workers are at work, so that a dead man's switch outside notices when they are not.",
      example: 'https://hc.example.com/ping/4b1f',
      used_by: ['triage-worker'],
      live: true,
    }),
});
