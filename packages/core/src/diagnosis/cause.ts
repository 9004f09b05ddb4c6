import { z } from 'zod';
import type { CauseText } from './causes/cause-text.ts';
import { ADMISSION } from './causes/admission.ts';
import { CONFIGURATION } from './causes/configuration.ts';
import { DATABASES } from './causes/databases.ts';
import { IMAGES } from './causes/images.ts';
import { NETWORK } from './causes/network.ts';
import { NODES } from './causes/nodes.ts';
import { PROBES } from './causes/probes.ts';
import { RUNTIME } from './causes/runtime.ts';
import { SCHEDULING } from './causes/scheduling.ts';
import { STORAGE } from './causes/storage.ts';

/** The families of causes, in the order of `docs/causes.md`. */
export const CAUSE_FAMILIES = {
  Scheduling: SCHEDULING,
  Storage: STORAGE,
  Images: IMAGES,
  Admission: ADMISSION,
  Configuration: CONFIGURATION,
  Containers: RUNTIME,
  Probes: PROBES,
  Network: NETWORK,
  Databases: DATABASES,
  Nodes: NODES,
} as const satisfies Record<string, Record<string, CauseText>>;

/** Every cause that a diagnosis can name. The codes are metric labels and API values: they are only added to. */
export const CAUSES = {
  ...SCHEDULING,
  ...STORAGE,
  ...IMAGES,
  ...ADMISSION,
  ...CONFIGURATION,
  ...RUNTIME,
  ...PROBES,
  ...NETWORK,
  ...DATABASES,
  ...NODES,
  unknown: {
    meaning: 'No rule explains the fault.',
    decided_by: 'Nothing that was read.',
    remedy: 'Look at the object and at what happened around it.',
  },
} as const satisfies Record<string, CauseText>;

export type Cause = keyof typeof CAUSES;

/** A code that is not in the vocabulary is read as `unknown`. */
export const Cause: z.ZodType<Cause> = z.unknown().transform((code) => (isCause(code) ? code : 'unknown'));

export function isCause(code: unknown): code is Cause {
  return typeof code === 'string' && Object.hasOwn(CAUSES, code);
}
