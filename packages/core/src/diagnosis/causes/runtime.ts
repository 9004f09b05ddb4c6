import type { CauseText } from './cause-text.ts';

/** Causes for which a container that has started ends or does not work. */
export const RUNTIME = {
  oom_limit: {
    meaning: 'The container needs more memory than its limit, and the kernel killed it.',
    decided_by: 'OOMKilled in the status of a container with a memory limit.',
    remedy: 'Raise the memory limit, or let the process need less.',
  },
  oom_node: {
    meaning: 'The node ran out of memory, and the kernel killed the container.',
    decided_by: 'OOMKilled without a memory limit, or SystemOOM of the node.',
    remedy: 'Set memory requests and limits, and check what uses the memory of the node.',
  },
  memory_saturated: {
    meaning: 'The container has nearly used up its memory limit, and is not killed yet.',
    decided_by: 'Memory use of 95 % of the limit or more, as Prometheus reports it.',
    remedy: 'Raise the memory limit, or let the process need less.',
  },
  heap_exhausted: {
    meaning: 'The process ran out of memory within the bounds of its own runtime.',
    decided_by: '`OutOfMemoryError`, `heap out of memory`, `MemoryError` in the log.',
    remedy: 'Raise the heap bound of the runtime, below the memory limit of the container.',
  },
  port_in_use: {
    meaning: 'The port that the process listens on is taken by another process of the pod or node.',
    decided_by: '`address already in use` in the log, and the ports of the other containers.',
    remedy: 'Let only one process listen on the port.',
  },
  dependency_missing: {
    meaning: 'A module, class or library is missing from the image.',
    decided_by: 'The error of the runtime that names the module.',
    remedy: 'Add the dependency to the image.',
  },
  file_missing: {
    meaning: 'A file that the process needs does not exist.',
    decided_by: '`No such file or directory` with a path in the log.',
    remedy: 'Add the file to the image, or mount it.',
  },
  permission_denied: {
    meaning: 'The process may not do something: file, port below 1024, capability.',
    decided_by: '`Permission denied` or `Operation not permitted` in the log.',
    remedy: 'Compare the securityContext with what the process needs.',
  },
  kernel_setting: {
    meaning: 'A kernel setting of the node is too low for the process.',
    decided_by: 'The message that names the setting, such as vm.max_map_count.',
    remedy: 'Raise the setting on the node.',
  },
  cloud_permission_denied: {
    meaning: 'A cloud or Kubernetes API refuses what the process asks for.',
    decided_by: 'HTTP 401 or 403 of the API in the log.',
    remedy: 'Grant the identity of the pod the permission that the message names.',
  },
  application_error: {
    meaning: 'The application ends with an error of its own.',
    decided_by: 'The innermost fatal message in its log, quoted.',
    remedy: 'Correct what the message names; compare with the revision that worked.',
  },
  segmentation_fault: {
    meaning: 'The process ended by a segmentation fault.',
    decided_by: 'Exit code 139.',
    remedy: 'Compare image and libraries with the version that worked.',
  },
  exits_immediately: {
    meaning: 'The process ends without an error although it should keep running.',
    decided_by: 'Exit code 0 of a container that is restarted.',
    remedy: 'Let the command run in the foreground, or run it as a Job.',
  },
  crash_unexplained: {
    meaning: 'The container ends with an error that its log does not explain.',
    decided_by: 'The exit code, and a log without an error.',
    remedy: 'Raise the log level, and read the log of the run that ended.',
  },
  rollout_stuck: {
    meaning: 'A rollout does not progress, and neither its pods nor its ReplicaSets say why.',
    decided_by: 'ProgressDeadlineExceeded of the Deployment.',
    remedy: 'Look at the pods of the newest ReplicaSet.',
  },
  job_deadline: {
    meaning: 'The Job did not finish within activeDeadlineSeconds.',
    decided_by: 'DeadlineExceeded of the Job.',
    remedy: 'Find out what made it slow, or raise the deadline.',
  },
  cronjob_missed: {
    meaning: 'The CronJob missed so many start times that it starts no more Jobs.',
    decided_by: '`Cannot determine if job needs to be started`, TooManyMissedTimes.',
    remedy: 'Set startingDeadlineSeconds, or create the CronJob anew.',
  },
  hpa_no_metrics: {
    meaning: 'The HorizontalPodAutoscaler cannot compute its metric.',
    decided_by: 'ScalingActive=False of the HorizontalPodAutoscaler.',
    remedy: 'Give each container of the pods a request for the resource, and check the metrics API.',
  },
  pod_evicted: {
    meaning: 'The kubelet evicted the pod because it exceeded a limit of its own.',
    decided_by: 'Evicted with `limit` in the message.',
    remedy: 'Raise the limit, or let the pod use less.',
  },
  process_limit: {
    meaning: 'The process cannot start more threads or processes.',
    decided_by: '`pthread_create failed`, `unable to create native thread`, `Cannot fork` in the log.',
    remedy: 'Raise the PID limit of the kubelet or container, or let the process use fewer threads.',
  },
  runtime_version_mismatch: {
    meaning: 'The program needs another version of its runtime or system library than the image has.',
    decided_by:
      'UnsupportedClassVersionError, `GLIBC_... not found`, or the message of the runtime that names both versions.',
    remedy: 'Build for the runtime of the image, or use an image with the version that the program needs.',
  },
  cpu_unsupported: {
    meaning: 'The program uses instructions that the CPU of the node does not have.',
    decided_by: 'Exit code 132, `Illegal instruction`, or a message about AVX.',
    remedy: 'Use nodes with a newer CPU, or a build for this one.',
  },
  leader_election_lost: {
    meaning: 'The process ended because it could not renew its leader lease in time.',
    decided_by: '`leader election lost` in the log.',
    remedy: 'Check the API server, the network and the CPU of the pod; a restart takes the lease again.',
  },
  clock_skew: {
    meaning: 'The clock of the node differs from that of the service that it calls.',
    decided_by: '`RequestTimeTooSkewed` or `clock skew` in the log.',
    remedy: 'Correct the time synchronisation of the node.',
  },
  job_failed: {
    meaning: 'The Job failed as often as its backoffLimit allows, and its pods do not say why.',
    decided_by: 'BackoffLimitExceeded of the Job.',
    remedy: 'Read the logs of its pods; run the Job anew.',
  },
  cronjob_schedule_invalid: {
    meaning: 'The schedule or time zone of the CronJob cannot be parsed.',
    decided_by: 'UnparseableSchedule or UnknownTimeZone of the CronJob.',
    remedy: 'Correct spec.schedule or spec.timeZone.',
  },
  hpa_target_missing: {
    meaning: 'The HorizontalPodAutoscaler scales an object that does not exist.',
    decided_by: 'FailedGetScale of the HorizontalPodAutoscaler.',
    remedy: 'Correct scaleTargetRef, or delete the HorizontalPodAutoscaler.',
  },
} as const satisfies Record<string, CauseText>;
