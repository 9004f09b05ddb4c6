import type { DoorEntry } from '@nightcrier/core/gateway/door-entry';
import type { ServerResponse } from 'node:http';
import type { Dialect } from './dialects/dialect.ts';

/** What is recorded of a request. */
export type Outcome = Pick<DoorEntry, 'decision' | 'status' | 'bytes'> &
  Partial<Pick<DoorEntry, 'reason' | 'model' | 'input_tokens' | 'output_tokens' | 'cost_usd'>>;

/** Answers a request that may not be sent. */
export function denied(response: ServerResponse, dialect: Dialect, status: number, reason: string): Outcome {
  refuse(response, dialect, status, `nightcrier: ${reason}`);
  return { decision: 'denied', status, bytes: 0, reason };
}

/** Answers with an error in the form of the provider. */
export function refuse(response: ServerResponse, dialect: Dialect, status: number, message: string): void {
  const body = JSON.stringify(dialect.errorBody(status, message));
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
}
