import { confidence, type Finding } from '../diagnosis.ts';
import { dependencyBehind } from '../logs/dependency.ts';
import { exitCodeMeaning, isTelling } from '../logs/exit-code.ts';
import { findLogCause } from '../logs/log-cause.ts';
import { quoteContainer, quoteEvents, type ContainerCase, type PodCase } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** A container that ends by itself, once or again and again. The application's own words matter most. */
export const crashLoop: PodRule = {
  name: 'crash-loop',
  applies(podCase) {
    const container = podCase.containers.find((candidate) => crashed(podCase, candidate));
    return container && finding(podCase, container);
  },
};

function crashed({ fault }: PodCase, { status, name }: ContainerCase): boolean {
  const { waiting, terminated } = status.state ?? {};
  if (waiting) return ['CrashLoopBackOff', 'RunContainerError', 'CreateContainerError'].includes(waiting.reason ?? '');
  if (terminated) return terminated.exitCode !== 0;
  const before = status.lastState?.terminated;
  if (before === undefined) return false;
  // It runs again: an old end is the trouble only if the container is still not ready, or the fault is about that end.
  const isAboutCrash = /crash|backoff/i.test(fault.faultType) && (fault.container ?? name) === name;
  return status.ready === false || (isAboutCrash && before.exitCode !== 0);
}

function finding(podCase: PodCase, container: ContainerCase): Finding {
  const { name, namespace } = podCase;
  const { state, lastState, restartCount = 0 } = container.status;
  const end = state?.terminated ?? lastState?.terminated;
  const startError = [end?.message, state?.waiting?.message].find((text) =>
    /failed to (create|start)|executable file not found|exec:|OCI runtime|permission denied/i.test(text ?? ''),
  );
  // The log of the run that ended: of the present one if it ended just now, else of the previous one.
  const log = state?.terminated ? container.log : (container.previousLog ?? container.log);
  const cause = startError ? findLogCause(startError) : log && findLogCause(log.text);
  const dependency = cause && dependencyBehind(podCase.evidence, cause.line);
  const events = podCase.events.filter(({ reason }) => ['BackOff', 'Failed'].includes(reason));
  const exit =
    end?.exitCode === undefined ? undefined : `exits with code ${end.exitCode} (${exitCodeMeaning(end.exitCode)})`;
  const subject = `${container.name} of ${name}`;
  return {
    title: dependency?.title
      ? `Container ${plain(subject)} crashes: ${dependency.title}`
      : `Container ${plain(subject)} crashes${cause?.meaning ? `: ${cause.meaning}` : end?.exitCode === undefined ? '' : ` with exit code ${end.exitCode}`}`,
    summary: `Container ${code(container.name)} ${exit ?? 'does not start'}${restartCount > 0 ? `; it has restarted ${restartCount} times` : ''}.`,
    rootCause: [
      cause?.meaning ? `The application ends because ${cause.meaning}.` : '',
      dependency?.text ?? '',
      cause?.explicit || startError
        ? `${startError ? 'The kubelet says' : 'Its log says'}: ${code(cause?.line ?? startError ?? '')}.`
        : '',
      cause && !cause.explicit && !startError ? `Its log names no error; it ends with ${code(cause.line)}.` : '',
      cause === undefined
        ? 'Its log could not be read or is empty, so what the application complained about is not known.'
        : '',
      exit ? `The container ${exit}.` : '',
    ]
      .filter(Boolean)
      .join(' '),
    confidence: confidence(
      cause?.meaning ? 70 : cause?.explicit ? 62 : end && isTelling(end.exitCode ?? 0) ? 60 : 30,
      end !== undefined && end.exitCode !== 0,
      events.length > 0,
      dependency !== undefined,
    ),
    quotes: [
      quoteContainer(podCase, container),
      ...quoteEvents(events, 3),
      ...(cause && log && !startError ? [{ command: log.command, text: cause.excerpt }] : []),
      ...(dependency?.quotes ?? []),
    ],
    recommendations: [
      ...(dependency?.recommendations ?? []),
      ...(cause?.advice ? [cause.advice] : []),
      `Read the whole log of the run that ended: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} ${state?.terminated ? '--tail=200' : '--previous'}`}`,
      `See what changed last: image, command, environment and mounts in ${show`kubectl get pod -n ${namespace} ${name} -o yaml`}`,
    ],
  };
}
