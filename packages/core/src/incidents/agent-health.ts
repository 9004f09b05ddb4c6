/** Health of the agents over all workers, derived from their recent runs. */
export interface AgentHealth {
  state: 'working' | 'degraded';
  /** Number of failures since an agent's last valid report. */
  failures_in_row: number;
  /** The reason of the last failure. */
  reason?: string;
  /** Start of the degraded state, RFC 3339. */
  since?: string;
  /** Number of incidents since then that bypassed the agent. */
  passed_over?: number;
}
