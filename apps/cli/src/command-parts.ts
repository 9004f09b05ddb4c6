import type { Command, Option } from 'commander';
import type { ApiClient } from './api-client.ts';
import type { ShownTimes } from './lists/duration.ts';
import type { ListFormat } from './lists/print-list.ts';

/** What the commands of a running system have in common. */
export interface CommandParts {
  apiUrlOption: () => Option;
  /** `-o` of what is no list. */
  outputOption: () => Option;
  /** `-o` of lists. */
  listOption: () => Option;
  /** Dates in place of ages. */
  absoluteOption: () => Option;
  /** Returns the client for the API that the options of a command name. */
  clientOf: (command: Command) => ApiClient;
}

/** The flags of a list that can be filtered; the others go to the API as they are. */
export type ListFlags = Record<string, string | boolean> & {
  watch: boolean;
  output: ListFormat;
  absolute: ShownTimes;
};
