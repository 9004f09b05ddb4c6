import { effortOf } from '../../test/hostile/measure.ts';
import { PARSERS } from '../../test/hostile/parsers.ts';
import { TEXTS } from '../../test/hostile/texts.ts';
import type { Bench } from '../run.ts';

const SIZE = 1_000_000;
/** For one parser and text, ms. */
const MOST = { cpu: 200, blocked: 50 };
/** An operator writes it, and no cluster, server or agent. */
const OWN = 'configuration file';
/** Of several runs, the shortest counts: the others were interrupted. */
const RUNS = 2;

export const bench: Bench = {
  description: 'CPU time of every parser on hostile texts of 1 MB, and for how long it blocks the event loop, in ms.',
  async measure(progress) {
    const rows: { parser: string; text: string; cpu: number; blocked: number }[] = [];
    for (const [name, text] of Object.entries(TEXTS)) {
      const hostile = text(SIZE);
      for (const [parser, parse] of Object.entries(PARSERS)) {
        if (parser === OWN) continue;
        const efforts = [];
        for (let run = 0; run < RUNS; run += 1) {
          const effort = await effortOf(parse, hostile);
          efforts.push(effort);
          if (effort.cpu < 20) break;
        }
        const cpu = Math.min(...efforts.map((effort) => effort.cpu));
        const blocked = Math.min(...efforts.map((effort) => effort.blocked));
        rows.push({ parser, text: name, cpu, blocked });
        if (cpu > MOST.cpu || blocked > MOST.blocked)
          progress(`${parser}: ${name}: ${Math.round(cpu)} ms, blocked ${Math.round(blocked)} ms`);
      }
    }
    const most = Object.groupBy(rows, ({ parser }) => parser);
    return {
      parsers: Object.keys(PARSERS).length - 1,
      texts: Object.keys(TEXTS).length,
      cpu_ms_max: Math.round(Math.max(...rows.map(({ cpu }) => cpu))),
      // Of each parser and text that takes longer than it may.
      exceeded: rows
        .filter(({ cpu, blocked }) => cpu > MOST.cpu || blocked > MOST.blocked)
        .map((row) => ({ ...row, cpu: Math.round(row.cpu), blocked: Math.round(row.blocked) })),
      blocked_ms_max: Math.round(Math.max(...rows.map(({ blocked }) => blocked))),
      ...Object.fromEntries(
        Object.entries(most).map(([parser, all = []]) => {
          const slowest = all.toSorted((a, b) => b.cpu - a.cpu)[0];
          const blocking = all.toSorted((a, b) => b.blocked - a.blocked)[0];
          return [
            parser,
            `${Math.round(slowest?.cpu ?? 0)} ms (${slowest?.text}), blocked ${Math.round(blocking?.blocked ?? 0)} ms (${blocking?.text})`,
          ];
        }),
      ),
    };
  },
};
