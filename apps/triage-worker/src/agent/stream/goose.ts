import { z } from 'zod';
import { type Dialect, optionalCount } from './tally.ts';

const Event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message'),
    message: z.object({
      id: z.string().nullish(),
      role: z.string(),
      content: z.array(z.object({ type: z.string() })).default([]),
    }),
  }),
  z.object({ type: z.literal('error'), error: z.string() }),
  z.object({
    type: z.literal('complete'),
    total_tokens: optionalCount,
    input_tokens: optionalCount,
    output_tokens: optionalCount,
  }),
]);

/**
 * Reads `goose run --output-format stream-json`. A response comes in pieces with the same id. For releases that report only
 * the sum of the tokens, it counts as input.
 */
export const goose: Dialect = (json, tally) => {
  const event = Event.safeParse(json).data;
  switch (event?.type) {
    case 'message': {
      const { id, role, content } = event.message;
      if (role !== 'assistant') break;
      tally.tool_calls += content.filter(({ type }) => type === 'toolRequest').length;
      if (typeof id === 'string' && tally.seen.has(id)) break;
      if (typeof id === 'string') tally.seen.add(id);
      tally.turns += 1;
      break;
    }
    case 'error':
      tally.failure = { message: event.error, status: undefined };
      break;
    case 'complete':
      tally.output_tokens = event.output_tokens;
      tally.input_tokens = Math.max(event.input_tokens, event.total_tokens - event.output_tokens);
      break;
    case undefined:
      break;
    default:
      event satisfies never;
  }
};
