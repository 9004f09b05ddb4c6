import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DETERMINED, Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { MODEL_PROVIDERS } from '@nightcrier/core/settings/agent-cli';
import { type AgentCli, Settings } from '@nightcrier/core/settings/config';
import { resolvePath } from '@nightcrier/runtime/configuration/resolve-paths';
import { execa } from 'execa';
import { type ScriptRun, scriptArguments } from '../../src/agent/run/script/script-arguments.ts';
import type { Evidence } from '../../src/evidence/evidence.ts';
import { writeEvidence } from '../../src/evidence/write-evidence.ts';
import { readReport, type ReportReading } from '../../src/report/read-report.ts';
import { makeWorkspace, writeIncident } from '../../src/workspace/workspace.ts';
import { writePrompt } from '../../src/workspace/write-prompt.ts';

/** How an agent is run over cases: `agent_*` settings of the product. */
export interface AgentOptions {
  agent: Exclude<AgentCli, 'builtin'>;
  model?: string | undefined;
  image?: string | undefined;
  network?: string | undefined;
  /** In place of `agent-container/run-agent.sh`. */
  script?: string | undefined;
  /** Seconds. */
  timeout?: number | undefined;
}

/** Runs an agent in its container as the worker does. */
const RUN_AGENT = 'agent-container/run-agent.sh';
/** What the script and the client of the container engine need. */
const INHERITED = ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'XDG_RUNTIME_DIR'];

/** The evaluation is a command of its own: keys reach it by its environment. */
// oxlint-disable-next-line node/no-process-env
const ENVIRONMENT = process.env;

/** What an agent found, in the form of a diagnosis, and its report. */
export interface AgentFinding {
  diagnosis?: Diagnosis;
  report?: string;
  /** Why there is no report. */
  problem?: string;
}

/** Runs an agent as the worker does, on the evidence and hypotheses of a case, and reads what it leaves. */
export async function runAgentCase(
  id: string,
  {
    fault,
    evidence,
    hypotheses,
    kubeconfig,
  }: { fault: FaultEvent; evidence: Evidence; hypotheses: Diagnosis; kubeconfig: string },
  options: AgentOptions,
): Promise<AgentFinding> {
  const root = mkdtempSync(path.join(tmpdir(), 'nightcrier-eval-agent-'));
  try {
    const settings = settingsOf(options);
    const workspace = makeWorkspace(root, id);
    const incident = incidentOf(id, fault, evidence.collectedAt);
    writeIncident(workspace, incident, undefined);
    writeEvidence(evidence, workspace.evidence);
    writePrompt(incident, workspace, settings, { diagnosis: hypotheses });
    const run = {
      incidentId: id,
      clusterName: 'eval',
      attempt: 1,
      kubeconfig,
      workspace,
      workerId: 'eval',
      instance: 'eval',
    };
    const words = options.script === undefined ? byHandArguments(run, settings) : scriptArguments(run, settings);
    const { exitCode, stderr } = await execa(resolvePath(options.script ?? RUN_AGENT), words, {
      cwd: workspace.directory,
      env: environmentOf(options.agent),
      extendEnv: false,
      reject: false,
      timeout: (settings.agent_timeout + 60) * 1000,
    });
    const reading = await readReport(workspace.output, settings.report_min_bytes);
    if (!reading.valid) return { problem: `exit code ${String(exitCode)}: ${reading.problem}: ${stderr.slice(-300)}` };
    return { report: reading.markdown, diagnosis: diagnosisOf(reading, path.join(workspace.output, 'diagnosis.json')) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The flags of `run-agent.sh`, which knows fewer than a script of one's own gets. */
function byHandArguments(run: ScriptRun, settings: Settings): string[] {
  const flags: [flag: string, value: string | undefined][] = [
    ['-w', run.workspace.directory],
    ['--kubeconfig', run.kubeconfig],
    ['--agent', settings.agent_cli],
    ['--image', settings.agent_image],
    ['--engine', settings.agent_engine],
    ['--network', settings.agent_network],
    ['--timeout', String(settings.agent_timeout)],
    ['--incident-id', run.incidentId],
    ['-m', settings.agent_model],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}

function settingsOf({ agent, model, image, network, timeout }: AgentOptions): Settings {
  const settings = Settings.parse({
    agent_cli: agent,
    ...(model && { agent_model: model }),
    ...(image && { agent_image: image }),
    ...(network && { agent_network: network }),
    ...(timeout && { agent_timeout: timeout }),
  });
  return {
    ...settings,
    agent_system_prompt_file: resolvePath(settings.agent_system_prompt_file),
  };
}

/** Keys and addresses of the agent's provider, from the environment of the evaluation. */
function environmentOf(agent: AgentOptions['agent']): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = ENVIRONMENT[name];
    if (value !== undefined) environment[name] = value;
  }
  for (const { key, baseUrl } of MODEL_PROVIDERS[agent]) {
    for (const name of [key.toUpperCase(), baseUrl.toUpperCase()]) {
      const value = ENVIRONMENT[name];
      if (value !== undefined) environment[name] = value;
    }
  }
  return environment;
}

function incidentOf(id: string, event: FaultEvent, at: string): Incident {
  const member = { ...event, received_at: at };
  return {
    incident_id: id,
    state: 'investigating',
    fingerprint: event.faultId,
    cluster_event: { cluster_name: 'eval', labels: {}, event, source: 'poll', received_at: at },
    recurrences: 0,
    first_seen: at,
    last_seen: at,
    members: [member],
    member_count: 1,
    created_at: at,
    attempts: 1,
  };
}

/** The diagnosis that the agent wrote as data; without one, its report, as an answer without a cause of the vocabulary. */
function diagnosisOf({ summary }: Extract<ReportReading, { valid: true }>, file: string): Diagnosis {
  // readReport has refused links and what is no regular file.
  if (summary.diagnosis) return Diagnosis.parse(JSON.parse(readFileSync(file, 'utf8')));
  const confidence = summary.confidence ?? DETERMINED;
  const culprit = { kind: 'Unknown', name: '' };
  const { title, root_cause: statement } = summary;
  const hypothesis = { cause: 'unknown', culprit, confidence, title, statement };
  return Diagnosis.parse({ determined: confidence >= DETERMINED, hypotheses: [hypothesis] });
}
