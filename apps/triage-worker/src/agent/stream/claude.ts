import { z } from 'zod';
import { count, type Dialect, optionalCount, type Tally } from './tally.ts';

const Usage = z
  .object({
    input_tokens: count,
    cache_creation_input_tokens: optionalCount,
    cache_read_input_tokens: optionalCount,
    output_tokens: count,
  })
  .transform((usage) => ({
    input_tokens: usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens,
    cached_input_tokens: usage.cache_read_input_tokens,
    output_tokens: usage.output_tokens,
  }));

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('system'), model: z.string().optional() }),
  z.object({
    type: z.literal('assistant'),
    message: z.object({ id: z.string(), usage: Usage, content: z.array(z.object({ type: z.string() })) }),
  }),
  z.object({
    type: z.literal('result'),
    is_error: z.boolean(),
    api_error_status: z.number().nullish(),
    result: z.string().optional(),
    num_turns: count.optional(),
    total_cost_usd: z.number().min(0).max(1_000_000).optional(),
    usage: Usage.optional(),
    permission_denials: z.array(z.unknown()).default([]),
  }),
]);

/**
 * Reads `claude --output-format stream-json`. A response comes in several events with the same id and the tokens at its start;
 * the last event has the sums and replaces the counts.
 */
export const claude: Dialect = (json, tally) => {
  const event = Event.safeParse(json).data;
  switch (event?.type) {
    case 'system':
      tally.model ??= event.model;
      break;
    case 'assistant':
      readAnswer(event.message, tally);
      break;
    case 'result':
      Object.assign(tally, event.usage);
      tally.turns = event.num_turns ?? tally.turns;
      tally.denials = event.permission_denials.length;
      tally.cost_usd = event.total_cost_usd;
      if (event.is_error && typeof event.api_error_status === 'number') {
        tally.failure = { message: event.result ?? '', status: event.api_error_status };
      }
      break;
    case undefined:
      break;
    default:
      event satisfies never;
  }
};

function readAnswer({ id, usage, content }: z.infer<(typeof Event.options)[1]>['message'], tally: Tally): void {
  tally.tool_calls += content.filter(({ type }) => type === 'tool_use').length;
  if (tally.seen.has(id)) return;
  tally.seen.add(id);
  tally.turns += 1;
  tally.input_tokens += usage.input_tokens;
  tally.cached_input_tokens += usage.cached_input_tokens;
  tally.output_tokens += usage.output_tokens;
}
