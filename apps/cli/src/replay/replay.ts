import { writeFile } from 'node:fs/promises';
import { summaryOf } from '@nightcrier/core/diagnosis/diagnosis';
import { describeResource } from '@nightcrier/core/faults/fault';
import type { AgentCli, Config } from '@nightcrier/core/settings/config';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { EXIT_CODES, ExitError } from '@nightcrier/runtime/exit-code';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { diagnose } from '@nightcrier/triage-worker/analyser/diagnose';
import { renderReport } from '@nightcrier/triage-worker/analyser/report/render-report';
import type { Evidence } from '@nightcrier/triage-worker/evidence/evidence';
import { readEvidence, RecordedEvidenceError } from '@nightcrier/triage-worker/evidence/read-evidence';
import { readReport } from '@nightcrier/triage-worker/report/read-report';
import { type ListColumn, printList } from '../lists/print-list.ts';
import { compare, type ComparedField, type Finding, findingOf, type Outcome } from './compare.ts';
import { findWorkspace } from './find-workspace.ts';
import { incidentOf, readIncident, readPermissions } from './recorded-incident.ts';
import type { Recorded } from './replay-with-agent.ts';

const COLUMNS: ListColumn<ComparedField>[] = [
  { head: 'field', text: ({ field }) => field },
  { head: 'recorded', text: ({ field, recorded }) => shown(field, recorded), least: 16 },
  { head: 'now', text: ({ field, now }) => shown(field, now), least: 16 },
  { head: 'comparison', text: ({ outcome }) => outcome.replaceAll('_', ' ') },
];

const CONCLUSIONS: Record<Outcome, string> = {
  same: 'same cause',
  different: 'different cause',
  not_recorded: 'the recorded report states no cause as data (output/diagnosis.json); compare the headlines',
  not_stated: 'the report of the replay states no cause as data (output/diagnosis.json); compare the headlines',
};

export interface ReplayOptions {
  config?: string;
  agent: AgentCli;
  model?: string;
  /** Where the report of the replay is written. */
  report?: string;
  output: 'table' | 'json';
}

/**
 * `nightcrier replay INCIDENT`: has the built-in analyser, or an AI agent, diagnose the recorded evidence of an incident, and prints the
 * result beside what was reported. Changes nothing of the incident, contacts no cluster.
 * @returns the exit code: 0 for the same cause, else 1
 */
export async function replay(id: string, options: ReplayOptions): Promise<number> {
  const { config: file, output } = options;
  const flags: Record<string, string> = file === undefined ? {} : { config: file };
  const { config } = await loadConfig({ flags, environment: process.env });
  const workspace = await findWorkspace(config.workspace_root, id);
  const incident = await readIncident(workspace);
  const { incident_id, cluster_name, fault } = incident;
  const evidence = recordedEvidence(workspace.evidence);
  const report = await readReport(workspace.output, 1);
  const recorded = report.valid ? findingOf(report.summary.diagnosis, report.summary) : {};
  if (!report.valid) console.error(escapeControls(`no report was recorded: ${report.problem}`));
  const permissions = await readPermissions(workspace);
  const { now, markdown } = await diagnoseAgain({ recorded: incident, permissions, evidence }, options, config);
  if (options.report !== undefined) await writeFile(options.report, markdown, { mode: 0o600 });
  const { outcome, fields } = compare(recorded, now);
  if (output === 'json') {
    const { collectedAt, pieces } = evidence;
    const { agent } = options;
    const about = { incident_id, cluster_name, agent, collected_at: collectedAt, pieces: pieces.length };
    console.log(escapeControls(JSON.stringify({ ...about, outcome, fields })));
  } else {
    const subject = `${fault.faultType} of ${describeResource(fault.resource)} in ${cluster_name}`;
    console.log(escapeControls(`${incident_id}: ${subject}, evidence of ${evidence.collectedAt}`));
    printList(fields, COLUMNS, { format: 'table', none: '' });
    console.log(escapeControls(CONCLUSIONS[outcome]));
  }
  return outcome === 'same' ? EXIT_CODES.ok : EXIT_CODES.failed;
}

async function diagnoseAgain(
  recorded: Recorded,
  { agent, model }: ReplayOptions,
  config: Config,
): Promise<{ now: Finding; markdown: string }> {
  const { evidence } = recorded;
  if (agent === 'builtin') {
    const { cluster_event: clusterEvent } = incidentOf(recorded.recorded);
    const diagnosis = diagnose(evidence, clusterEvent.event);
    return { now: findingOf(summaryOf(diagnosis)), markdown: renderReport(diagnosis, { clusterEvent, evidence }) };
  }
  console.error(escapeControls(`running ${agent} on the recorded evidence, for at most ${config.agent_timeout} s ...`));
  const { replayWithAgent } = await import('./replay-with-agent.ts');
  const { report, markdown } = await replayWithAgent(recorded, { agent, model }, config);
  return { now: findingOf(report.diagnosis, report), markdown };
}

function recordedEvidence(directory: string): Evidence {
  try {
    return readEvidence(directory);
  } catch (cause) {
    if (cause instanceof RecordedEvidenceError) throw new ExitError('no_input', cause.message, { cause });
    throw cause;
  }
}

function shown(field: string, value: string | number | null): string {
  if (value === null) return '–';
  return field === 'confidence' ? `${value} %` : String(value);
}
