import { describeResource } from '@nightcrier/core/faults/fault';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import path from 'node:path';
import { incidentRow, incidentTable, shorten } from './incident-table.ts';

/** So long after the last change of any incident, the table is shown. */
const QUIET_MS = 5_000;

/**
 * What the demo shows: one line for each change of an incident, a status line at the foot of a terminal, and a table
 * when all is quiet. With `json`, one JSON line for each incident that has ended, and the words go to standard error.
 */
export class DemoProgress {
  readonly #json: boolean;
  readonly #words: NodeJS.WriteStream;
  readonly #states = new Map<string, string>();
  #tabled = 0;
  #lastChange = Date.now();

  constructor(json: boolean) {
    this.#json = json;
    this.#words = json ? process.stderr : process.stdout;
  }

  say(text: string): void {
    this.#clearStatus();
    this.#words.write(`${new Date().toTimeString().slice(0, 8)}  ${text}\n`);
  }

  /** @param incidents newest first */
  show(incidents: Incident[]): void {
    for (const incident of incidents.toReversed()) this.#showChange(incident);
    const open = incidents.filter(({ state }) => !isFinal(state)).length;
    const ended = incidents.length - open;
    const quiet = open === 0 && Date.now() - this.#lastChange > QUIET_MS;
    if (quiet && ended > this.#tabled) this.summarize(incidents);
    this.#status(`${incidents.length} incidents · ${open} open · ${ended} ended · Ctrl-C stops`);
  }

  /** The table of these incidents, oldest first; nothing with `json`. */
  summarize(incidents: Incident[]): void {
    if (this.#json) return;
    this.#tabled = incidents.length;
    this.#clearStatus();
    const rows = incidents.toReversed().map(incidentRow);
    this.#words.write(`${incidentTable(rows, this.#words.columns)}\n`);
    for (const row of rows) {
      if (row.state !== 'resolved' || row.workspace === undefined) continue;
      const report = path.relative('', path.join(row.workspace, 'output/investigation.md'));
      this.#words.write(`${row.cluster}  ${row.resource}\n    ${report}\n`);
    }
  }

  #showChange(incident: Incident): void {
    if (this.#states.get(incident.incident_id) === incident.state) return;
    this.#states.set(incident.incident_id, incident.state);
    this.#lastChange = Date.now();
    const { cluster_name: cluster, event } = incident.cluster_event;
    const row = incidentRow(incident);
    const result = isFinal(incident.state) && row.root_cause !== '' ? `: ${shorten(row.root_cause, 120)}` : '';
    this.say(`${cluster}  ${event.faultType}  ${describeResource(event.resource)}  ${incident.state}${result}`);
    if (this.#json && isFinal(incident.state)) process.stdout.write(`${JSON.stringify(row)}\n`);
  }

  #status(text: string): void {
    if (this.#words.isTTY) this.#words.write(`\r\u001B[2K${text}`);
  }

  #clearStatus(): void {
    if (this.#words.isTTY) this.#words.write('\r\u001B[2K');
  }
}
