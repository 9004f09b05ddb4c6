import type { Settings } from '@nightcrier/core/settings/config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { readFileSync } from 'node:fs';
import { TriageEnded } from '../triage-ended.ts';
import { composePrompt, type PromptKnowledge } from './compose-prompt.ts';
import { type Workspace, replaceFile } from './workspace.ts';

/**
 * Writes `prompt-sent.md`, the complete prompt. The system prompt is read at each run, so that a change applies immediately.
 * @throws TriageEnded `failed` when the system prompt cannot be read
 */
export function writePrompt(
  incident: Incident,
  workspace: Workspace,
  settings: Pick<Settings, 'additional_agent_prompt' | 'agent_system_prompt_file'>,
  known: PromptKnowledge = {},
): void {
  const systemPrompt = readSystemPrompt(settings.agent_system_prompt_file);
  const prompt = composePrompt(systemPrompt, settings.additional_agent_prompt, incident, known);
  replaceFile(workspace.prompt, prompt);
}

function readSystemPrompt(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = `the system prompt ${file} cannot be read; correct agent_system_prompt_file, and requeue the incident`;
    throw new TriageEnded({ kind: 'failed', reason }, { cause });
  }
}
