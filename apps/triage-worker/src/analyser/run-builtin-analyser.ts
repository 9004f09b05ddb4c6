import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Evidence } from '../evidence/evidence.ts';
import { replaceFile } from '../workspace/workspace.ts';
import { diagnose } from './diagnose.ts';
import { renderReport } from './report/render-report.ts';

/** Diagnoses and writes `investigation.md` and `diagnosis.json` into the attempt's output directory, which is made if need be. */
export function runBuiltinAnalyser(options: {
  evidence: Evidence;
  clusterEvent: ClusterEvent;
  outputDirectory: string;
  /** Why it is not the configured agent that investigates, where it is not; the report says so. */
  because?: string | undefined;
}): Diagnosis {
  const { evidence, clusterEvent, outputDirectory, because } = options;
  const diagnosis = diagnose(evidence, clusterEvent.event);
  mkdirSync(outputDirectory, { recursive: true });
  replaceFile(path.join(outputDirectory, 'diagnosis.json'), `${JSON.stringify(diagnosis, null, 2)}\n`);
  replaceFile(
    path.join(outputDirectory, 'investigation.md'),
    renderReport(diagnosis, { clusterEvent, evidence, because }),
  );
  return diagnosis;
}
