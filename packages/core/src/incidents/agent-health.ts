/** Whether agents work, over all workers: what their runs of late amounted to. */
export interface AgentHealth {
  state: 'working' | 'degraded';
  /** Failures since the last report of an agent. */
  failures_in_row: number;
  /** Of the last failure. */
  reason?: string;
  /** Since when they are degraded, RFC 3339. */
  since?: string;
  /** Incidents that were not given to the agent since. */
  passed_over?: number;
}
