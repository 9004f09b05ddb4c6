/**
 * Returns when to wake for what is due at `at`: at the next multiple of `grain`. What is due for many connections of a process is
 * done together then; a process that wakes for each takes more than twice the CPU time.
 * @param at and `grain` in the same unit, of the same clock
 */
export function wakeTime(at: number, grain: number): number {
  return Math.ceil(at / grain) * grain;
}
