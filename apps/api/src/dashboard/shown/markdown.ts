import { Marked, type Token } from 'marked';
import { renderMarkdown } from '../../report-html.ts';
import { type Html, html, trusted } from '../../html/html.ts';

/** Programs whose command lines are offered to copy. */
const PROGRAM =
  /^(?:sudo )?(?:kubectl|oc|helm|flux|argocd|docker|crictl|nerdctl|systemctl|journalctl|nightcrier|aws|az|gcloud|psql|redis-cli|curl) \S/;

const lexer = new Marked();

/** Returns Markdown from an agent or a cluster as HTML, of which everything but structured text is removed. */
export function markdown(text: string): Html {
  return html`<div class="markdown">${trusted(renderMarkdown(text))}</div>`;
}

/** Returns the command lines in a text, each once. */
export function commandsIn(text: string): string[] {
  if (text.length > 4_000) return [];
  const found: string[] = [];
  const visit = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      if ((token.type === 'codespan' || token.type === 'code') && 'text' in token && typeof token.text === 'string')
        found.push(...commandLines(token.text, token.type === 'code'));
      else if ('tokens' in token && token.tokens) visit(token.tokens);
      if (token.type === 'list' && 'items' in token && Array.isArray(token.items)) visit(token.items);
    }
  };
  try {
    visit(lexer.lexer(text));
  } catch {
    // Nested so deeply that the parser's stack overflows.
  }
  return [...new Set(found)];
}

function commandLines(code: string, isBlock: boolean): string[] {
  const text = code.trim().replace(/^\$ /, '');
  if (!PROGRAM.test(text)) return [];
  return [isBlock ? text : text.replaceAll(/\s+/g, ' ')];
}
