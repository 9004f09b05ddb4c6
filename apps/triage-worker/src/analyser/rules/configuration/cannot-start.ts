import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteContainer, quoteEvents } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

const WAITING =
  /^(CreateContainerConfigError|CreateContainerError|RunContainerError|StartError|PostStartHookError|ContainerCannotRun)$/;

/** Messages of kubelet (kuberuntime) and runc for a container that cannot be created, most specific first. */
const MESSAGES: readonly {
  pattern: RegExp;
  cause: Cause;
  words: (match: RegExpExecArray) => string;
  object?: (match: RegExpExecArray) => string;
}[] = [
  {
    pattern: /couldn't find key "?([^\s"]+)"? in Secret "?([^\s"]+)/,
    cause: 'secret_key_missing',
    words: ([, key, name]) => `Secret ${name?.split('/').at(-1)} has no key ${key}`,
    object: ([, key, name]) => `Secret/${name?.split('/').at(-1)}[${key}]`,
  },
  {
    pattern: /couldn't find key "?([^\s"]+)"? in ConfigMap "?([^\s"]+)/,
    cause: 'config_map_key_missing',
    words: ([, key, name]) => `ConfigMap ${name?.split('/').at(-1)} has no key ${key}`,
    object: ([, key, name]) => `ConfigMap/${name?.split('/').at(-1)}[${key}]`,
  },
  {
    pattern: /secrets? "([^"]+)" not found/,
    cause: 'secret_missing',
    words: ([, name]) => `Secret ${name} does not exist`,
    object: ([, name]) => `Secret/${name}`,
  },
  {
    pattern: /configmaps? "([^"]+)" not found/,
    cause: 'config_map_missing',
    words: ([, name]) => `ConfigMap ${name} does not exist`,
    object: ([, name]) => `ConfigMap/${name}`,
  },
  {
    pattern: /runAsNonRoot|non-numeric user|breaks non-root policy/,
    cause: 'run_as_non_root',
    words: () => 'runAsNonRoot is set, and the container would run as root',
  },
  {
    pattern: /nvidia-container-(?:cli|runtime)[^\n]{0,20}: ([^\n]{1,160})|could not select device driver/,
    cause: 'gpu_driver_failed',
    words: ([, detail]) => `the GPU driver of the node fails${detail ? `: ${detail}` : ''}`,
  },
  {
    pattern: /seccomp|apparmor/i,
    cause: 'security_profile_missing',
    words: () => 'its seccomp or AppArmor profile cannot be used on the node',
    object: () => 'securityContext',
  },
  {
    pattern: /unable to find (?:user|group) ([\w.-]{1,64})|no (?:users|groups) found/,
    cause: 'user_unknown',
    words: ([, user]) => `the user ${user ?? ''} that it runs as is not in the image`.replace('  ', ' '),
    object: () => 'securityContext.runAsUser',
  },
  {
    pattern:
      /error mounting "[^"]{0,300}" to rootfs at "([^"]{1,200})"|not a directory: unknown|mounting .{1,300} to rootfs/,
    cause: 'mount_conflict',
    words: ([, path]) => `a volume does not fit the image${path ? ` at ${path}` : ''}`,
    object: ([, path]) => `volumeMounts${path ? `[${path}]` : ''}`,
  },
  {
    pattern: /failed to prepare subPath for volumeMount "([^"]{1,100})"/,
    cause: 'volume_mount_failed',
    words: ([, mount]) => `the subPath of the mount ${mount} cannot be prepared`,
    object: ([, mount]) => `volumeMounts[${mount}].subPath`,
  },
  {
    pattern: /(?:chdir to cwd|mkdir) \(?"([^"]{1,200})"\)? set in config\.json failed/,
    cause: 'working_dir_invalid',
    words: ([, path]) => `its working directory ${path} cannot be used`,
    object: () => 'workingDir',
  },
  {
    pattern: /lifecycle hook \(?\[?[^\]]{0,200}\]?\)? for Container|PostStartHook/i,
    cause: 'lifecycle_hook_failed',
    words: () => 'its postStart hook fails',
    object: () => 'lifecycle.postStart',
  },
  {
    pattern: /no space left on device/,
    cause: 'disk_full',
    words: () => 'the disk of the node is full',
  },
  {
    pattern: /OOM-killed|memory limit too low|container init was OOM/,
    cause: 'oom_limit',
    words: () => 'its memory limit is too low to start it',
    object: () => 'resources.limits.memory',
  },
  {
    pattern: /open \/proc\/|write sysctl key|error during container init: (?!exec|error mounting)/,
    cause: 'container_start_failed',
    words: () => 'the container runtime cannot set it up',
  },
  {
    pattern: /no command specified/,
    cause: 'command_not_found',
    words: () => 'neither the pod nor the image says what to run',
    object: () => 'command',
  },
  {
    pattern: /exec format error/,
    cause: 'image_platform_mismatch',
    words: () => 'its program is built for another processor architecture',
  },
  {
    pattern: /(?:exec: )?"([^"]{1,200})": (?:executable file not found|stat .{1,200}: no such file)/,
    cause: 'command_not_found',
    words: ([, command]) => `the program ${command} is not in the image`,
    object: () => 'command',
  },
  {
    pattern: /executable file (?:`[^`]{1,200}` )?not found|no such file or directory: unknown/,
    cause: 'command_not_found',
    words: () => 'its program is not in the image',
    object: () => 'command',
  },
  {
    pattern: /exec: "?[^"]{0,200}"?: permission denied|open executable: Permission denied|permission denied: unknown/,
    cause: 'command_not_executable',
    words: () => 'its program may not be executed',
    object: () => 'command',
  },
];

/** A container that cannot be created or started: the kubelet says why. */
export const cannotStart: PodRule = (podCase) => {
  const { workload, namespace, name, events } = podCase;
  for (const container of podCase.containers) {
    const { waiting, terminated } = container.status.state ?? {};
    const last = container.status.lastState?.terminated;
    const isStart =
      WAITING.test(waiting?.reason ?? '') ||
      [terminated, last].some((end) => /StartError|ContainerCannotRun/.test(end?.reason ?? ''));
    if (!isStart) continue;
    const failed = events.filter(
      ({ reason, event }) =>
        (reason === 'Failed' || reason === 'FailedPostStartHook') &&
        mentions(event.involvedObject?.fieldPath, container.name),
    );
    const messages = [
      waiting?.message,
      terminated?.message,
      last?.message,
      ...failed.map(({ message }) => message),
    ].filter((text) => text !== undefined && text !== '');
    const found = messages.flatMap((text) =>
      MESSAGES.flatMap((it) => {
        const match = it.pattern.exec(text ?? '');
        return match ? [{ ...it, match, text: text ?? '' }] : [];
      }),
    )[0];
    const message = found?.text ?? messages.sort((a, b) => (b?.length ?? 0) - (a?.length ?? 0))[0] ?? '';
    const words = found?.words(found.match) ?? `container ${container.name} cannot be started`;
    const object = found?.object?.(found.match);
    return hypothesis({
      cause: found?.cause ?? 'container_start_failed',
      culprit: culpritOf(workload, container.name, object),
      confidence: found ? 95 : message.length > 30 ? 65 : 45,
      title: `${plain(workload.name)} cannot start: ${plain(words)}`,
      statement: `The container ${code(container.name)} of ${code(name)} cannot start: ${code(words)}. The kubelet says: ${code(message, 400)}.`,
      evidence: [quoteContainer(podCase, container), ...quoteEvents(failed, 2)],
      actions: objectAction(object, namespace),
    });
  }
  return undefined;
};

function objectAction(object: string | undefined, namespace: string): string[] {
  const [, kind, name] = /^(Secret|ConfigMap)\/([^[]+)/.exec(object ?? '') ?? [];
  if (kind === undefined || name === undefined) return [];
  return [
    `See which there are: ${show`kubectl get ${kind.toLowerCase()} -n ${namespace}`}, and create ${code(name)} or correct the reference`,
  ];
}

function mentions(fieldPath: string | undefined, container: string): boolean {
  return fieldPath === undefined || fieldPath.includes(`{${container}}`) || !fieldPath.includes('{');
}
