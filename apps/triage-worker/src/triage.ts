import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { diagnose } from './analyser/diagnose.ts';
import { investigate } from './agent/investigate.ts';
import { findStartingPoint } from './agent/starting-point.ts';
import { beginAttempt, claim } from './prepare/claim.ts';
import type { Evidence } from './evidence/evidence.ts';
import { writeEvidence } from './evidence/write-evidence.ts';
import { gatherEvidence } from './prepare/gather-evidence.ts';
import { linkKnowledge } from './knowledge/link-knowledge.ts';
import { preflight } from './prepare/preflight.ts';
import { checkReport } from './report-check/check-report.ts';
import type { TriageContext } from './triage-context.ts';
import { TriageEnded } from './triage-ended.ts';
import { alongside, together } from '@nightcrier/core/async/together';
import { evidenceSeconds } from '@nightcrier/runtime/metrics/process-metrics';
import { makeWorkspace, type Workspace, writeIncident } from './workspace/workspace.ts';
import { writePrompt } from './workspace/write-prompt.ts';

/**
 * Runs triage on one incident, stage by stage. A stage that decides the outcome throws {@link TriageEnded}. Never rejects:
 * an unexpected error becomes an outcome too.
 * @param row of the incident, being read
 */
export async function triage(
  incidentId: string,
  row: Promise<Incident | undefined>,
  context: TriageContext,
): Promise<TriageOutcome> {
  const { config, stages } = context;
  try {
    const claimed = await stages.time('claim', claim(incidentId, row, context));
    // The cluster is the slowest: its requests start first, and all other stages run concurrently.
    const allowed = stages.time('preflight', preflight(claimed, context));
    const gathered = allowed.then(async () => {
      const measured = evidenceSeconds.startTimer();
      return stages.time('evidence', gatherEvidence(claimed, context)).finally(measured);
    });
    return await alongside(gathered, async () => {
      const [, start, permissions] = await together(
        stages.time('begin', beginAttempt(claimed, context)),
        findStartingPoint(claimed, context),
        allowed,
      );
      const resume = start.orphan !== undefined;
      const workspace = makeWorkspace(config.workspace_root, incidentId, { resume });
      const evidence = fillWorkspace(workspace, claimed.incident, permissions, gathered, { ...context, resume });
      return alongside(evidence, async () => {
        const outcome = await stages.time('agent', investigate(start, claimed, workspace, evidence, context));
        return linkKnowledge(await checkReport(outcome, workspace, claimed, context), claimed.incident, context);
      });
    });
  } catch (error) {
    return outcomeOf(error, context);
  }
}

/** Writes the input of the agent; resolves when it is complete. */
async function fillWorkspace(
  workspace: Workspace,
  incident: Incident,
  permissions: ClusterPermissions,
  gathered: Promise<Evidence>,
  { config, stages, knowledge, logger, resume }: TriageContext & { resume: boolean },
): Promise<Evidence> {
  const redacted = await redactIncident(incident);
  writeIncident(workspace, redacted, permissions);
  if (!resume) writePrompt(redacted, workspace, config);
  const evidence = await gathered;
  writeEvidence(evidence, workspace.evidence);
  if (!resume && config.agent_cli !== 'builtin' && evidence.pieces.length > 0) {
    const diagnosis = diagnose(evidence, redacted.cluster_event.event);
    const causes = diagnosis.hypotheses.map(({ cause }) => cause);
    const articles = await knowledge.matching(config.knowledge_dir, incident, causes, logger);
    writePrompt(redacted, workspace, config, { diagnosis, articles });
  }
  logger.debug({ stages_ms: stages.times() }, 'workspace completed');
  return evidence;
}

function outcomeOf(error: unknown, { signal, logger }: TriageContext): TriageOutcome {
  if (error instanceof TriageEnded) return error.outcome;
  if (signal.aborted) return { kind: 'requeue', reason: String(signal.reason) };
  const systemProblem = describeSystemError(error);
  if (systemProblem !== undefined) return { kind: 'retry', reason: systemProblem };
  logger.error({ error }, 'triage failed unexpectedly');
  return { kind: 'retry', reason: `unexpected error: ${error instanceof Error ? error.message : String(error)}` };
}

const SYSTEM_PROBLEMS: Record<string, string> = {
  ENOSPC: 'the disk of the workspaces is full; free space under workspace_root',
  EDQUOT: "the disk quota of the worker's user is exhausted; free space under workspace_root",
  EACCES: "the worker's user may not write the workspace; correct owner or mode of workspace_root",
  EPERM: "the worker's user may not write the workspace; correct owner or mode of workspace_root",
  EROFS: 'the file system of the workspaces is read-only; choose another workspace_root',
  ENOTDIR: 'a part of the path is not a directory; choose another workspace_root',
  EEXIST: 'a file is in the place of the workspace; choose another workspace_root',
};

/** Describes a failed system call, such as a write to a full disk, and what to do. */
function describeSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error)) {
    return undefined;
  }
  const meaning = SYSTEM_PROBLEMS[error.code];
  return meaning === undefined ? error.message : `${meaning} (${error.message})`;
}
