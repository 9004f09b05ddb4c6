import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type ResultPromise } from 'execa';

const RUN_AGENT = fileURLToPath(new URL('../../agent-container/run-agent.sh', import.meta.url));

/** The keys of the runs; one that is found elsewhere is a leak. */
export const KEYS = {
  ANTHROPIC_API_KEY: 'sk-ant-leak-me-not',
  OPENAI_API_KEY: 'sk-openai-leak-me-not',
  GEMINI_API_KEY: 'gemini-leak-me-not',
};

export type Agent = 'claude' | 'codex' | 'gemini' | 'goose';

/** An incident's directory as the triage worker creates it: private to its owner, with credentials unreadable for others. */
export class Workspace {
  readonly path: string;
  readonly container: string;

  private constructor(path: string) {
    this.path = path;
    this.container = `nc-${basename(path)}-1`;
  }

  static async create(options: { apiServer?: string; owner?: number } = {}): Promise<Workspace> {
    const path = await mkdtemp(join(tmpdir(), 'incident-'));
    const mode = 0o600;
    await writeFile(join(path, 'incident.json'), '{"faultType":"CrashLoopBackOff"}', { mode });
    await writeFile(join(path, 'incident_cluster_permissions.json'), '{"can_get_pods":true}', { mode });
    await writeFile(join(path, 'prompt-sent.md'), '# Investigate\n\nImage repo/app@sha256:abc fails.\n', { mode });
    await writeFile(join(path, 'kubeconfig'), kubeconfig(options.apiServer ?? 'http://127.0.0.1:1'), { mode });
    await mkdir(join(path, 'evidence'), { mode: 0o700 });
    await writeFile(join(path, 'evidence', 'pod.txt'), 'restarts: 7\n', { mode });
    if (options.owner !== undefined) {
      for (const file of ['', 'incident.json', 'incident_cluster_permissions.json', 'prompt-sent.md', 'kubeconfig']) {
        await chown(join(path, file), options.owner, options.owner);
      }
      for (const file of ['evidence', 'evidence/pod.txt']) await chown(join(path, file), options.owner, options.owner);
    }
    return new Workspace(path);
  }

  /** Returns the text of a file in the workspace, undefined if there is none. */
  async read(file: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.path, file), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Returns container.json ; empty if there is none. */
  async end(): Promise<Record<string, unknown>> {
    const end: Record<string, unknown> = JSON.parse((await this.read('logs/container.json')) ?? '{}');
    return end;
  }

  async remove(): Promise<void> {
    await execa('docker', ['rm', '--force', this.container], { reject: false });
    await rm(this.path, { recursive: true, force: true });
  }
}

export interface AttemptOptions {
  agent: Agent;
  image?: string;
  network?: string;
  llmUrl?: string;
  flags?: string[];
  /** Runs as this uid and gid instead of those of the test. */
  as?: { uid: number; gid: number };
}

/** Starts run-agent.sh on a workspace; await it for the exit code. */
export function startAttempt(workspace: Workspace, options: AttemptOptions): ResultPromise<{ reject: false }> {
  const flags = ['-w', workspace.path, '-m', 'scripted', '--kubeconfig', join(workspace.path, 'kubeconfig')];
  flags.push('--agent', options.agent);
  if (options.image !== undefined) flags.push('--image', options.image);
  if (options.network !== undefined) flags.push('--network', options.network);
  const llm = options.llmUrl ?? 'http://127.0.0.1:1';
  return execa(RUN_AGENT, [...flags, ...(options.flags ?? [])], {
    reject: false,
    forceKillAfterDelay: false,
    uid: options.as?.uid,
    gid: options.as?.gid,
    env: {
      ...KEYS,
      ANTHROPIC_BASE_URL: llm,
      OPENAI_BASE_URL: `${llm}/v1`,
      GOOGLE_GEMINI_BASE_URL: llm,
      ...(options.as ? { HOME: workspace.path } : {}),
    },
  });
}

/** Runs run-agent.sh with exactly these arguments and environment variables. */
export function runAgentScript(flags: string[], env: Record<string, string> = {}): ResultPromise<{ reject: false }> {
  return execa(RUN_AGENT, flags, { reject: false, env: { ...KEYS, ...env } });
}

export async function containerExists(name: string): Promise<boolean> {
  const { stdout } = await execa('docker', ['ps', '--all', '--quiet', '--filter', `name=^/${name}$`]);
  return stdout !== '';
}

/** Returns `docker inspect` of a running container; undefined while there is none. */
export async function inspectRunning(name: string): Promise<string | undefined> {
  const { stdout, failed } = await execa('docker', ['inspect', '--type', 'container', name], { reject: false });
  return !failed && stdout.includes('"Running": true') ? stdout : undefined;
}

function kubeconfig(server: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "${server}"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: default}}]
current-context: x
`;
}
