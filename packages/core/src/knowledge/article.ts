import type { Cause } from '../diagnosis/cause.ts';
import type { Labels, Matcher } from '../matching/matcher.ts';

/** A Markdown file that a team keeps: what is known about the incidents that its front matter matches. */
export interface Article {
  /** Path below the folder of the knowledge, such as `shop/orders-db.md`. */
  file: string;
  title: string;
  /** All of them must match. */
  matchers: readonly Matcher[];
  /** One of them must be the cause; empty: any cause. */
  causes: readonly Cause[];
  links: readonly ArticleLink[];
  /** Markdown, without the front matter. */
  body: string;
}

export interface ArticleLink {
  title: string;
  url: string;
}

/** Why an article matches a set of labels, or what prevents it. */
export interface ArticleMatch {
  article: Article;
  matches: boolean;
  /** Each condition as text, whether it holds, and the value that it was compared with. */
  conditions: { condition: string; holds: boolean; value: string }[];
}

/** Compares an article with an incident's labels. */
export function matchArticle(article: Article, labels: Labels): ArticleMatch {
  const cause = labels.get('cause') ?? '';
  const conditions = [
    ...article.matchers.map((matcher) => ({
      condition: matcher.toString(),
      holds: matcher.matches(labels),
      value: labels.get(matcher.name) ?? '',
    })),
    ...(article.causes.length > 0
      ? [
          {
            condition: `cause in (${article.causes.join(', ')})`,
            holds: article.causes.some((code) => code === cause),
            value: cause,
          },
        ]
      : []),
  ];
  return { article, matches: conditions.every(({ holds }) => holds), conditions };
}

/**
 * Returns the articles that match an incident, those with the most conditions first.
 * @param labelSets one for each fault and hypothesis of the incident; one that matches suffices
 */
export function matchingArticles(articles: readonly Article[], labelSets: readonly Labels[]): Article[] {
  return articles
    .filter((article) => labelSets.some((labels) => matchArticle(article, labels).matches))
    .toSorted((a, b) => conditionsOf(b) - conditionsOf(a) || a.file.localeCompare(b.file));
}

function conditionsOf({ matchers, causes }: Article): number {
  return matchers.length + (causes.length > 0 ? 1 : 0);
}
