import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { hostname } from 'node:os';
import type { ScriptGrace } from '../agent-runtime.ts';
import type { NotifierTimes } from '../notification/notifier.ts';
import type { SocketTimes } from '../notification/slack/slack-socket.ts';
import type { AlertmanagerTimes } from '../notification/targets/alertmanager.ts';
import type { LockSettings } from '../queue/triage-worker.ts';

/** Names this process on what it starts. */
export const WORKER_ID = `${hostname()}-${process.pid}`;

export interface TriageWorkerOptions {
  config: Config;
  logger: Logger;
  /** Environment of the process; a script of `agent_script_path` gets only what `scriptEnvironment` names. */
  environment: Record<string, string | undefined>;
  lock?: LockSettings;
  /** Time without a heartbeat after which the incidents of another worker are taken over, ms. */
  deadAfter?: number;
  /** Milliseconds before the second attempt, and the longest such delay. */
  retryDelay?: { initial: number; max: number };
  grace?: ScriptGrace;
  notifierTimes?: NotifierTimes;
  /** Between two checks of the installation itself, ms. */
  selfWatchInterval?: number;
  /** Maximum messages to Slack per `duration` ms. */
  slackRate?: { max: number; duration: number };
  alertmanagerTimes?: AlertmanagerTimes;
  socketTimes?: SocketTimes;
}

/** What all parts of a worker are set up with. */
export interface WorkerSetup {
  options: TriageWorkerOptions;
  /** Releases what the parts acquire: what is acquired first is released last. */
  lifecycle: Lifecycle;
  /** Returns the current configuration. */
  config: () => Config;
  /** Registers a part that applies a changed configuration. */
  onReload: (apply: (config: Config) => void) => void;
}
