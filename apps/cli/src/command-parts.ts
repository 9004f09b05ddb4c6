import type { Command, Option } from 'commander';
import type { ApiClient } from './api-client.ts';

/** What the commands of a running system have in common. */
export interface CommandParts {
  apiUrlOption: () => Option;
  /** `-o` of what is no list. */
  outputOption: () => Option;
  /** `-o` of lists. */
  listOption: () => Option;
  /** Returns the client for the API that the options of a command name. */
  clientOf: (command: Command) => ApiClient;
}
