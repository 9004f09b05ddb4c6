import { confidence } from '../diagnosis.ts';
import { quoteContainer, quoteEvents } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** Why a registry gave no image. */
interface PullFailure {
  pattern: RegExp;
  meaning: string;
  advice: string;
}

const WAITING: ReadonlySet<string | undefined> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]);

/** Most specific first. A private registry often says "not found" or "denied" for the same cause, so both name it. */
const FAILURES: readonly PullFailure[] = [
  {
    pattern: /toomanyrequests|rate limit|429 Too Many/i,
    meaning: 'the registry limits how many images may be pulled',
    advice: 'Wait, pull with an account that has a higher limit (imagePullSecrets), or use a mirror.',
  },
  {
    pattern: /no such host|server misbehaving|name resolution|lookup .* on /i,
    meaning: "the registry's name cannot be resolved from the node",
    advice: "Check the registry's name in the image, and the DNS of the node.",
  },
  {
    pattern: /unauthorized|authentication required|401|403 Forbidden|denied|no basic auth credentials/i,
    meaning: 'the registry denies access (or hides that the image does not exist)',
    advice:
      'Check imagePullSecrets of the pod and its service account, and that the credentials may pull this repository.',
  },
  {
    pattern: /manifest unknown|not found|name unknown|does not exist/i,
    meaning: 'the image or its tag does not exist in the registry',
    advice: 'Correct the image name or tag in the workload, or push the image that it names; check the last release.',
  },
  {
    pattern: /no match for platform|no matching manifest/i,
    meaning: "the image is not built for the node's platform",
    advice: "Build the image for the node's architecture, or choose nodes that fit it.",
  },
  {
    pattern: /x509|certificate|tls:/i,
    meaning: "the node does not trust the registry's certificate",
    advice: "Give the node the registry's CA, or renew the certificate.",
  },
  {
    pattern: /i\/o timeout|connection refused|connection reset|deadline exceeded|EOF/i,
    meaning: 'the registry cannot be reached from the node',
    advice: 'Check the network from the node to the registry (proxy, firewall), and the registry itself.',
  },
  {
    pattern: /no space left/i,
    meaning: "the node's disk is full",
    advice: 'Free disk space on the node: unused images and logs.',
  },
  {
    pattern: /InvalidImageName|couldn't parse image|invalid reference format/i,
    meaning: 'the image name is not valid',
    advice: 'Correct the image name in the workload.',
  },
  {
    pattern: /ErrImageNeverPull|not present with pull policy of Never/i,
    meaning: 'the image is not on the node, and the pull policy forbids to fetch it',
    advice: 'Change imagePullPolicy, or load the image onto the node.',
  },
];

/** A container whose image does not come. */
export const imagePull: PodRule = {
  name: 'image-pull',
  applies(podCase) {
    const container = podCase.containers.find(({ status }) => WAITING.has(status.state?.waiting?.reason));
    if (container === undefined) return undefined;
    const { name, namespace } = podCase;
    const waiting = container.status.state?.waiting;
    const image = container.spec.image ?? container.status.image ?? '';
    const failed = podCase.events.filter(
      ({ reason, message }) => reason === 'Failed' && /pull image|ErrImage|InspectFailed|Never/.test(message),
    );
    const telling = failed.find(({ message }) => match(message, image) !== undefined);
    const said = telling?.message ?? waiting?.message ?? '';
    const failure = match(said, image) ?? match(`${waiting?.reason}`, image);
    return {
      title: `Image of ${plain(name)} cannot be pulled: ${plain(image)}`,
      summary: `Container ${code(container.name)} of ${code(name)} waits for the image ${code(image)}: ${failure?.meaning ?? 'the pull fails'}.`,
      rootCause: `${failure ? `The image ${code(image)} cannot be pulled: ${failure.meaning}.` : `The image ${code(image)} cannot be pulled, for a reason that the kubelet does not tell in a known way.`}${said ? ` The kubelet says: ${code(said, 500)}.` : ''}`,
      confidence: confidence(
        failure ? 78 : 50,
        telling !== undefined,
        match(waiting?.message ?? '', image) !== undefined,
      ),
      quotes: [quoteContainer(podCase, container), ...quoteEvents(failed)],
      recommendations: [
        ...(failure ? [failure.advice] : []),
        `See where the image is set: ${show`kubectl get pod -n ${namespace} ${name} -o yaml`}; change it in the workload that owns the pod.`,
        `See whether it is better for the other replicas: ${show`kubectl get pods -n ${namespace} -o wide`}`,
      ],
    };
  },
};

/** The image's own name is left out: it may hold any word, such as `denied` or `401`. */
function match(message: string, image: string): PullFailure | undefined {
  const text = image === '' ? message : message.replaceAll(image, '');
  return FAILURES.find(({ pattern }) => pattern.test(text));
}
