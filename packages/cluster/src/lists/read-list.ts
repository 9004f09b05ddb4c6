import { setImmediate } from 'node:timers/promises';
import type { StreamedAnswer } from '../mcp/session/http/streamed-call.ts';
import { type ListBatch, ListReader, type ListReaderOptions, type ListSummary } from './list-reader.ts';

/** The answer is larger than it may be. */
export class AnswerTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes / (1 << 20)} MiB`);
  }
}

/** Other work of the process gets its turn after this time, ms. */
const SLICE_MS = 10;
/** Bytes that are read without a look at the clock: some twenty objects. */
const PIECE = 32 << 10;

/**
 * Reads the answer to a list while it comes. It is never in memory as a whole, and the event loop is not held for longer than a
 * slice.
 * @param maxBytes longest answer that is taken
 * @throws AnswerTooLarge, FormChanged, ConnectionError of the network, or Error for an answer that is no list
 */
export async function readList(
  { isEventStream, body }: StreamedAnswer,
  options: Omit<ListReaderOptions, 'isEventStream'>,
  maxBytes: number,
  onBatch: (batch: ListBatch) => void,
): Promise<ListSummary & { bytes: number }> {
  const reader = new ListReader({ ...options, isEventStream }, onBatch);
  let bytes = 0;
  let sliceStartedAt = performance.now();
  const giveWay = async (): Promise<void> => {
    if (performance.now() - sliceStartedAt < SLICE_MS) return;
    await setImmediate();
    sliceStartedAt = performance.now();
  };
  for await (const { buffer, byteOffset, byteLength } of body) {
    bytes += byteLength;
    if (bytes > maxBytes) throw new AnswerTooLarge(maxBytes);
    for (let at = 0; at < byteLength; at += PIECE) {
      reader.feed(Buffer.from(buffer, byteOffset + at, Math.min(PIECE, byteLength - at)));
      await giveWay();
    }
    // Some servers leave the stream open after the answer.
    if (reader.isComplete) break;
  }
  for (const _ of reader.heldText()) await giveWay();
  return { ...reader.end(), bytes };
}
