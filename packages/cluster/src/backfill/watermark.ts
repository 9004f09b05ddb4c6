import type { Sighting } from './missed-faults.ts';

/** What outlives a connection, and the process that held it. */
export interface Contact {
  /** Until when the cluster was certainly watched, milliseconds since the epoch. */
  at: number;
  /** For how long it was not watched, all gaps since the first contact together, ms. */
  blindMs: number;
}

/** Where contacts and incidents are remembered. */
export interface ContactMemory {
  /** Undefined: the cluster was never watched. Rejects while the memory is away. */
  read(): Promise<Contact | undefined>;
  /** Remembers soon; never fails. */
  write(contact: Contact): void;
  /** Whether there is an incident for each of these. Rejects while the memory is away. */
  known(sightings: Sighting[]): Promise<boolean[]>;
}

/**
 * Until when a cluster was certainly watched. A contact counts only while the gap before it is looked through: until
 * then the last one before the gap stays, so that whoever comes next looks through all of it.
 */
export class ContactRecord {
  readonly #memory: ContactMemory;
  #loaded: Promise<void> | undefined;
  #contact: Contact | undefined;
  #isWatching = false;

  constructor(memory: ContactMemory) {
    this.#memory = memory;
  }

  /** Reads what is remembered, once. Rejects while the memory is away. */
  async load(): Promise<void> {
    this.#loaded ??= this.#load();
    try {
      await this.#loaded;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  /** The last contact, milliseconds since the epoch. */
  get last(): number | undefined {
    return this.#contact?.at;
  }

  /** The cluster is watched since `from`, and what happened before is looked through. */
  resume(from: number): void {
    const { at, blindMs } = this.#contact ?? { at: from, blindMs: 0 };
    this.#isWatching = true;
    this.#remember({ at: Math.max(at, from), blindMs: blindMs + Math.max(0, from - at) });
  }

  /** The server showed that it was watched at this time. */
  confirm(at: number): void {
    if (!this.#isWatching || !this.#contact || at <= this.#contact.at) return;
    this.#remember({ ...this.#contact, at });
  }

  /** The cluster is no longer watched. */
  lose(): void {
    this.#isWatching = false;
  }

  /** As the health shows it: the last contact and the time without one, that of now included. */
  health(now: number): { last_contact?: string; blind_seconds?: number } {
    if (!this.#contact) return {};
    const { at, blindMs } = this.#contact;
    const blind = blindMs + (this.#isWatching ? 0 : Math.max(0, now - at));
    return { last_contact: new Date(at).toISOString(), blind_seconds: Math.round(blind) / 1000 };
  }

  async #load(): Promise<void> {
    this.#contact ??= await this.#memory.read();
  }

  #remember(contact: Contact): void {
    this.#contact = contact;
    this.#memory.write(contact);
  }
}
