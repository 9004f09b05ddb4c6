import { seccompProfile } from './seccomp-profile.ts';
import { AGENT_UID, OUTPUT_HOLD_MS, type SandboxRequest } from '../../../agent-runtime.ts';
import { ENVIRONMENT } from '../archive/input-archive.ts';
import type { ContainerSpec } from '../engine/engine-client.ts';

/** The directory that the agent works in; its inputs are below it, and cannot be changed by it. */
export const AGENT_DIRECTORY = '/home/agent';
/** Where the forwarder finds the gateway's sockets. */
const GATEWAY_DIRECTORY = '/run/nightcrier';
export const OUTPUT_DIRECTORY = `${AGENT_DIRECTORY}/output`;
/** The line on stdin that lets the agent begin: its inputs are there. */
export const BEGIN = 'begin';
/** Reads without a process; stdin ends when the worker dies. The agent has no part of it. */
const WAIT_FOR_INPUTS = `read -rt "$2" line
if [[ $line != ${BEGIN} ]]; then
  echo 'nightcrier: no inputs' >&2
  exit 75
fi
while IFS= read -rd '' variable; do export "$variable"; done <${ENVIRONMENT}
exec /opt/nightcrier/start-agent.sh "$1" </dev/null`;
/** HOME of the agent: writable, and gone with the container. */
const HOME_DIRECTORY = '/home/work';

const MIB = 1024 * 1024;
const OUTPUT_BYTES = 64 * MIB;
/** Files and directories. */
const OUTPUT_INODES = 4_096;
const FILE_BYTES = 32 * MIB;
const TEMPORARY = 'rw,nosuid,nodev,size=256m';

/**
 * Returns what the engine is asked to create (Docker Engine API, ContainerCreate): one agent, unprivileged, on a read-only
 * root, without any path of the host. Its inputs are in a volume that root owns, and for which it waits. Its output
 * is in memory, bounded by the kernel, and lives as long as the container.
 * @param labels of what it runs for
 * @param options.wait seconds that it waits for its inputs
 * @param options.sockets directory or volume with the gateway's sockets
 */
export function containerSpec(
  request: SandboxRequest,
  labels: Record<string, string>,
  { wait, sockets }: { wait: number; sockets?: string | undefined },
): ContainerSpec {
  const { agent, image, network, memory, cpus, timeout } = request;
  const owner = `uid=${AGENT_UID},gid=${AGENT_UID}`;
  return {
    Image: image,
    User: `${AGENT_UID}:${AGENT_UID}`,
    WorkingDir: AGENT_DIRECTORY,
    Entrypoint: [],
    Cmd: ['/bin/bash', '-c', WAIT_FOR_INPUTS, 'start-agent', agent, String(wait)],
    OpenStdin: true,
    StdinOnce: true,
    Env: [`HOME=${HOME_DIRECTORY}`, `NIGHTCRIER_TIMEOUT=${timeout}`, `NIGHTCRIER_OUTPUT_HOLD=${OUTPUT_HOLD_MS / 1000}`],
    Labels: labels,
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      Tmpfs: {
        '/tmp': `${TEMPORARY},mode=1777`,
        [HOME_DIRECTORY]: `${TEMPORARY},mode=0700,${owner}`,
      },
      Mounts: [
        ...(sockets === undefined ? [] : [socketMount(sockets)]),
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

function socketMount(source: string) {
  return {
    Type: source.startsWith('/') ? 'bind' : 'volume',
    Source: source,
    Target: GATEWAY_DIRECTORY,
    ReadOnly: true,
  };
}
