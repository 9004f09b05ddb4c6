import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { type Html, html } from '../../html/html.ts';
import { commandsIn, markdown } from '../shown/markdown.ts';

/** Returns what to do, the first step first, each command with a button that copies it. */
export function recommendations({ recommendations: steps }: ReportSummary): Html {
  if (steps.length === 0) return html`<p class="quiet">The report recommends nothing.</p>`;
  return html`<ol class="steps">${steps.map((step, index) => html`<li>${markdown(step)}${commandsIn(step).map((text, at) => command(text, `command-${index}-${at}`))}</li>`)}</ol>`;
}

function command(text: string, id: string): Html {
  return html`<div class="command"><pre id="${id}" tabindex="0">${text}</pre><button type="button" class="copy" data-copy="${id}" aria-label="Copy command">Copy</button></div>`;
}

/** Returns the section of a report on what changed before the fault. */
export function changesIn(report: string | undefined): string | undefined {
  const [, section] =
    /^##\s+(?:What|Recently|Recent)?\s*chang(?:ed|es)\b[^\n]*\n([\s\S]*?)(?=^##?\s|(?![\s\S]))/im.exec(report ?? '') ??
    [];
  return section?.trim() || undefined;
}
