import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

/** Messages of FailedMount and FailedAttachVolume, most specific first. */
const MESSAGES: readonly {
  pattern: RegExp;
  cause: Cause;
  words: (match: RegExpExecArray) => string;
  field?: (match: RegExpExecArray) => string;
}[] = [
  {
    pattern: /Multi-Attach error for volume "([^"]+)"/,
    cause: 'volume_multi_attach',
    words: ([, volume]) => `volume ${volume} is attached to another node`,
  },
  {
    pattern: /(?:references non-existent (?:config|secret) key|non-existent key): ?(\S+)/,
    cause: 'config_map_key_missing',
    words: ([, key]) => `the key ${key} does not exist`,
    field: ([, key]) => `[${key}]`,
  },
  {
    pattern: /secrets? "([^"]+)" not found/,
    cause: 'secret_missing',
    words: ([, name]) => `Secret ${name} does not exist`,
    field: ([, name]) => `Secret/${name}`,
  },
  {
    pattern: /configmaps? "([^"]+)" not found/,
    cause: 'config_map_missing',
    words: ([, name]) => `ConfigMap ${name} does not exist`,
    field: ([, name]) => `ConfigMap/${name}`,
  },
  {
    pattern: /persistentvolumeclaims? "([^"]+)" not found/,
    cause: 'pvc_not_found',
    words: ([, name]) => `PersistentVolumeClaim ${name} does not exist`,
    field: ([, name]) => `PersistentVolumeClaim/${name}`,
  },
  {
    pattern: /(?:driver name |contain driver )(\S{1,200}?)(?: not found|$)/,
    cause: 'csi_driver_missing',
    words: ([, driver]) => `the CSI driver ${driver} is not registered on the node`,
  },
  {
    pattern: /secrets store objects|secretproviderclass/i,
    cause: 'secret_provider_failed',
    words: () => 'the Secrets Store driver cannot fetch its secrets',
    field: () => 'spec.volumes',
  },
  {
    pattern: /Could not attach volume|external-attacher|AttachVolume\.Attach failed[^\n]{0,200}: ([^\n]{1,160})/,
    cause: 'volume_attach_failed',
    words: ([, detail]) => `its volume cannot be attached to the node${detail ? `: ${detail}` : ''}`,
  },
  { pattern: /no space left on device/, cause: 'disk_full', words: () => 'the disk is full' },
  {
    pattern:
      /access denied by server[^\n]{0,200}|mount\.nfs4?: [^\n]{1,200}|mount error[^\n]{1,200}|hostPath type check failed: [^\n]{1,200}|path "[^"]{1,200}" does not exist|wrong fs type[^\n]{0,120}|bad option[^\n]{0,120}|[Cc]onnection timed out|[Nn]o such file or directory|[Pp]ermission denied/,
    cause: 'volume_mount_failed',
    words: ([text]) => text,
  },
];

/** Passing trouble of the first seconds: caches that are not filled yet. */
const PASSING = /failed to sync (configmap|secret) cache|object "[^"]*" not registered|failed to fetch token/;

/** A volume that cannot be attached or mounted: a container waits for it. */
export const mountFailed: PodRule = ({ pod, events, workload, namespace, name }) => {
  const waits = pod.status?.phase === 'Pending' && pod.spec?.nodeName !== undefined;
  if (!waits) return undefined;
  const failed = events.filter(
    ({ reason, message }) =>
      /^(FailedMount|FailedAttachVolume|FailedMapVolume)$/.test(reason) && !PASSING.test(message),
  );
  if (failed.length === 0) return undefined;
  const found = failed.flatMap(({ message }) =>
    MESSAGES.flatMap((it) => {
      const match = it.pattern.exec(message);
      return match ? [{ ...it, match, message }] : [];
    }),
  )[0];
  const message = found?.message ?? failed[0]?.message ?? '';
  const isOurs =
    found &&
    !['volume_mount_failed', 'volume_multi_attach', 'volume_attach_failed', 'csi_driver_missing', 'disk_full'].includes(
      found.cause,
    );
  const field = found?.field?.(found.match);
  const cause =
    found?.cause === 'config_map_key_missing' && /secret key/.test(message)
      ? 'secret_key_missing'
      : (found?.cause ?? 'volume_mount_failed');
  const words = found?.words(found.match) ?? 'a volume cannot be mounted';
  return hypothesis({
    cause,
    culprit: culpritOf(workload, undefined, field ?? 'spec.volumes'),
    confidence: isOurs ? 94 : found ? 90 : 74,
    title: `${plain(workload.name)} cannot start: ${plain(words)}`,
    statement: `The pod ${code(name)} waits for a volume: ${code(words)}. ${failed[0]?.reason === 'FailedAttachVolume' ? 'The attach-detach controller' : 'The kubelet'} says: ${code(message, 500)}.`,
    evidence: quoteEvents(failed, 3),
    actions: [`See what the volumes of the pod refer to: ${show`kubectl describe pod -n ${namespace} ${name}`}`],
  });
};
