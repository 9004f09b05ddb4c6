/**
 * Returns what a stream of bytes yields, as one buffer.
 * @throws TypeError when it yields anything else
 */
export async function bytesOf(source: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(asBytes(chunk));
  return Buffer.concat(chunks);
}

/** @throws TypeError when the chunk is no bytes */
export function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError(`a stream of bytes yielded ${typeof chunk}`);
}
