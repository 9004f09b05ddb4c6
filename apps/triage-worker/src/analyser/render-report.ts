import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { describeResource } from '@nightcrier/core/faults/fault';
import type { Diagnosis } from './diagnosis.ts';
import { code, fenced } from './safe-text.ts';

/**
 * The report in Markdown, in the same shape as an agent's `investigation.md`.
 * @param because why no agent has written it, where one should have
 */
export function renderReport(diagnosis: Diagnosis, clusterEvent: ClusterEvent, because?: string): string {
  const { title, summary, rootCause, confidence, quotes, recommendations } = diagnosis;
  const { cluster_name: cluster, event } = clusterEvent;
  const facts = { Cluster: cluster, Resource: describeResource(event.resource), Fault: event.faultType };
  const blocks = [
    `# ${title}`,
    Object.entries(facts)
      .map(([name, value]) => `**${name}:** ${code(value)}`)
      .join(' '),
    ...(because === undefined
      ? []
      : [`> Written by the built-in analyser, by rules alone, because the agent failed: ${code(because, 500)}`]),
    '## Summary',
    summary,
    '## Root Cause',
    rootCause,
    `Confidence: ${confidence}%`,
    '## Evidence',
    ...(quotes.length > 0 ? quotes.map((quote) => `${code(quote.command, 500)}\n\n${fenced(quote.text)}`) : ['None.']),
    '## Recommendations',
    recommendations.map((recommendation, index) => `${index + 1}. ${recommendation}`).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}
