import { z } from 'zod';
import { count, type Dialect, optionalCount } from './tally.ts';

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('turn.started') }),
  z.object({ type: z.literal('item.completed'), item: z.object({ type: z.string() }) }),
  z.object({
    type: z.literal('turn.completed'),
    usage: z.object({ input_tokens: count, cached_input_tokens: optionalCount, output_tokens: count }),
  }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) }),
]);

const TOOLS = new Set(['command_execution', 'file_change', 'mcp_tool_call', 'web_search']);

/** Reads `codex exec --json`, which has no cost, no model, and no tokens of a failed run. */
export const codex: Dialect = (json, tally) => {
  const event = Event.safeParse(json).data;
  switch (event?.type) {
    case 'turn.started':
      tally.turns += 1;
      break;
    case 'item.completed':
      if (TOOLS.has(event.item.type)) tally.tool_calls += 1;
      break;
    case 'turn.completed':
      tally.input_tokens += event.usage.input_tokens;
      tally.cached_input_tokens += event.usage.cached_input_tokens;
      tally.output_tokens += event.usage.output_tokens;
      break;
    case 'turn.failed':
      tally.failure = { message: event.error.message, status: undefined };
      break;
    case undefined:
      break;
    default:
      event satisfies never;
  }
};

const ROUTER = Buffer.from('codex_core::tools::router: ');
const REJECTED = Buffer.from('Rejected(');

/** Returns whether a line of stderr is that of a command which codex's rules refused; its stream does not have it. */
export function isCodexDenial(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < ROUTER.length + REJECTED.length) return false;
  const line = bytes.subarray(start, end);
  const router = line.indexOf(ROUTER);
  return router !== -1 && line.includes(REJECTED, router + ROUTER.length);
}
