import type { CauseText } from './cause-text.ts';

/** Causes for which probes fail. */
export const PROBES = {
  liveness_port: {
    meaning: 'The liveness (or startup) probe asks a port on which the container does not listen.',
    decided_by: 'The port of the probe compared with the ports of the container.',
    remedy: 'Correct the port of the probe.',
  },
  liveness_protocol: {
    meaning: 'The liveness (or startup) probe speaks another protocol than the port.',
    decided_by: 'The message of the probe, such as `malformed HTTP response`.',
    remedy: 'Use the kind of probe that fits the port: httpGet, grpc or tcpSocket.',
  },
  liveness_timing: {
    meaning: 'The liveness (or startup) probe ends the container before it can answer.',
    decided_by: 'Kills by the probe within the start time of the container.',
    remedy: 'Add a startupProbe, or raise initialDelaySeconds, timeoutSeconds or failureThreshold.',
  },
  liveness_path: {
    meaning: 'The liveness (or startup) probe asks a path that does not exist.',
    decided_by: 'HTTP 404 in the message of the probe.',
    remedy: 'Correct the path of the probe.',
  },
  liveness_failing: {
    meaning: 'The container is restarted because its liveness (or startup) probe fails.',
    decided_by: 'The Unhealthy and Killing events of the pod.',
    remedy: 'Find out why the container does not answer.',
  },
  readiness_port: {
    meaning: 'The readiness probe asks a port on which the container does not listen.',
    decided_by: 'The port of the probe compared with the ports of the container.',
    remedy: 'Correct the port of the probe.',
  },
  readiness_protocol: {
    meaning: 'The readiness probe speaks another protocol than the port.',
    decided_by: 'The message of the probe, such as `malformed HTTP response`.',
    remedy: 'Use the kind of probe that fits the port: httpGet, grpc or tcpSocket.',
  },
  readiness_path: {
    meaning: 'The readiness probe asks a path that does not exist.',
    decided_by: 'HTTP 404 in the message of the probe.',
    remedy: 'Correct the path of the probe.',
  },
  readiness_failing: {
    meaning: 'The container runs and does not become ready.',
    decided_by: 'The Unhealthy event of the pod.',
    remedy: 'Find out what the readiness check of the application misses.',
  },
} as const satisfies Record<string, CauseText>;
