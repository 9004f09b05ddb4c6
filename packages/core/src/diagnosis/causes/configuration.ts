import type { CauseText } from './cause-text.ts';

/** Causes that lie in what a container is given: references, environment, command. */
export const CONFIGURATION = {
  config_map_missing: {
    meaning: 'A ConfigMap that the pod needs does not exist.',
    decided_by: 'The kubelet message, or the ConfigMaps of the namespace.',
    remedy: 'Create the ConfigMap, or correct its name.',
  },
  config_map_key_missing: {
    meaning: 'A ConfigMap lacks a key that the pod needs.',
    decided_by: "`couldn't find key` or `references non-existent config key`.",
    remedy: 'Add the key, or correct its name.',
  },
  secret_missing: {
    meaning: 'A Secret that the pod needs does not exist.',
    decided_by: '`secret "…" not found` of the kubelet.',
    remedy: 'Create the Secret, or correct its name.',
  },
  secret_key_missing: {
    meaning: 'A Secret lacks a key that the pod needs.',
    decided_by: "`couldn't find key … in Secret` of the kubelet.",
    remedy: 'Add the key, or correct its name.',
  },
  env_missing: {
    meaning: 'The application lacks an environment variable or setting that it needs.',
    decided_by: 'The message of the application that names the variable.',
    remedy: 'Set the variable in the container, or in the ConfigMap or Secret that fills it.',
  },
  config_invalid: {
    meaning: 'The application cannot use its configuration.',
    decided_by: 'The message of the application that names the file, line, option or value.',
    remedy: 'Correct the configuration at the place that the message names.',
  },
  arguments_invalid: {
    meaning: 'The container is started with arguments that its program does not know.',
    decided_by: '`unknown flag`, `unrecognized arguments` or a usage text in the log.',
    remedy: 'Correct command and args; compare them with the version of the image.',
  },
  command_not_found: {
    meaning: 'The program that the container should run is not in the image.',
    decided_by: '`executable file not found`, `no such file or directory` at the start, or exit code 127.',
    remedy: 'Correct command or args, or the image.',
  },
  command_not_executable: {
    meaning: 'The program that the container should run may not be executed.',
    decided_by: '`permission denied` at the start, or exit code 126.',
    remedy: 'Set the executable bit in the image, or correct the command.',
  },
  command_syntax: {
    meaning: 'The shell command or script of the container has a syntax error.',
    decided_by: '`syntax error` or `unexpected end of file` in the log.',
    remedy: 'Correct command and args.',
  },
  container_start_failed: {
    meaning: 'The container runtime cannot create the container.',
    decided_by: 'CreateContainerError or RunContainerError, quoted.',
    remedy: 'Correct what the message names.',
  },
  run_as_non_root: {
    meaning: 'runAsNonRoot is set, and the image runs as root or as a user without a number.',
    decided_by: '`container has runAsNonRoot and image will run as root`.',
    remedy: 'Set runAsUser, or build the image with a numeric user.',
  },
} as const satisfies Record<string, CauseText>;
