import { deploymentStuck } from './rules/deployment-stuck.ts';
import { failedJob } from './rules/failed-job.ts';
import { nodeNotReady } from './rules/node-not-ready.ts';
import { podInTrouble } from './rules/pod-in-trouble.ts';
import type { Rule } from './rule.ts';

/** All rules, most specific first: the first that applies gives the diagnosis. Those for pods are in pod-rules.ts. */
export const RULES: readonly Rule[] = [failedJob, deploymentStuck, podInTrouble, nodeNotReady];
