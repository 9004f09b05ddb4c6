import { markdownBlocks } from './markdown-blocks.ts';

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
  for (const block of markdownBlocks(markdown)) {
    if (block.kind === 'heading') {
      if (block.level <= adviceLevel) adviceLevel = ADVICE.test(block.text) ? block.level : Number.POSITIVE_INFINITY;
    } else if (block.kind === 'code' && adviceLevel === Number.POSITIVE_INFINITY) {
      const lines = outputIn(block.language, block.lines);
      if (lines.length > 0) quotes.push({ lines });
    }
  }
  return quotes;
}

function outputIn(language: string, lines: string[]): string[] {
  if (SHELL.test(language) && !lines.some((line) => PROMPT.test(line))) return [];
  let continued = false;
  return lines.filter((line) => {
    const isCommand = continued || PROMPT.test(line) || COMMAND.test(line);
    continued = isCommand && line.endsWith('\\');
    return !isCommand && line.trim() !== '';
  });
}
