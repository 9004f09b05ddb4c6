import type { Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import { expect } from 'vitest';
import { commandsOf, shellWords } from './shell-words.ts';

/** Verbs of kubectl that a first step may have: they read, open an editor, or can be undone. */
const SAFE = /^(get|describe|logs|top|edit|patch|label|scale|set|rollout|uncordon|create)$/;
const VERBS = /^(get|describe|logs|top|edit|patch|label|scale|set|rollout|uncordon|create|taint|delete)$/;
/** A word with white space is one that was put into quotes: JSON, or a name that somebody chose. */
const MAY_HAVE_SPACE = /^[{[]/;

/** Expects that every command of the diagnoses can be pasted into a shell, and that each first step is safe and has a command. */
export function expectRecommendations(diagnoses: { id: string; diagnosis: Diagnosis }[]): void {
  const steps = diagnoses.flatMap(({ id, diagnosis }) =>
    diagnosis.hypotheses.flatMap(({ actions }) =>
      actions.map((action, index) => ({ id, action, isFirst: index === 0 })),
    ),
  );
  const commands = steps.flatMap(({ id, action, isFirst }) =>
    commandsOf(action).map((command) => ({ id, command, isFirst })),
  );
  const words = shellWords(commands.map(({ command }) => command));
  const wrong = commands.flatMap(({ id, command, isFirst }, index) => {
    const [program, verb = '', ...rest] = words[index] ?? [];
    const isSafe = program !== 'kubectl' || (isFirst ? SAFE : VERBS).test(verb);
    const isSplit = rest.every((word) => !/\s/.test(word) || MAY_HAVE_SPACE.test(word));
    const namespace = rest[rest.indexOf('-n') + 1] ?? '';
    const hasNamespace = !rest.includes('-n') || program !== 'kubectl' || /^[a-z0-9][a-z0-9-]*$/.test(namespace);
    const isComplete = !/NEW|undefined|<[a-z]+>/.test(command);
    return isSafe && isSplit && hasNamespace && isComplete ? [] : [`${id}: ${command}`];
  });
  expect(wrong).toEqual([]);
  const without = diagnoses.flatMap(({ id, diagnosis }) => {
    const [first] = diagnosis.hypotheses;
    return first && !first.actions.slice(0, 1).some((action) => commandsOf(action).length > 0)
      ? [`${id}: ${first.cause}: ${first.actions[0] ?? 'no step'}`]
      : [];
  });
  expect(without).toEqual([]);
}
