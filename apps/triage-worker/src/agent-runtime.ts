import type { AgentCli } from '@nightcrier/core/settings/config';
import type { Reservation } from '@nightcrier/state/grants/grants';

/** How the run of an agent ended. */
export interface RunEnd {
  /**
   * `exited`: by itself. `timeout`: at its deadline. `oom`: it used more memory than it may. `killed`: by SIGKILL.
   * `stopped`: its container ended as a whole, by this worker, its engine or an operator.
   */
  reason: 'exited' | 'timeout' | 'oom' | 'killed' | 'stopped';
  exitCode: number;
  oomKilled: boolean;
}

/** What a sandbox depends on. Nothing in it is a path of this machine, but for the sockets. */
export interface SandboxRequest {
  agent: AgentCli;
  /** The worker that runs it; a label. */
  workerId: string;
  /** The installation that it belongs to; a label. */
  instance: string;
  image: string;
  network: string;
  /** Bytes, swap included. */
  memory: number;
  cpus: number;
  /** Seconds from the start of the agent to its deadline. */
  timeout: number;
  gatewaySockets?: GatewaySockets;
}

/** What is asked of a runtime for one attempt of one agent. */
export interface RunRequest extends SandboxRequest {
  incidentId: string;
  attempt: number;
  clusterName: string;
  /** Variables of the agent. Its commands can read them, so none is a secret. */
  environment: Record<string, string>;
}

/** Where an agent finds the sockets of the gateways. */
export interface GatewaySockets {
  /** Directory on the engine's machine, or name of a volume. */
  root: string;
  /** Name of the directory below it with the sockets of this run. Missing: all runs share those in `root`, as with earlier gateways. */
  run?: string;
}

/** A file below the agent's directory, `/home/agent`. */
export interface InputFile {
  /** Relative, with `/`. */
  path: string;
  content: Buffer;
  /** Deleted by the container before the agent starts. */
  isSecret?: boolean;
}

/** An agent's container, by its labels and its state. */
export interface AgentContainer {
  id: string;
  name: string;
  /** Undefined if labels are missing or invalid. Times in ms since the epoch. */
  run: { incidentId: string; attempt: number; agent: AgentCli; startedAt: number; deadline: number } | undefined;
  /** `broken`: it never ran, or was killed from outside, so its report may be incomplete. */
  state: 'running' | 'ended' | 'broken';
  /** It keeps its output after the agent's end. Version 0.1 wrote that into the workspace. */
  holdsOutput: boolean;
}

/** What was found in an agent's output directory. */
export interface OutputSummary {
  /** Entries that are neither files nor directories, or beyond the bounds, with why they were not taken. */
  skipped: Map<string, string>;
}

/** One run of an agent, from the moment that it is started or adopted. */
export interface AgentRun {
  /** `name`: in the engine's own tools. Times in ms since the epoch; at its deadline the agent is stopped. */
  readonly container: { readonly name: string; readonly startedAt: number; readonly deadline: number };
  /**
   * Copies the agent's streams to files in the directory as they arrive, `agent-stdout.log` and `agent-stderr.log`, until the
   * agent has ended.
   * @throws EngineError when the engine stays unreachable; the signal's reason when it is aborted
   */
  wait(logsDirectory: string, signal: AbortSignal): Promise<RunEnd>;
  /** Copies the agent's output, which outlives the agent, into a directory. */
  output(directory: string): Promise<OutputSummary>;
  /** Returns whether another worker has adopted it since. */
  isTakenOver(): Promise<boolean>;
  /** Stops it at once, if it runs, and removes it with all that it wrote. */
  remove(): Promise<void>;
}

/** A sandbox that was started before its run is known. */
export interface PrestartedSandbox {
  /** False when it has been used, or has ended. */
  readonly isWaiting: boolean;
  /** As {@link AgentRuntime.start}, without creating a sandbox. */
  begin(request: RunRequest, inputs: Promise<InputFile[]>, signal: AbortSignal, timed?: Timed): Promise<AgentRun>;
  /** Removes it, unused. @throws EngineError */
  remove(): Promise<void>;
}

/** A sandbox that waits for a run, with its sockets at the gateway. */
export interface PrestartedAgent {
  sandbox: PrestartedSandbox;
  /** Missing if agents do not use the gateway. */
  reservation?: Reservation;
}

/** Waits for a step and records its duration, such as {@link StageClock.time}. */
export type Timed = <Result>(step: string, work: Promise<Result>) => Promise<Result>;

/** Which containers are listed. */
export interface ListedContainers {
  instance: string;
  incidentId?: string;
  /** Tokens of the processes of all workers that have not died; undefined if they are not known. */
  workers?: ReadonlySet<string> | undefined;
}

/** Runs agents in a sandbox: on a container engine, later on Kubernetes. */
export interface AgentRuntime {
  /**
   * Creates the sandbox at once, and starts the agent when its inputs are there.
   * @param timed measures the steps
   * @throws EngineError; the signal's reason; or the rejection of `inputs`. Nothing remains then.
   */
  start(request: RunRequest, inputs: Promise<InputFile[]>, signal: AbortSignal, timed?: Timed): Promise<AgentRun>;
  /**
   * Starts a sandbox for a run to come.
   * @param seconds after which it ends by itself
   * @throws EngineError
   */
  prestart(request: SandboxRequest, seconds: number, signal: AbortSignal): Promise<PrestartedSandbox>;
  /** Runs a script with bash in the sandbox of an agent, and returns what it prints. @throws EngineError */
  probe(request: RunRequest, script: string, signal: AbortSignal): Promise<string>;
  /** Takes over a run whose worker died. @throws EngineError, `not_found` when it is gone */
  adopt(container: AgentContainer, signal: AbortSignal): Promise<AgentRun>;
  /**
   * Lists the containers of an installation that a run has had, running or not, and, unless only those of an incident are asked for,
   * unused ones of dead workers.
   * @throws EngineError
   */
  list(of: ListedContainers, signal?: AbortSignal): Promise<AgentContainer[]>;
  /** Stops and removes containers. @throws EngineError */
  remove(ids: readonly string[], signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds after its end for which a container keeps the agent's output for a worker (`start-agent.sh` holds it). */
export const OUTPUT_HOLD_MS = 900_000;

/** How long an agent script may overrun, in seconds. */
export interface ScriptGrace {
  /** Past the agent's own deadline, which the script enforces; then it gets SIGTERM. */
  overrun: number;
  /** Between SIGTERM and SIGKILL; the script cleans up in this time. */
  kill: number;
}

/** uid and gid of an agent in its container. */
export const AGENT_UID = 1000;

/** How the run of an agent ended, before its report is read. */
export type AgentExit =
  /** The agent exited by itself. `lastLine`: the last line of stderr, if any. */
  | { kind: 'exited'; code: number; lastLine: string }
  /** It passed its deadline. */
  | { kind: 'timed_out' }
  /** The container engine killed it, for instance out of memory. `reason`: empty if unknown. */
  | { kind: 'killed'; reason: string }
  /** The container engine or the image is unavailable. */
  | { kind: 'unavailable'; reason: string }
  /** A signal from outside stopped it. */
  | { kind: 'interrupted'; reason: string }
  /** It cannot be run with this configuration. */
  | { kind: 'unusable'; reason: string };
