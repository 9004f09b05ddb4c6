import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterPermissions } from '@nightcrier/core/cluster-permissions';
import type { Config } from '@nightcrier/core/config';
import type { Incident } from '@nightcrier/core/incident';
import type { TriageOutcome } from '@nightcrier/core/triage-outcome';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { findLeftRun } from './agent/find-left-run.ts';
import { guardAgents } from './agent/guard-agents.ts';
import { claim } from './claim.ts';
import { writeEvidence } from './evidence/write-evidence.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { preflight } from './preflight.ts';
import { checkQuotes } from './report/check-quotes.ts';
import type { TriageContext } from './triage-context.ts';
import { TriageEnded } from './triage-ended.ts';
import { together } from './together.ts';
import { makeWorkspace, type Workspace, writeIncident } from './workspace/workspace.ts';
import { writePrompt } from './workspace/write-prompt.ts';

/**
 * One triage run, stage by stage. A stage that ends the run throws {@link TriageEnded}. Never rejects: what no stage
 * foresaw becomes an outcome too.
 */
export async function triage(incidentId: string, context: TriageContext): Promise<TriageOutcome> {
  const { config, stages, logger } = context;
  try {
    const claimed = await stages.time('claim', claim(incidentId, context));
    const permissions = await stages.time('preflight', preflight(claimed, context));
    const left = await findLeftRun(claimed, context);
    const [evidence, workspace] = await together(
      stages.time('evidence', gatherEvidence(claimed, context)),
      stages.time('workspace', prepare(claimed.incident, permissions, config, { resume: left !== undefined })),
    );
    writeEvidence(evidence, workspace.evidence);
    logger.debug({ stages_ms: stages.times() }, 'agent begins');
    const outcome = await guardAgents(claimed, workspace, evidence, context, left);
    return await checkQuotes(outcome, workspace, logger);
  } catch (error) {
    return outcomeOf(error, context);
  }
}

async function prepare(
  unredacted: Incident,
  permissions: ClusterPermissions,
  config: Config,
  { resume }: { resume: boolean },
): Promise<Workspace> {
  const incident = await redactIncident(unredacted);
  // Writing keeps this process busy; the requests for evidence go out first.
  await sleep(1);
  const workspace = makeWorkspace(config.workspace_root, incident.incident_id, { resume });
  writeIncident(workspace, incident, permissions);
  if (!resume) writePrompt(incident, workspace, config);
  return workspace;
}

function outcomeOf(error: unknown, { signal, logger }: TriageContext): TriageOutcome {
  if (error instanceof TriageEnded) return error.outcome;
  if (signal.aborted) return { kind: 'requeue', reason: String(signal.reason) };
  const systemProblem = describeSystemError(error);
  if (systemProblem !== undefined) return { kind: 'retry', reason: systemProblem };
  logger.error({ error }, 'triage ended in an unforeseen error');
  return { kind: 'retry', reason: `unforeseen error: ${error instanceof Error ? error.message : String(error)}` };
}

const SYSTEM_PROBLEMS: Record<string, string> = {
  ENOSPC: 'the disk of the workspaces is full; free some space under workspace_root',
  EDQUOT: "the disk quota of the worker's user is used up; free some space under workspace_root",
  EACCES: "the worker's user may not write there; correct owner or mode of workspace_root",
  EPERM: "the worker's user may not write there; correct owner or mode of workspace_root",
  EROFS: 'the file system of the workspaces is read-only; choose another workspace_root',
  ENOTDIR: 'a part of the path is not a directory; choose another workspace_root',
  EEXIST: 'something else is in the place of the workspace; choose another workspace_root',
};

/** What a failed system call, such as a write to a full disk, means to an operator. */
function describeSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error)) {
    return undefined;
  }
  const meaning = SYSTEM_PROBLEMS[error.code];
  return meaning === undefined ? error.message : `${meaning} (${error.message})`;
}
