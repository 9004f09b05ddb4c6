import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { Article } from '@nightcrier/core/knowledge/article';
import type { TriageContext } from '../triage-context.ts';

/** Adds the articles that match an incident to its report: a section at the end of the Markdown, and a field of the summary. */
export async function linkKnowledge(
  outcome: TriageOutcome,
  incident: Incident,
  { config, knowledge, logger }: Pick<TriageContext, 'config' | 'knowledge' | 'logger'>,
): Promise<TriageOutcome> {
  if (outcome.kind !== 'reported') return outcome;
  const causes = outcome.report.diagnosis?.hypotheses.map(({ cause }) => cause) ?? [];
  const articles = await knowledge.matching(config.knowledge_dir, incident, causes, logger);
  if (articles.length === 0) return outcome;
  return {
    ...outcome,
    report: {
      ...outcome.report,
      knowledge: articles.map(({ file, title, links }) => ({ file, title, links: [...links] })),
    },
    markdown: `${outcome.markdown.trimEnd()}\n\n${knowledgeSection(articles)}\n`,
  };
}

function knowledgeSection(articles: Article[]): string {
  const items = articles.map(({ file, title, links }) => {
    const named = links.map((link) => `[${text(link.title)}](<${link.url.replaceAll(/[<>\s]/g, encodeURIComponent)}>)`);
    return `- ${text(title)} (\`${file.replaceAll('`', '')}\`)${named.length > 0 ? `: ${named.join(', ')}` : ''}`;
  });
  return `## Knowledge\n\n${items.join('\n')}`;
}

/** Text inside a line of Markdown, without effect on it. */
function text(value: string): string {
  return value.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>|~#]/g, String.raw`\$&`);
}
