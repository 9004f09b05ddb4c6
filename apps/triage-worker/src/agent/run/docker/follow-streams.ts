import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { logFrames } from '../engine/log-frames.ts';

/** Bytes of each stream that are kept. */
const LARGEST_LOG = 64 * 1024 * 1024;
/** Bytes; the line with which start-agent.sh ends a stream is shorter. */
const TAIL = 512;

/** `start-agent.sh` ends both streams with this line once the agent has ended, and writes nothing after it. */
const END_LINE = /\nnightcrier: agent ended code=(\d{1,3}) timed_out=([01]) oom=(\d{1,9})\n$/;

/** `start-agent.sh` packs a small output between this line and its last one, on stderr. */
const OUTPUT_LINE = '\nnightcrier: output follows\n';
/** Bytes, with some room. */
const LARGEST_PACKED = 512 * 1024;

/** What the container says of the agent's end. */
export interface AgentEnd {
  code: number;
  timedOut: boolean;
  oom: boolean;
  /** A tar archive of the output, if it is small. */
  output?: Buffer;
}

/**
 * Copies the streams of a container into `agent-stdout.log` and `agent-stderr.log`, replacing earlier copies, until both have
 * their last line.
 * @returns undefined when the streams ended without it: the container was killed, or the engine went away
 */
export async function followStreams(
  source: AsyncIterable<Buffer | string>,
  logsDirectory: string,
): Promise<AgentEnd | undefined> {
  await using stdout = await StreamCopy.open(path.join(logsDirectory, 'agent-stdout.log'));
  await using stderr = await StreamCopy.open(path.join(logsDirectory, 'agent-stderr.log'));
  const copies = { stdout, stderr };
  for await (const { stream, data } of logFrames(source)) {
    await copies[stream].append(data);
    if (stdout.end !== undefined && stderr.end !== undefined) break;
  }
  const end = stderr.end ?? stdout.end;
  const output = end && (await stderr.takeOutput());
  return end && output ? { ...end, output } : end;
}

/** A stream that is copied to a file, up to a limit. */
class StreamCopy implements AsyncDisposable {
  readonly #file: FileHandle;
  #bytes = 0;
  #tail = '';

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(file: string): Promise<StreamCopy> {
    return new StreamCopy(await open(file, 'w+', 0o600));
  }

  /** The end of the agent, if the stream has its last line. */
  get end(): AgentEnd | undefined {
    const [, code, timedOut, oom] = END_LINE.exec(this.#tail) ?? [];
    return code === undefined ? undefined : { code: Number(code), timedOut: timedOut === '1', oom: Number(oom) > 0 };
  }

  async append(data: Buffer): Promise<void> {
    const kept = data.subarray(0, Math.max(0, LARGEST_LOG - this.#bytes));
    if (kept.length > 0) await this.#file.write(kept);
    this.#bytes += data.length;
    this.#tail = (this.#tail + data.subarray(-TAIL).toString('latin1')).slice(-TAIL);
  }

  /** Returns the output that the stream ends with, and cuts it off, but not the last line. */
  async takeOutput(): Promise<Buffer | undefined> {
    if (this.#bytes > LARGEST_LOG) return undefined;
    const begin = Math.max(0, this.#bytes - LARGEST_PACKED);
    const { buffer, bytesRead } = await this.#file.read({
      buffer: Buffer.alloc(this.#bytes - begin),
      position: begin,
    });
    const text = buffer.toString('latin1', 0, bytesRead);
    const [line = ''] = END_LINE.exec(text) ?? [];
    const at = text.lastIndexOf(OUTPUT_LINE);
    if (line === '' || at === -1) return undefined;
    const packed = text.slice(at + OUTPUT_LINE.length, text.length - line.length);
    if (!/^[A-Za-z0-9+/=\n]*$/.test(packed)) return undefined;
    await this.#file.write(line, begin + at, 'latin1');
    this.#bytes = begin + at + line.length;
    await this.#file.truncate(this.#bytes);
    return Buffer.from(packed, 'base64');
  }

  /** Cuts the last line off, which is not the agent's, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const [line = ''] = END_LINE.exec(this.#tail) ?? [];
      if (line !== '') await this.#file.truncate(Math.min(LARGEST_LOG, this.#bytes - line.length));
    } finally {
      await this.#file.close();
    }
  }
}
