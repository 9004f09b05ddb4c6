/** A piece of one of a container's streams. */
export interface LogFrame {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

/** Bytes: stream number, three zeros, and the length of the payload as a 32-bit number. */
const HEADER = 8;

/**
 * Splits the engine's combined stream of a container without a terminal into the frames of its two streams (Docker Engine
 * API, "Stream format"). A payload is passed on as it arrives, so a frame of any size needs no memory.
 * @throws RangeError when the stream is not in that format
 */
export async function* logFrames(source: AsyncIterable<Buffer | string>): AsyncGenerator<LogFrame> {
  let header = Buffer.alloc(0);
  let stream: LogFrame['stream'] = 'stdout';
  let missing = 0;
  for await (const chunk of source) {
    let rest = Buffer.from(chunk);
    while (rest.length > 0) {
      if (missing > 0) {
        const data = rest.subarray(0, missing);
        missing -= data.length;
        rest = rest.subarray(data.length);
        yield { stream, data };
        continue;
      }
      const wanted = HEADER - header.length;
      header = Buffer.concat([header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (header.length < HEADER) continue;
      stream = streamOf(header[0]);
      missing = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}

function streamOf(number: number | undefined): LogFrame['stream'] {
  if (number === 1 || number === 0) return 'stdout';
  if (number === 2) return 'stderr';
  throw new RangeError(`the engine's log stream names a stream ${number}; expected 1 or 2`);
}
