import { seccompProfile } from './seccomp-profile.ts';
import { AGENT_UID, OUTPUT_HOLD_MS, type RunRequest } from '../../agent-runtime.ts';

/** The directory that the agent works in; its inputs are below it, and cannot be changed by it. */
export const AGENT_DIRECTORY = '/home/agent';
/** Where the forwarder finds the gateway's sockets. */
const GATEWAY_DIRECTORY = '/run/nightcrier';
export const OUTPUT_DIRECTORY = `${AGENT_DIRECTORY}/output`;
/** A file that exists when all other inputs do. */
export const INPUTS_COMPLETE = '.complete';
/** Seconds that a container waits for its inputs. */
export const LONGEST_WAIT_FOR_INPUTS = 120;
/** The container starts while its inputs are still collected. Nothing is ever written to stdin: `read` waits, without a process. */
const WAIT_FOR_INPUTS = `while ((SECONDS < ${LONGEST_WAIT_FOR_INPUTS})); do
  [[ -e ${INPUTS_COMPLETE} ]] && exec /opt/nightcrier/start-agent.sh "$1" </dev/null
  read -rt 0.003
done
echo 'nightcrier: no inputs' >&2
exit 75`;
/** HOME of the agent: writable, and gone with the container. */
const HOME_DIRECTORY = '/home/work';

const MIB = 1024 * 1024;
const OUTPUT_BYTES = 64 * MIB;
/** Files and directories. */
const OUTPUT_INODES = 4_096;
const FILE_BYTES = 32 * MIB;
const TEMPORARY = 'rw,nosuid,nodev,size=256m';

/** What the engine is asked to create; the fields that are read again. */
export interface ContainerSpec {
  readonly Image: string;
  readonly Labels: Record<string, string>;
  readonly [field: string]: unknown;
}

/** Returns the name of the container of an attempt. */
export function containerName({ incidentId, attempt }: Pick<RunRequest, 'incidentId' | 'attempt'>): string {
  return `nc-${incidentId}-${attempt}`;
}

/**
 * Returns what the engine is asked to create (Docker Engine API, ContainerCreate): one agent, unprivileged, on a read-only
 * root, without any path of the host. Its inputs are in a volume that root owns, and for which it waits. Its output
 * is in memory, bounded by the kernel, and lives as long as the container.
 * @param deadline Unix seconds, at the latest; a label
 * @param sockets directory or volume with the gateway's sockets
 */
export function containerSpec(request: RunRequest, deadline: number, sockets?: string): ContainerSpec {
  const { agent, image, network, memory, cpus, timeout, environment } = request;
  const owner = `uid=${AGENT_UID},gid=${AGENT_UID}`;
  return {
    Image: image,
    User: `${AGENT_UID}:${AGENT_UID}`,
    WorkingDir: AGENT_DIRECTORY,
    Entrypoint: [],
    Cmd: ['/bin/bash', '-c', WAIT_FOR_INPUTS, 'start-agent', agent],
    OpenStdin: true,
    Env: Object.entries({
      ...environment,
      HOME: HOME_DIRECTORY,
      NIGHTCRIER_INCIDENT_ID: request.incidentId,
      NIGHTCRIER_TIMEOUT: String(timeout),
      NIGHTCRIER_OUTPUT_HOLD: String(OUTPUT_HOLD_MS / 1000),
    }).map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(request, deadline),
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      Tmpfs: {
        '/tmp': `${TEMPORARY},mode=1777`,
        [HOME_DIRECTORY]: `${TEMPORARY},mode=0700,${owner}`,
      },
      Mounts: [
        ...(sockets === undefined
          ? []
          : [
              {
                Type: sockets.startsWith('/') ? 'bind' : 'volume',
                Source: sockets,
                Target: GATEWAY_DIRECTORY,
                ReadOnly: true,
              },
            ]),
        // Without NoCopy, the engine mounts the image to copy from it.
        { Type: 'volume', Target: AGENT_DIRECTORY, VolumeOptions: { NoCopy: true } },
        {
          Type: 'volume',
          Target: OUTPUT_DIRECTORY,
          VolumeOptions: {
            NoCopy: true,
            DriverConfig: {
              Name: 'local',
              Options: {
                type: 'tmpfs',
                device: 'tmpfs',
                o: `nosuid,nodev,noexec,size=${OUTPUT_BYTES},nr_inodes=${OUTPUT_INODES},mode=0700,${owner}`,
              },
            },
          },
        },
      ],
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', `seccomp=${JSON.stringify(seccompProfile)}`],
      PidsLimit: 512,
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: Math.round(cpus * 1e9),
      Ulimits: [
        { Name: 'fsize', Soft: FILE_BYTES, Hard: FILE_BYTES },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      // With a single file, a flood blocks the reader.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '64m', 'max-file': '2' } },
    },
  };
}

/** @param deadline Unix seconds, at the latest */
function labelsOf(request: RunRequest, deadline: number): Record<string, string> {
  return {
    'nightcrier.component': 'agent',
    'nightcrier.instance': request.instance,
    'nightcrier.cluster': request.clusterName,
    'nightcrier.worker': request.workerId,
    'nightcrier.incident': request.incidentId,
    'nightcrier.attempt': String(request.attempt),
    'nightcrier.agent': request.agent,
    'nightcrier.timeout': String(request.timeout),
    'nightcrier.deadline': String(deadline),
    // A container of an earlier version wrote its output into the workspace.
    'nightcrier.output': 'held',
    'nightcrier.inputs': 'awaited',
  };
}
