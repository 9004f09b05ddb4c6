import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { PodCase } from './pod-case.ts';

/** A sort of trouble that a single pod shows. Pure. Nothing when the trouble of the pod is of another sort. */
export type PodRule = (pod: PodCase) => Hypothesis | undefined;
