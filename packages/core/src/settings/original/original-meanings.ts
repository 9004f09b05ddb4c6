import type { ConfigProblem } from '../parsing/config-problem.ts';

/** The default of `agent_allowed_tools` in the original system, which all of its example files repeat. */
const DEFAULT_TOOLS = ['Bash', 'Glob', 'Grep', 'Read', 'Skill', 'Write'].join();
const CLAUDE_MODELS = new Set(['haiku', 'opus', 'sonnet']);

/**
 * Handles values that mean something else here than in the original system: changes those that would not work, and warns
 * about the others.
 * @param values from all sources; changed in place
 */
export function adaptOriginalValues(values: Record<string, unknown>): ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  const warn = (key: string, message: string): void => void warnings.push({ path: [key], message });

  if (isDefaultToolList(values.agent_allowed_tools) && String(values.agent_unrestricted_tools) !== 'true') {
    delete values.agent_allowed_tools;
    warn(
      'agent_allowed_tools',
      "agent_allowed_tools is the default list of the original system, which allows any command; the runner's read-only list is used",
    );
  }
  const { agent_cli: agent, agent_model: model } = values;
  if ((agent === 'codex' || agent === 'gemini') && typeof model === 'string' && CLAUDE_MODELS.has(model)) {
    delete values.agent_model;
    warn('agent_model', `agent_model: ${model} is a model of claude; ${agent} uses its own default model`);
  }
  if (String(values.notify_on_agent_failure).toLowerCase() === 'true') {
    warn(
      'notify_on_agent_failure',
      'notify_on_agent_failure notifies about each incident whose agent gave no report; the alert about a degraded agent is always sent',
    );
  }
  if (String(values.severity_threshold).toLowerCase() === 'error') {
    warn(
      'severity_threshold',
      'severity_threshold: clusters report info, warning and critical, so that error investigates critical faults only',
    );
  }
  if (String(values.dedup_window_seconds) === '0') {
    warn(
      'dedup_window_seconds',
      'dedup_window_seconds: with 0, a fault whose incident is open is still a recurrence, not a new incident',
    );
  }
  return warnings;
}

function isDefaultToolList(value: unknown): boolean {
  const tools = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value.map(String) : [];
  return (
    tools
      .map((tool) => tool.trim())
      .toSorted()
      .join() === DEFAULT_TOOLS
  );
}
