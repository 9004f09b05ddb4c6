import type { Logger } from '@nightcrier/core/logger';
import type { Contact, ContactMemory } from '@nightcrier/cluster/backfill/watermark';
import type { LastContacts } from '@nightcrier/state/health/last-contact';

export interface ContactKeeperOptions {
  contacts: Pick<LastContacts, 'read' | 'known'>;
  /** Rejects while Redis is away. */
  write: (contacts: ReadonlyMap<string, Contact>) => Promise<void>;
  logger: Logger;
}

const INTERVAL_MS = 2_000;

/**
 * Remembers the last contact with each cluster, for the ingester that comes next. Written at an interval: one that dies
 * leaves a contact that is a little too old, and its successor looks a little further back than it has to.
 */
export class ContactKeeper {
  readonly #options: ContactKeeperOptions;
  readonly #unwritten = new Map<string, Contact>();
  #interval: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ContactKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#interval ??= setInterval(() => void this.#flush(), INTERVAL_MS);
  }

  /** Writes what is there and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#interval);
    await this.#flush();
  }

  /** The memory of one cluster. */
  memoryOf(cluster: string): ContactMemory {
    const { contacts } = this.#options;
    return {
      read: async () => this.#unwritten.get(cluster) ?? contacts.read(cluster),
      write: (contact) => void this.#unwritten.set(cluster, contact),
      known: (sightings) => contacts.known(cluster, sightings),
    };
  }

  /** One after the other; what cannot be written stays, unless there is something newer. */
  #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const contacts = new Map(this.#unwritten);
    if (contacts.size === 0) return;
    this.#unwritten.clear();
    try {
      await this.#options.write(contacts);
    } catch (error) {
      for (const [name, contact] of contacts) if (!this.#unwritten.has(name)) this.#unwritten.set(name, contact);
      this.#options.logger.debug({ error: String(error) }, 'last contacts could not be written');
    }
  }
}
