import { summaryOf } from '@nightcrier/core/diagnosis/diagnosis';
import { describeResource } from '@nightcrier/core/faults/fault';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { EXIT_CODES, ExitError } from '@nightcrier/runtime/exit-code';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { diagnose } from '@nightcrier/triage-worker/analyser/diagnose';
import type { Evidence } from '@nightcrier/triage-worker/evidence/evidence';
import { readEvidence, RecordedEvidenceError } from '@nightcrier/triage-worker/evidence/read-evidence';
import { readReport } from '@nightcrier/triage-worker/report/read-report';
import { type ListColumn, printList } from '../lists/print-list.ts';
import { compare, type ComparedField, findingOf, type Outcome } from './compare.ts';
import { findWorkspace, readIncident } from './find-workspace.ts';

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
};

/**
 * `nightcrier replay INCIDENT`: runs the built-in analyser on the recorded evidence of an incident, and prints what it finds beside
 * what was reported. Writes nothing, contacts nothing.
 * @returns the exit code: 0 for the same cause, else 1
 */
export async function replay(
  id: string,
  { config: file, output }: { config?: string; output: 'table' | 'json' },
): Promise<number> {
  const flags: Record<string, string> = file === undefined ? {} : { config: file };
  const { config } = await loadConfig({ flags, environment: process.env });
  const workspace = await findWorkspace(config.workspace_root, id);
  const { incident_id, cluster_name, fault } = await readIncident(workspace);
  const evidence = recordedEvidence(workspace.evidence);
  const report = await readReport(workspace.output, 1);
  const recorded = report.valid ? findingOf(report.summary.diagnosis, report.summary) : {};
  const now = findingOf(summaryOf(diagnose(evidence, fault)));
  const { outcome, fields } = compare(recorded, now);
  if (!report.valid) console.error(escapeControls(`no report was recorded: ${report.problem}`));
  if (output === 'json') {
    const { collectedAt, pieces } = evidence;
    const about = { incident_id, cluster_name, collected_at: collectedAt, pieces: pieces.length };
    console.log(escapeControls(JSON.stringify({ ...about, outcome, fields })));
  } else {
    const subject = `${fault.faultType} of ${describeResource(fault.resource)} in ${cluster_name}`;
    console.log(escapeControls(`${incident_id}: ${subject}, evidence of ${evidence.collectedAt}`));
    printList(fields, COLUMNS, { format: 'table', none: '' });
    console.log(escapeControls(CONCLUSIONS[outcome]));
  }
  return outcome === 'same' ? EXIT_CODES.ok : EXIT_CODES.failed;
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
