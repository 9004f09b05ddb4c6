import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Culprit } from '@nightcrier/core/diagnosis/diagnosis';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

/** Messages of FailedCreatePodSandBox: the runtime of the node, its network plug-in, its addresses. */
const MESSAGES: readonly { pattern: RegExp; cause: Cause; words: string }[] = [
  {
    pattern: /failed to get sandbox image|failed pulling image .{0,100}pause/,
    cause: 'sandbox_image_failed',
    words: 'the sandbox (pause) image cannot be pulled',
  },
  { pattern: /no space left on device/, cause: 'disk_full', words: 'its disk is full' },
  {
    pattern: /resource temporarily unavailable|cannot allocate memory/,
    cause: 'process_limit',
    words: 'it can start no more processes',
  },
  {
    pattern: /(containerd|crio|docker|cri-dockerd)\.sock: connect|runtime is down|runtime not ready: RuntimeReady/,
    cause: 'container_runtime_down',
    words: 'the container runtime does not answer',
  },
  {
    pattern:
      /no IP addresses available|failed to assign an IP|failed to allocate for range|no available IP|IP pool .{0,60}exhausted|InsufficientFreeAddresses|no more IP/i,
    cause: 'pod_ips_exhausted',
    words: 'no address is left for the pod',
  },
  {
    pattern: /cni plugin not initialized|cni config uninitialized|NetworkPluginNotReady/,
    cause: 'node_network_unavailable',
    words: 'the network plug-in is not initialized',
  },
  {
    pattern:
      /plugin type="?([\w-]+)"?|networkPlugin cni|failed to set ?up (pod )?network|failed to setup network for sandbox|failed to find plugin/,
    cause: 'cni_failed',
    words: 'the network plug-in fails',
  },
  {
    pattern: /no runtime for "([^"]+)" is configured|RuntimeHandler "[^"]{1,100}" not supported/,
    cause: 'runtime_class_missing',
    words: 'the RuntimeClass is not known to the node',
  },
];

/** The kubelet cannot create the sandbox of the pod, so no container of it starts. */
export const sandboxFailed: PodRule = ({ pod, events, workload }) => {
  if (pod.status?.phase !== 'Pending') return undefined;
  const failed = events.filter(({ reason }) => /^(FailedCreatePodSandBox|NetworkNotReady)$/.test(reason));
  if (failed.length === 0) return undefined;
  const found = failed.flatMap(({ message }) => MESSAGES.filter(({ pattern }) => pattern.test(message)))[0];
  const node = pod.spec?.nodeName;
  const isNode = found && found.cause !== 'runtime_class_missing';
  const culprit: Culprit = isNode && node !== undefined ? { kind: 'Node', name: node } : culpritOf(workload);
  const message = failed[0]?.message ?? '';
  return hypothesis({
    cause: found?.cause ?? 'cni_failed',
    culprit,
    confidence: found ? 90 : 62,
    title: `Node ${plain(node ?? '')}: ${plain(found?.words ?? 'no sandbox for the pod')}`,
    statement: `The node ${code(node ?? '')} cannot create the sandbox of the pod${found ? `: ${found.words}` : ''}. The kubelet says: ${code(message, 500)}.`,
    evidence: quoteEvents(failed, 3),
    actions: [
      `See which other pods of the node are affected: ${show`kubectl get pods -A -o wide --field-selector ${`spec.nodeName=${node ?? ''}`}`}`,
    ],
  });
};
