import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { type Article, type ArticleMatch, matchArticle } from '@nightcrier/core/knowledge/article';
import { incidentLabelSets } from '@nightcrier/core/knowledge/incident-labels';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { KnowledgeFolder } from '@nightcrier/runtime/knowledge/knowledge-folder';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';

export interface KnowledgeTestOptions {
  output: 'table' | 'json';
  /** Configuration file with `knowledge_dir`. */
  config?: string;
  /** The folder, in place of `knowledge_dir`. */
  dir?: string;
}

/**
 * `nightcrier knowledge test INCIDENT`: prints which articles match an incident, and by which conditions.
 * @returns the exit code: 0; 1 if a file of the folder has a problem
 */
export async function testKnowledge(api: ApiClient, id: string, options: KnowledgeTestOptions): Promise<number> {
  const incident = await api.incident(id);
  const folder = options.dir ?? (await configuredFolder(options.config));
  const { articles, problems } = await new KnowledgeFolder().read(folder);
  const results = articles.map((article) => bestMatch(article, incident));
  for (const problem of problems) console.error(escapeControls(problem));
  if (options.output === 'json') {
    const shown = results.map(({ article, matches, conditions }) => ({
      file: article.file,
      title: article.title,
      matches,
      conditions,
    }));
    console.log(escapeControls(JSON.stringify({ incident_id: id, folder, articles: shown, problems })));
  } else console.log(escapeControls(described(results, folder)));
  return problems.length > 0 ? 1 : 0;
}

async function configuredFolder(config: string | undefined): Promise<string> {
  const flags: Record<string, string> = config === undefined ? {} : { config };
  const loaded = await loadConfig({ flags, environment: process.env, process: 'triage-worker' });
  return loaded.config.knowledge_dir;
}

/** The comparison with the labels that come nearest: those of any member, with any cause of the diagnosis. */
function bestMatch(article: Article, incident: Incident): ArticleMatch {
  const causes: Cause[] = incident.report?.diagnosis?.hypotheses.map(({ cause }) => cause) ?? [];
  const holding = ({ conditions }: ArticleMatch): number => conditions.filter(({ holds }) => holds).length;
  return incidentLabelSets(incident, causes)
    .map((labels) => matchArticle(article, labels))
    .reduce((best, match) => (holding(match) > holding(best) ? match : best));
}

function described(results: ArticleMatch[], folder: string): string {
  if (results.length === 0) return `${folder} has no articles`;
  return results
    .toSorted((a, b) => Number(b.matches) - Number(a.matches) || a.article.file.localeCompare(b.article.file))
    .map(({ article, matches, conditions }) =>
      [
        `${matches ? 'matches' : 'does not match'}  ${article.file}  ${article.title}`,
        ...conditions.map(
          ({ condition, holds, value }) => `  ${holds ? '✓' : '✗'} ${condition}  (is ${JSON.stringify(value)})`,
        ),
      ].join('\n'),
    )
    .join('\n');
}
