import { z } from 'zod';
import { count, type Dialect, optionalCount, type Tally } from './tally.ts';

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), model: z.string().optional() }),
  z.object({ type: z.literal('message'), role: z.string() }),
  z.object({ type: z.literal('tool_use') }),
  z.object({ type: z.literal('tool_result'), error: z.object({ type: z.string().optional() }).optional() }),
  z.object({
    type: z.literal('result'),
    error: z.object({ message: z.string() }).optional(),
    stats: z.object({ input_tokens: count, cached: optionalCount, output_tokens: count }).optional(),
  }),
]);

/** Reads `gemini --output-format stream-json`, which has no cost and no turns; a turn is one response of the model. */
export const gemini: Dialect = (json, tally) => {
  const event = Event.safeParse(json).data;
  switch (event?.type) {
    case 'init':
      tally.model ??= event.model;
      break;
    case 'message':
      if (event.role === 'assistant') beginTurn(tally);
      break;
    case 'tool_use':
      beginTurn(tally);
      tally.tool_calls += 1;
      break;
    case 'tool_result':
      tally.seen.clear();
      if (event.error?.type === 'policy_violation') tally.denials += 1;
      break;
    case 'result':
      if (event.stats) {
        tally.input_tokens = event.stats.input_tokens;
        tally.cached_input_tokens = event.stats.cached;
        tally.output_tokens = event.stats.output_tokens;
      }
      if (event.error) tally.failure = { message: event.error.message, status: undefined };
      break;
    case undefined:
      break;
    default:
      event satisfies never;
  }
};

const IN_TURN = 'in a turn';

function beginTurn(tally: Tally): void {
  if (!tally.seen.has(IN_TURN)) tally.turns += 1;
  tally.seen.add(IN_TURN);
}
