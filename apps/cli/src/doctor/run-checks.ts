import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import pLimit from 'p-limit';
import pTimeout, { TimeoutError } from 'p-timeout';
import type { Check, CheckContext, Examination } from './check.ts';
import { failed, type Finding, reasonOf } from './finding.ts';

export type CheckFinding = Finding & { check: string };

/** Examinations at once. */
const CONCURRENCY = 16;
const TIMEOUT_MS = 15_000;

/** What runs, for a terminal. */
export type OnProgress = (progress: { done: number; total: number; next: string }) => void;

/** Runs checks side by side, each examination within its time. Returns the findings in the order of the checks. Never rejects. */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  onProgress: OnProgress = () => undefined,
): Promise<CheckFinding[]> {
  const limit = pLimit(CONCURRENCY);
  const examinations = checks.flatMap(({ name, examine }) =>
    examine(context).map((examination) => ({ check: name, examination })),
  );
  let done = 0;
  const found = await Promise.all(
    examinations.map(async ({ check, examination }) => {
      const findings = await limit(async () => {
        onProgress({ done, total: examinations.length, next: `${check} ${examination.subject}` });
        return runOne(examination);
      });
      done += 1;
      return findings.map((finding): CheckFinding => ({ check, ...hidden(finding) }));
    }),
  );
  return found.flat();
}

async function runOne({ subject, timeoutMs = TIMEOUT_MS, run }: Examination): Promise<Finding[]> {
  const stopping = new AbortController();
  try {
    return await pTimeout(run(stopping.signal), { milliseconds: timeoutMs });
  } catch (error) {
    const isTimeout = error instanceof TimeoutError;
    const message = isTimeout ? `no result within ${timeoutMs / 1000} s` : reasonOf(error);
    const fix = isTimeout ? 'see whether it hangs, or a firewall drops its packets' : 'see the message';
    return [failed(subject, message, fix)];
  } finally {
    stopping.abort(new Error('the check has ended'));
  }
}

/** Servers repeat in their errors what they were sent. */
function hidden(finding: Finding): Finding {
  return {
    ...finding,
    message: hideSecrets(finding.message),
    ...('fix' in finding && { fix: hideSecrets(finding.fix) }),
  };
}
