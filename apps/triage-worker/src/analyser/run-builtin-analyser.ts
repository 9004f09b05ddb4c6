import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ClusterEvent } from '@nightcrier/core/cluster-event';
import writeFileAtomic from 'write-file-atomic';
import type { Evidence } from '../evidence/evidence.ts';
import { diagnose } from './diagnose.ts';
import type { Diagnosis } from './diagnosis.ts';
import { renderReport } from './render-report.ts';

/** Diagnoses and writes `investigation.md` into the attempt's output directory, which is made if need be. */
export async function runBuiltinAnalyser(options: {
  evidence: Evidence;
  clusterEvent: ClusterEvent;
  outputDirectory: string;
  /** Why it is not the configured agent that investigates, where it is not; the report says so. */
  because?: string | undefined;
}): Promise<Diagnosis> {
  const { evidence, clusterEvent, outputDirectory, because } = options;
  const diagnosis = diagnose(evidence, clusterEvent.event);
  await mkdir(outputDirectory, { recursive: true });
  await writeFileAtomic(path.join(outputDirectory, 'investigation.md'), renderReport(diagnosis, clusterEvent, because));
  return diagnosis;
}
