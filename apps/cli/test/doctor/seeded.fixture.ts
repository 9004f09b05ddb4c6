import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { createServer } from 'node:http';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { Check } from '../../src/doctor/check.ts';
import { CHECKS } from '../../src/doctor/all-checks.ts';
import { diagnose } from '../../src/doctor/doctor.ts';
import type { CheckFinding } from '../../src/doctor/run-checks.ts';

/** A bearer token of the simulated cluster that only reads. */
export const READER = 'reader-token';

/** Settings as in a configuration file. */
type Document = Record<string, unknown>;

/** A misconfiguration, what finds it, and how its fix is applied. */
export interface Seed {
  /** Changes of a configuration that suits. `clusters` replaces its clusters. */
  settings?: Document;
  environment?: Record<string, string>;
  now?: () => number;
  check?: Check;
  /** Applies the fix as it was printed, or as a person would understand it. Returns the changes of the configuration after it. */
  apply?: (fix: string) => Promise<Document | void>;
}

/** One row: the name of the misconfiguration, the check that finds it, its message and its fix. */
export interface Row {
  name: string;
  check: string;
  state?: 'warning' | 'failed';
  finds: RegExp;
  fix: RegExp;
  seed: (bench: SeededSystem) => Promise<Seed> | Seed;
}

/** A folder, a simulated cluster with TLS, and a configuration for both that suits. */
export class SeededSystem implements AsyncDisposable {
  readonly folder: string;
  readonly cluster: SimulatedCluster;
  readonly redisUrl: string;
  #files = 0;

  private constructor(folder: string, cluster: SimulatedCluster, redisUrl: string) {
    this.folder = folder;
    this.cluster = cluster;
    this.redisUrl = redisUrl;
  }

  static async start(redisUrl: string): Promise<SeededSystem> {
    const cluster = await startSimulatedCluster({
      name: 'west',
      tls: true,
      users: { [READER]: 'read-only' },
    });
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-doctor-'));
    return new SeededSystem(folder, cluster, redisUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Writes a file that only its owner can read. Returns its path. */
  async file(text: string): Promise<string> {
    const file = path.join(this.folder, `file-${(this.#files += 1)}`);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  /** The entry of the cluster, with changes of its sections. */
  async entry(
    changes: { mcp?: Document; triage?: Document; source?: string } = {},
    kubeconfig?: string,
  ): Promise<Document> {
    const { mcp = {}, triage = {}, ...rest } = changes;
    return {
      name: 'west',
      ...(rest.source !== 'kubernetes' && { mcp: { endpoint: this.cluster.mcpEndpoint, ...mcp } }),
      triage: {
        enabled: true,
        kubeconfig: kubeconfig ?? (await this.file(this.cluster.kubeconfig(READER))),
        ...triage,
      },
      ...rest,
    };
  }

  /** The findings of one check for a configuration. */
  async examine(check: string, seed: Omit<Seed, 'apply'>): Promise<{ findings: CheckFinding[]; exitCode: number }> {
    const document = {
      clusters: [await this.entry()],
      data_dir: path.join(this.folder, 'data'),
      workspace_root: path.join(this.folder, 'incidents'),
      api: { port: 0 },
      redis: { url: this.redisUrl, key_prefix: 'nc' },
      ...seed.settings,
    };
    const file = path.join(this.folder, 'nightcrier.yaml');
    await writeFile(file, stringify(document), { mode: 0o600 });
    const checks = seed.check ? [seed.check] : CHECKS.filter(({ name }) => name === check);
    const environment = { PATH: process.env.PATH, HOME: this.folder, ...seed.environment };
    return diagnose(file, { environment, checks, ...(seed.now && { now: seed.now }) });
  }
}

/** Seeds a misconfiguration, which `doctor` must find and nothing else. Returns what remains when its fix has been applied. */
export async function findsAndFixes(system: SeededSystem, row: Row): Promise<CheckFinding[]> {
  const { check, state = 'failed', finds, fix } = row;
  const seed = await row.seed(system);
  const { findings, exitCode } = await system.examine(check, seed);
  const problems = findings.filter((one) => one.state === 'failed' || one.state === 'warning');
  expect(problems).toEqual([
    expect.objectContaining({
      check,
      state,
      message: expect.stringMatching(finds),
      fix: expect.stringMatching(fix),
    }),
  ]);
  expect(exitCode > 0).toBe(state === 'failed');
  if (!seed.apply) return [];
  const [problem] = problems;
  const changes = await seed.apply(problem && 'fix' in problem ? problem.fix : '');
  const after = await system.examine(check, { ...seed, settings: { ...seed.settings, ...changes } });
  expect(after.exitCode).toBe(0);
  return after.findings.filter((one) => one.state === 'failed' || one.state === 'warning');
}

/** Runs the command that a fix begins with. What follows it is for people. */
export async function runFix(fix: string): Promise<void> {
  const [command = ''] = fix.split(/, (?:and|or|for) /);
  await execa(command, { shell: true });
}

/** Returns a file that every user can read. */
export async function exposed(file: string): Promise<string> {
  await chmod(file, 0o644);
  return file;
}

/** Starts an HTTP server that answers everything alike, until the test ends. Returns its origin. */
export async function answering(
  status: number,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}
