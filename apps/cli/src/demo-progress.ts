import { describeResource } from '@nightcrier/core/faults/fault';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import path from 'node:path';
import { incidentRow, incidentTable, shorten } from './lists/incident-table.ts';

/** Time without a change of any incident after which the table is shown, ms. */
const QUIET_MS = 5_000;

/**
 * The output of the demo: a line for each change of an incident, a status line if it is a terminal, and a table of all
 * incidents when nothing changes any more. With `json`, one JSON line for each ended incident goes to standard output, and
 * everything else to standard error.
 */
export class DemoProgress {
  readonly #json: boolean;
  readonly #output: NodeJS.WriteStream;
  readonly #states = new Map<string, string>();
  #url: string | undefined;
  #tabled = 0;
  #lastChange = Date.now();

  constructor(json: boolean) {
    this.#json = json;
    this.#output = json ? process.stderr : process.stdout;
  }

  say(text: string): void {
    this.#clearStatus();
    this.#output.write(`${new Date().toTimeString().slice(0, 8)}  ${escapeControls(text)}\n`);
  }

  /** Shows where the running system is. Reports are linked there from then on. @param url of the API */
  links(url: string, folder: string): void {
    this.#url = url;
    this.say(`dashboard:  ${url}/`);
    this.say(`incidents:  ${url}/api/incidents, or: nightcrier incidents list --api-url ${url}`);
    this.say(`health:     ${url}/health/clusters`);
    this.say(`files:      ${folder} (incidents, logs, configuration)`);
  }

  /** Says how it ends, below the last status, which stays. */
  end(folder: string): void {
    if (this.#output.isTTY) this.#output.write('\n');
    const reported = [...this.#states.values()].filter((state) => state === 'reported').length;
    const counts = `${this.#states.size} incidents, ${reported} reports`;
    this.#output.write(`${escapeControls(`stopping: ${counts}; all files are in ${folder}`)}\n`);
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

  /** Prints the table of these incidents, oldest first. Prints nothing with `json`. */
  summarize(incidents: Incident[]): void {
    if (this.#json) return;
    this.#tabled = incidents.length;
    this.#clearStatus();
    const rows = incidents.toReversed().map(incidentRow);
    this.#output.write(`${incidentTable(rows, this.#output.columns)}\n`);
    for (const row of rows) {
      if (row.state !== 'reported' || row.workspace === undefined) continue;
      const report = path.relative('', path.join(row.workspace, 'output/investigation.md'));
      const link = this.#url === undefined ? '' : `    ${this.#url}/api/incidents/${row.incident_id}/report\n`;
      this.#output.write(escapeControls(`${row.cluster}  ${row.resource}\n${link}    ${report}\n`));
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
    if (this.#json && isFinal(incident.state)) process.stdout.write(`${escapeControls(JSON.stringify(row))}\n`);
  }

  #status(text: string): void {
    if (this.#output.isTTY) this.#output.write(`\r\u001B[2K${text}`);
  }

  #clearStatus(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001B[2K');
  }
}
