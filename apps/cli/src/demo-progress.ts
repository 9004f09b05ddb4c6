import { describeResource } from '@nightcrier/core/fault';
import { type Incident, isFinal } from '@nightcrier/core/incident';
import { incidentRow, incidentTable } from './incident-table.ts';

/**
 * What the demo shows: one line for each change of an incident, a status line at the foot of a terminal, and a table
 * whenever nothing is left to investigate. With `json`, one JSON line for each incident that has ended, and the words
 * go to standard error.
 */
export class DemoProgress {
  readonly #json: boolean;
  readonly #words: NodeJS.WriteStream;
  readonly #states = new Map<string, string>();
  #tabled = 0;

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
    if (open === 0 && ended > this.#tabled && !this.#json && this.#words.isTTY) this.summarize(incidents);
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
      if (row.state === 'resolved')
        this.#words.write(`${row.resource}: ${row.workspace ?? ''}/output/investigation.md\n`);
    }
  }

  #showChange(incident: Incident): void {
    if (this.#states.get(incident.incident_id) === incident.state) return;
    this.#states.set(incident.incident_id, incident.state);
    const { cluster_name: cluster, event } = incident.cluster_event;
    const row = incidentRow(incident);
    const result = isFinal(incident.state) && row.root_cause !== '' ? `: ${shorten(row.root_cause)}` : '';
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

/** The whole of it is in the table. */
function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119).trimEnd()}…`;
}
