import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

/** Reasons with which a kubelet refuses a pod that was placed on its node (pkg/kubelet/lifecycle). */
const REASONS =
  /^(UnexpectedAdmissionError|SysctlForbidden|NodeAffinity|OutOf\w+|AppArmor|TopologyAffinityError|NodePorts|PodOSNotSupported|InvalidNodeInfo|UnsupportedPodLevelResources)$/;

/** The kubelet refuses the pod. */
export const rejectedByNode: PodRule = ({ pod, workload, events, namespace, name }) => {
  const { reason = '', message = '' } = pod.status ?? {};
  if (!REASONS.test(reason)) return undefined;
  const node = pod.spec?.nodeName ?? 'the node';
  const device = /(?:devices?|resource)s? ([\w.-]+\/[\w.-]+)/.exec(message)?.[1];
  const sysctl = /forbidden sysctl: "?([\w./-]+)/.exec(message)?.[1];
  const subject = device ? `device ${device} is not usable` : sysctl ? `sysctl ${sysctl} is forbidden` : reason;
  return hypothesis({
    cause: 'node_rejected_pod',
    culprit: culpritOf(workload, undefined, sysctl ? 'spec.securityContext.sysctls' : undefined),
    confidence: 90,
    title: `Node ${plain(node)} refuses the pod ${plain(name)}: ${plain(subject)}`,
    statement: `The kubelet of ${code(node)} refuses the pod with ${code(reason)}: ${code(message, 400)}.`,
    evidence: [
      quoteField(pod, 'status', { reason, message }),
      ...quoteEvents(
        events.filter((event) => event.reason === reason),
        2,
      ),
    ],
    actions: [
      device
        ? `Check the device plug-in and what the node offers: ${show`kubectl describe node ${node}`}`
        : sysctl
          ? `Allow the sysctl on the node (\`allowedUnsafeSysctls\` of the kubelet), or remove it from the pod`
          : `Compare the pod with the node: ${show`kubectl describe node ${node}`}`,
      `Replace the failed pod when that is done: ${show`kubectl delete pod -n ${namespace} ${name}`}`,
    ],
  });
};
