import { z } from 'zod';
import { type IncidentState, IncidentState as State } from './incident.ts';
import { nameOfStored } from './stored-name.ts';

/** A state of an incident as Redis keeps it. */
export const StoredIncidentState: z.ZodType<IncidentState> = z.preprocess(nameOfStored, State);
