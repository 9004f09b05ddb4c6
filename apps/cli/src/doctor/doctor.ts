import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { loadConfig, type LoadedConfig } from '@nightcrier/runtime/configuration/load-config';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { EXIT_CODES } from '@nightcrier/runtime/exit-code';
import type { Check, CheckContext } from './check.ts';
import { invalidConfiguration } from './checks/configuration.ts';
import { CHECKS } from './all-checks.ts';
import { findingsTable, summaryLine } from './findings-table.ts';
import { type CheckFinding, type OnProgress, runChecks } from './run-checks.ts';
import { SharedRedis } from './shared-redis.ts';

export interface DoctorOptions {
  file: string | undefined;
  format: 'table' | 'json';
  /** Names of checks; empty: all. */
  only: readonly string[];
}

/** What `doctor` is given of its surroundings. */
export interface DoctorSurroundings {
  environment: Record<string, string | undefined>;
  checks?: readonly Check[];
  now?: () => number;
  onProgress?: OnProgress;
}

const WIDTH_ELSEWHERE = 100;

/**
 * `nightcrier doctor [CONFIG]`: examines everything that Nightcrier depends on, and prints what is wrong with the fix.
 * @returns the exit code: 0 without a failure, 1 with one, 78 for an invalid configuration
 */
export async function doctor({ file, format, only }: DoctorOptions): Promise<number> {
  const checks = CHECKS.filter(({ name }) => only.length === 0 || only.includes(name));
  const onProgress = process.stderr.isTTY ? showProgress : undefined;
  const { findings, exitCode } = await diagnose(file, {
    environment: process.env,
    checks,
    ...(onProgress && { onProgress }),
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[2K');
  if (format === 'json') console.log(escapeControls(JSON.stringify({ ok: exitCode === EXIT_CODES.ok, findings })));
  else {
    const colors = process.stdout.isTTY && process.stdout.hasColors();
    console.log(findingsTable(findings, { width: process.stdout.columns ?? WIDTH_ELSEWHERE, colors }));
    console.log(`\n${summaryLine(findings)}`);
  }
  return exitCode;
}

/** Loads the configuration, and runs the checks. An invalid one is a finding, with which only what needs none is examined. */
export async function diagnose(
  file: string | undefined,
  { environment, checks = CHECKS, now = Date.now, onProgress }: DoctorSurroundings,
): Promise<{ findings: CheckFinding[]; exitCode: number }> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig({ flags: file === undefined ? {} : { config: file }, environment });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = invalidConfiguration(error.source, error.problems);
    return {
      findings: findings.map((finding) => ({ check: 'configuration', ...finding })),
      exitCode: EXIT_CODES.configuration,
    };
  }
  const { config, warnings } = loaded;
  const redis = new SharedRedis(config.redis);
  const context: CheckContext = { config, file: loaded.file, warnings, environment, redis, now };
  try {
    const findings = await runChecks(checks, context, onProgress);
    return { findings, exitCode: findings.some(({ state }) => state === 'failed') ? EXIT_CODES.failed : EXIT_CODES.ok };
  } finally {
    await redis.close();
  }
}

function showProgress({ done, total, next }: Parameters<OnProgress>[0]): void {
  process.stderr.write(`\r\u001B[2K${done}/${total} ${escapeControls(next).slice(0, 60)}`);
}
