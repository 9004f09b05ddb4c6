import { execa } from 'execa';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';
import type { AgentExit } from '../../../agent-runtime.ts';
import type { TriageContext } from '../../../triage-context.ts';
import { replaceFile } from '../../../workspace/workspace.ts';
import { lastLine } from './last-line.ts';
import { type ScriptRun, scriptArguments } from './script-arguments.ts';
import { scriptEnvironment } from './script-environment.ts';
import { readExit } from './script-exit.ts';
import { forgetScript, recordScript } from './script-process.ts';

/** In the workspace: the kubeconfig that leads through the gateway. */
const KUBECONFIG = 'agent-kubeconfig.yaml';

/**
 * Runs a script of `agent_script_path` on a complete workspace, as the leader of a process group. An abort or the outer
 * deadline stops it and its descendants with SIGTERM, then with SIGKILL; the first of the two is the cause that counts.
 * @param run `kubeconfig` is that of the cluster; the script gets that of its access, if there is one
 * @throws the signal's reason, once the script has exited
 */
export async function runScript(
  script: string,
  run: ScriptRun,
  access: Parameters<typeof scriptEnvironment>[0] & { kubeconfig: string | undefined },
  { config, grace, signal, environment }: Pick<TriageContext, 'config' | 'grace' | 'signal' | 'environment'>,
): Promise<AgentExit> {
  signal.throwIfAborted();
  const { directory, logs } = run.workspace;
  const kubeconfig = access.kubeconfig === undefined ? run.kubeconfig : path.join(directory, KUBECONFIG);
  if (access.kubeconfig !== undefined) replaceFile(kubeconfig, access.kubeconfig);
  const stderrFile = path.join(logs, 'script-stderr.log');
  using stdout = await openLog(path.join(logs, 'script-stdout.log'));
  using stderr = await openLog(stderrFile);
  const running = execa(script, scriptArguments({ ...run, kubeconfig }, config), {
    cwd: directory,
    // Nothing else is inherited.
    env: scriptEnvironment(access, environment),
    extendEnv: false,
    stdin: 'ignore',
    // Their descriptors are passed on, so the script can write when this worker has died.
    stdout: stdout.stream,
    stderr: stderr.stream,
    timeout: Math.ceil((config.agent_timeout + grace.overrun) * 1000),
    cancelSignal: signal,
    forceKillAfterDelay: Math.ceil(grace.kill * 1000),
    killDescendants: true,
    reject: false,
  });
  if (running.pid !== undefined) recordScript(directory, running.pid);
  const result = await running;
  await forgetScript(directory);
  if (result.isCanceled) signal.throwIfAborted();
  return readExit(script, result, await lastLine(stderrFile));
}

/** @throws ErrnoException when the file cannot be written */
async function openLog(file: string): Promise<{ stream: WriteStream } & Disposable> {
  const stream = createWriteStream(file, { mode: 0o600 });
  await once(stream, 'open');
  return { stream, [Symbol.dispose]: () => void stream.destroy() };
}
