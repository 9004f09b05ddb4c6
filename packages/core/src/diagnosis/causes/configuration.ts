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
  mount_conflict: {
    meaning:
      'A volume cannot be mounted at its path in the image: file and directory are confused, or the path is read-only.',
    decided_by: '`error mounting ... to rootfs` of the container runtime.',
    remedy: 'Use subPath with the name of a file for a single file, or mount at a directory that nothing else covers.',
  },
  user_unknown: {
    meaning: 'The user that the container is to run as does not exist in its image.',
    decided_by: '`unable to find user`, `no users found` of the container runtime.',
    remedy: 'Set runAsUser to a number, or create the user in the image.',
  },
  working_dir_invalid: {
    meaning: 'The working directory of the container cannot be used.',
    decided_by: '`chdir to cwd` of the container runtime.',
    remedy: 'Correct workingDir or the permissions of the directory in the image.',
  },
  security_profile_missing: {
    meaning: 'The seccomp or AppArmor profile of the container does not exist on the node.',
    decided_by: '`seccomp` or `apparmor` in the message of the kubelet.',
    remedy: 'Install the profile on each node, or use RuntimeDefault.',
  },
  lifecycle_hook_failed: {
    meaning: 'The postStart hook of the container fails, so the kubelet ends it.',
    decided_by: 'PostStartHookError or FailedPostStartHook.',
    remedy: 'Correct the command of the hook, or do its work in the start of the container.',
  },
  stale_pid_file: {
    meaning: 'A PID or lock file of an earlier run makes the program believe that it already runs.',
    decided_by: '`already running` with a PID file in the log.',
    remedy: 'Remove the file before the start, or keep it on a volume that does not outlive the container.',
  },
  crd_missing: {
    meaning: 'A kind that the program needs does not exist in the cluster.',
    decided_by: '`no matches for kind` in the log.',
    remedy: 'Install the CustomResourceDefinition in the version that the program needs.',
  },
} as const satisfies Record<string, CauseText>;
