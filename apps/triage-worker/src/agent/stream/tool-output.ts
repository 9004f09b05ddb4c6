import path from 'node:path';
import { z } from 'zod';
import { canBeEvent, readLines } from './read-lines.ts';

/** Longer lines are skipped. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

const Content = z.union([
  z.string().transform((text) => [text]),
  z.array(z.object({ text: z.string().optional() }).transform(({ text }) => text ?? '')).transform((texts) => texts),
]);
/** A part of a message of claude, goose or another CLI. */
const Part = z.union([
  z.object({ type: z.literal('tool_result'), content: Content }).transform(({ content }) => content),
  z
    .object({
      type: z.literal('toolResponse'),
      toolResult: z.object({ value: z.union([Content, z.object({ content: Content }).transform((v) => v.content)]) }),
    })
    .transform(({ toolResult }) => toolResult.value),
  z.unknown().transform((): string[] => []),
]);

/** Events with the output of tools, in the format of each CLI. Text of the model is not included. */
const ToolOutput = z.union([
  // claude and goose
  z.object({ message: z.object({ content: z.array(Part) }) }).transform(({ message }) => message.content.flat()),
  // codex
  z
    .object({
      type: z.literal('item.completed'),
      item: z.object({ type: z.literal('command_execution'), aggregated_output: z.string() }),
    })
    .transform(({ item }) => [item.aggregated_output]),
  // codex, of tools of MCP servers
  z
    .object({ type: z.literal('item.completed'), item: z.object({ result: z.object({ content: Content }) }) })
    .transform(({ item }) => item.result.content),
  // gemini
  z.object({ type: z.literal('tool_result'), output: z.string() }).transform(({ output }) => [output]),
]);

/** Yields the output of an agent's tools from the logs of its run. */
export async function* toolOutputs(logsDirectory: string): AsyncGenerator<string> {
  const stdout = path.join(logsDirectory, 'agent-stdout.log');
  for await (const { accepted } of readLines(stdout, MAX_LINE_BYTES, canBeEvent)) {
    for (const line of accepted) yield* outputsIn(line.toString('utf8'));
  }
}

function outputsIn(line: string): string[] {
  try {
    return ToolOutput.safeParse(JSON.parse(line)).data ?? [];
  } catch {
    return [];
  }
}
