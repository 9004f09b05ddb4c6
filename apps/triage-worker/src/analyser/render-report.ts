import type { ClusterEvent } from '@nightcrier/core/cluster-event';
import { describeResource } from '@nightcrier/core/fault';
import type { Diagnosis } from './diagnosis.ts';
import { code, fenced } from './safe-text.ts';

/** The report in Markdown, in the same shape as an agent's `investigation.md`. */
export function renderReport(diagnosis: Diagnosis, clusterEvent: ClusterEvent): string {
  const { title, summary, rootCause, confidence, quotes, recommendations } = diagnosis;
  const { cluster_name: cluster, event } = clusterEvent;
  const facts = { Cluster: cluster, Resource: describeResource(event.resource), Fault: event.faultType };
  const blocks = [
    `# ${title}`,
    Object.entries(facts)
      .map(([name, value]) => `**${name}:** ${code(value)}`)
      .join(' '),
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
