import { lexer, type Token, walkTokens } from 'marked';

/** Output of commands that a report quotes: a code block, without the commands in it. */
export interface QuotedOutput {
  lines: string[];
}

/** Under these headings stands what to do, with commands and manifests that nobody has seen anywhere yet. */
const ADVICE =
  /\b(?:recommend\w*|remediat\w*|mitigat\w*|resolution|solutions?|fix(?:es)?|prevent\w*|next steps?|actions?|follow[ -]?ups?|verif\w*|how to)\b/i;
/** Languages of blocks that are commands, unless prompts tell commands from output. */
const SHELL = /^(?:sh|bash|shell|zsh|console|shell-session)\b/i;
const PROMPT = /^\s*[$%#❯]\s/;
const COMMAND = /^\s*(?:sudo\s+)?(?:kubectl|oc|helm|k9s|stern)\s/;

/**
 * What a report quotes as output: its code blocks, where they are not advice. Prompts and commands in them are left out,
 * with the lines that continue them.
 */
export function quotedOutputs(markdown: string): QuotedOutput[] {
  const quotes: QuotedOutput[] = [];
  let adviceLevel = Number.POSITIVE_INFINITY;
  for (const token of lexer(markdown)) {
    if (token.type === 'heading') {
      const level = Number(token.depth);
      if (level <= adviceLevel) adviceLevel = ADVICE.test(String(token.text)) ? level : Number.POSITIVE_INFINITY;
    } else if (adviceLevel === Number.POSITIVE_INFINITY) {
      void walkTokens([token], (inner) => {
        const lines = outputIn(inner);
        if (lines.length > 0) quotes.push({ lines });
      });
    }
  }
  return quotes;
}

function outputIn(token: Token): string[] {
  if (token.type !== 'code') return [];
  const lines = String(token.text).split('\n');
  if (SHELL.test(String(token.lang ?? '')) && !lines.some((line) => PROMPT.test(line))) return [];
  let continued = false;
  return lines.filter((line) => {
    const isCommand = continued || PROMPT.test(line) || COMMAND.test(line);
    continued = isCommand && line.endsWith('\\');
    return !isCommand && line.trim() !== '';
  });
}
