import type { SymptomFamily } from './symptom-families.ts';

/** How long a symptom must be absent, or its object gone, before it has recovered, ms. */
export interface RecoveryTimes {
  /** A container that crashes runs between two crashes, and the kubelet forgets its back-off after ten minutes. */
  crash: number;
  /** Of every other family. */
  other: number;
}

/** As `crash_recovery_after` and `recovery_after` are by default. */
export const DEFAULT_RECOVERY: RecoveryTimes = { crash: 600_000, other: 120_000 };

/** Returns the time without a symptom of a family after which it has recovered, ms. */
export function recoveryOf(family: SymptomFamily, times: RecoveryTimes): number {
  return family === 'crash' ? times.crash : times.other;
}
