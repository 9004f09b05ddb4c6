/** Something that was read, word for word, and the command that shows it. The text is data: nothing in it is trusted. */
export interface Quote {
  command: string;
  text: string;
}

/** What a rule concludes. All texts but the quotes are Markdown, with what comes from the cluster as code. */
export interface Finding {
  title: string;
  summary: string;
  rootCause: string;
  /** Percent: how well the evidence supports the root cause. */
  confidence: number;
  quotes: Quote[];
  /** What to look at and what to change, most useful first. */
  recommendations: string[];
}

/** The built-in analyser's answer. */
export interface Diagnosis extends Finding {
  /** Whether the root cause is a conclusion; otherwise it says how far the evidence goes. */
  determined: boolean;
}

/** A confidence that grows with each independent source that says the same. Percent, never certain. */
export function confidence(base: number, ...support: boolean[]): number {
  return Math.min(97, base + 8 * support.filter(Boolean).length);
}
