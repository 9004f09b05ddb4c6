import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { type Article, matchingArticles } from '@nightcrier/core/knowledge/article';
import { incidentLabelSets } from '@nightcrier/core/knowledge/incident-labels';
import type { Logger } from '@nightcrier/core/logger';
import { KnowledgeFolder } from '@nightcrier/runtime/knowledge/knowledge-folder';

/** Of the articles that match, the most specific ones are used. */
const MOST_ARTICLES = 5;

/** The articles of `knowledge_dir`, read again for each incident. A problem of a file is logged once, until the file changes. */
export class KnowledgeBase {
  readonly #folder = new KnowledgeFolder();
  #logged: ReadonlySet<string> = new Set();

  /**
   * Returns the articles that match an incident.
   * @param causes of its hypotheses; one that matches suffices
   */
  async matching(
    folder: string,
    incident: Pick<Incident, 'cluster_event' | 'members'>,
    causes: readonly Cause[],
    logger: Logger,
  ): Promise<Article[]> {
    const { articles, problems } = await this.#folder.read(folder);
    for (const problem of problems) {
      if (!this.#logged.has(problem)) logger.warn({ problem }, 'knowledge file ignored');
    }
    this.#logged = new Set(problems);
    return matchingArticles(articles, incidentLabelSets(incident, causes)).slice(0, MOST_ARTICLES);
  }
}
