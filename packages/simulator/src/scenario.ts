import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Severity } from '@nightcrier/core/faults/severity';
import { parse } from 'yaml';
import { z } from 'zod';
import { mergePatch } from './merge-patch.ts';

const SCENARIO_FOLDER = fileURLToPath(new URL('../scenarios/', import.meta.url));

const HARMLESS = 'harmless/';
const INSTALLED = 'installed/';

const duration = z.string().regex(/^\d+[smhd]$/, 'write a number and s, m, h or d, such as 5m');
/** Key of an object of the scenario. */
const objectKey = z.string().min(1);

const ScenarioObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
});

const ScenarioEvent = z.strictObject({
  about: objectKey,
  /** Container of the event; becomes the fieldPath `spec.containers{name}`. */
  container: z.string().optional(),
  type: z.enum(['Normal', 'Warning']),
  reason: z.string(),
  message: z.string(),
  count: z.int().positive().default(1),
  first: duration,
  /** Default: `first`. */
  last: duration.optional(),
  /** The component that reports it: kubelet, default-scheduler, … */
  from: z.string(),
  host: z.string().optional(),
});
export type ScenarioEvent = z.infer<typeof ScenarioEvent>;

const ScenarioLog = z.strictObject({
  about: objectKey,
  container: z.string(),
  current: z.string().optional(),
  previous: z.string().optional(),
});

const ScenarioFault = z.strictObject({
  about: objectKey,
  faultType: z.enum([
    'PodCrash',
    'CrashLoop',
    'NodeUnhealthy',
    'DeploymentFailure',
    'JobFailure',
    // The MCP server has no detector for the following.
    'CertificateExpiry',
    'ContainerConfigError',
    'ImagePull',
    'OOMKilled',
    'ProbeFailure',
    'Unschedulable',
  ]),
  /** Container of the fault: part of the faultId, although the server does not send it. */
  container: z.string().optional(),
  severity: Severity,
  context: z.string().optional(),
});

/** What objects were like before they became what the scenario ends with. */
const ScenarioStep = z.strictObject({
  ago: duration,
  /** How each differs from its last state, as a merge patch; null: it does not exist yet. */
  objects: z.record(objectKey, z.looseObject({}).nullable()),
});
export type ScenarioStep = z.infer<typeof ScenarioStep>;

/**
 * A scenario: the objects, events and logs of a real cluster with a fault (or without one, for the baseline and for what only
 * looks like a fault), what they went through, and the fault. Texts may have placeholders, see placeholders.ts. The scenario
 * is merged into objects that exist.
 */
export const Scenario = z.strictObject({
  summary: z.string(),
  /** The actual root cause, as a good report would state it. For tests and evaluations. */
  rootCause: z.string(),
  defaults: z.strictObject({ namespace: z.string(), name: z.string() }),
  /** As the scenario leaves them. */
  objects: z.record(objectKey, ScenarioObject),
  /** What came before, oldest first. */
  history: z.array(ScenarioStep).default([]),
  /** When the objects of the history became what they are. */
  since: duration.default('0s'),
  events: z.array(ScenarioEvent).default([]),
  logs: z.array(ScenarioLog).default([]),
  fault: ScenarioFault.optional(),
});
export type Scenario = z.infer<typeof Scenario>;

/** Names of all scenarios with a fault, in alphabetical order. */
export const scenarioNames: readonly string[] = namesIn('').filter((name) => name !== 'baseline');

/** Names of the scenarios in which nothing is wrong, although it looks so for a moment, in alphabetical order. */
export const harmlessScenarioNames: readonly string[] = namesIn(HARMLESS);

/** Names of the scenarios about kinds that are installed in some clusters only, such as those of cert-manager. */
export const installedScenarioNames: readonly string[] = namesIn(INSTALLED);

function namesIn(folder: string): string[] {
  return readdirSync(`${SCENARIO_FOLDER}${folder}`)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Cache of parsed scenarios: a process may start a thousand clusters. */
const loaded = new Map<string, Scenario>();

/** Loads a scenario by its name; `baseline` is the healthy state that every cluster starts from. */
export function loadScenario(name: string): Scenario {
  const folder = harmlessScenarioNames.includes(name)
    ? HARMLESS
    : installedScenarioNames.includes(name)
      ? INSTALLED
      : '';
  if (name !== 'baseline' && folder === '' && !scenarioNames.includes(name)) {
    const names = [...scenarioNames, ...installedScenarioNames, ...harmlessScenarioNames].join(', ');
    throw new Error(`unknown scenario "${name}"; use one of: ${names}`);
  }
  let scenario = loaded.get(name);
  if (!scenario) {
    scenario = parseScenario(readFileSync(`${SCENARIO_FOLDER}${folder}${name}.yaml`, 'utf8'), name);
    loaded.set(name, scenario);
  }
  return scenario;
}

/** Merges a scenario with `extends: <fragment>` into the objects of that fragment; null removes an object. */
function extended(document: unknown): unknown {
  const { extends: fragment, ...scenario } = z.looseObject({ extends: z.string().optional() }).parse(document);
  if (fragment === undefined) return scenario;
  const base: unknown = parse(readFileSync(`${SCENARIO_FOLDER}fragments/${fragment}.yaml`, 'utf8'));
  return mergePatch({ objects: base }, scenario);
}

/** Parses a scenario from YAML. Throws an Error with its name and all problems. */
export function parseScenario(yaml: string, name: string): Scenario {
  const result = Scenario.safeParse(extended(parse(yaml, { merge: true })));
  if (!result.success) throw new Error(`scenario "${name}" is invalid:\n${z.prettifyError(result.error)}`);
  const { objects, events, logs, fault, history } = result.data;
  const inHistory = history.flatMap((step) => Object.keys(step.objects)).map((about) => ({ about }));
  for (const { about } of [...events, ...logs, ...inHistory, ...(fault ? [fault] : [])]) {
    if (!(about in objects))
      throw new Error(`scenario "${name}" refers to "${about}", which is not one of its objects`);
  }
  return result.data;
}
