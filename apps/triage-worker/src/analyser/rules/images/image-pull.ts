import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import type { ContainerCase, PodCase } from '../../pod-case.ts';
import { quoteContainer, quoteEvents, quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { editTemplate } from '../../fixes/edit-template.ts';
import { code, plain, show } from '../../safe-text.ts';
import { PULL_ERRORS, type PullError } from './pull-errors.ts';

const WAITING =
  /^(ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable|SignatureValidationFailed)$/;

/** The image of a container cannot be pulled. */
export const imagePull: PodRule = (podCase) => {
  const container = podCase.containers.find(({ status }) => WAITING.test(status.state?.waiting?.reason ?? ''));
  return container && diagnosePull(podCase, container);
};

function diagnosePull(podCase: PodCase, container: ContainerCase): Hypothesis {
  const { name, namespace, workload, pod } = podCase;
  const image = container.spec.image ?? container.status.image ?? '';
  const failed = podCase.events.filter(
    ({ reason, message }) =>
      reason === 'Failed' && /pull|image/i.test(message) && (image === '' || message.includes(image)),
  );
  const waiting = container.status.state?.waiting;
  // The event tells what went wrong; the waiting message later only that the kubelet backs off.
  const said = [...failed.map(({ message }) => message), waiting?.message ?? '', waiting?.reason ?? ''];
  const message =
    said.find((text) => PULL_ERRORS.some(({ pattern }) => pattern.test(withoutNames(text, image)))) ??
    said.find((text) => text !== '') ??
    '';
  const error = PULL_ERRORS.find(({ pattern }) => pattern.test(withoutNames(message, image)));
  const base = {
    culprit: culpritOf(workload, container.name, 'image'),
    evidence: [
      ...quoteEvents(failed, 3),
      quoteContainer(podCase, container),
      quoteField(pod, `containers[${container.name}].image`, image),
    ],
  };
  const describe = show`kubectl describe pod -n ${namespace} ${name}`;
  if (error === undefined) {
    return hypothesis({
      ...base,
      cause: 'image_pull_failed',
      confidence: message.length > 40 ? 62 : 48,
      title: `Image ${plain(image)} cannot be pulled`,
      statement: `The image ${code(image)} of the container ${code(container.name)} cannot be pulled. The kubelet says: ${code(message, 400)}.`,
      actions: [`Read the pull error: ${describe}`],
    });
  }
  const { cause, words, because } = withSecret(podCase, error, message);
  return hypothesis({
    ...base,
    cause,
    confidence: cause === 'image_pull_denied' ? 80 : cause === 'image_registry_unreachable' ? 86 : 93,
    title: `Image ${plain(image)} of ${plain(workload.name)} cannot be pulled: ${plain(words)}`,
    statement: `The image ${code(image)} of the container ${code(container.name)} cannot be pulled: ${words}.${because ? ` ${because}` : ''} The kubelet says: ${code(decisivePart(message), 400)}.`,
    actions: [editTemplate(workload, 'image or credentials'), `Read the pull error: ${describe}`],
  });
}

/** Without the image and host names, in which anything may stand. */
function withoutNames(message: string, image: string): string {
  const repository = image.replace(/[:@][^/]*$/, '');
  return [image, repository]
    .filter((it) => it !== '')
    .reduce((text, it) => text.replaceAll(it, 'IMAGE'), message)
    .replaceAll(/https?:\/\/\S+/g, 'URL ');
}

/** Access denied means three things: no credentials, wrong ones, or, on Docker Hub, that there is no such repository. */
function withSecret(podCase: PodCase, error: PullError, message: string) {
  const { pod, view, namespace, events } = podCase;
  if (error.cause !== 'image_pull_denied') return { cause: error.cause, words: error.words, because: '' };
  if (/repository does not exist/i.test(message)) {
    return {
      cause: 'image_not_found' as const,
      words: 'the repository does not exist, or asks for credentials',
      because: 'Docker Hub answers "denied" for both.',
    };
  }
  const account = view.get('ServiceAccount', pod.spec?.serviceAccountName ?? 'default', namespace);
  const secrets = [...(pod.spec?.imagePullSecrets ?? []), ...(account?.imagePullSecrets ?? [])].flatMap(
    ({ name }) => name ?? [],
  );
  const unknown = events.find(({ reason }) => reason === 'FailedToRetrieveImagePullSecret');
  if (unknown) {
    return {
      cause: 'image_pull_secret_missing' as const,
      words: 'its registry asks for credentials, and the pull secret does not exist',
      because: `The kubelet cannot find the pull secret: ${code(unknown.message, 300)}.`,
    };
  }
  if (secrets.length === 0) {
    return {
      cause: 'image_pull_secret_missing' as const,
      words: 'its registry asks for credentials, and the pod has no imagePullSecrets',
      because: 'Neither the pod nor its service account names a pull secret.',
    };
  }
  return {
    cause: 'image_pull_denied' as const,
    words: 'its registry denies access',
    because: `The pod uses the pull secret ${code(secrets.join(', '))}, which the registry does not accept for this repository.`,
  };
}

/** The messages of containerd repeat the reference with each wrapping; the innermost part decides. */
function decisivePart(message: string): string {
  if (message.length <= 200) return message;
  const inner = Math.max(
    message.lastIndexOf(': failed to '),
    message.lastIndexOf(': unexpected '),
    message.lastIndexOf('desc = '),
  );
  const start = inner <= 0 ? message.length - 390 : message.indexOf(' ', inner) + 1;
  return start <= 0 ? message : `…${message.slice(Math.max(start, message.length - 390))}`;
}
