import { KnowledgeFolder } from '@nightcrier/runtime/knowledge/knowledge-folder';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, warning } from '../finding.ts';

/** What is named as the source of a configuration without a file. */
const NO_FILE = 'configuration';

/** What the parser of the configuration, and that of knowledge articles, warn of. Modes of files are a check of their own. */
export const configuration: Check = {
  name: 'configuration',
  examine: (context) => [{ subject: context.file ?? 'environment', run: async () => inspect(context) }],
};

async function inspect({ config, file = 'environment', warnings }: CheckContext): Promise<Finding[]> {
  const { problems } = await new KnowledgeFolder().read(config.knowledge_dir);
  const found = [
    ...warnings.filter((text) => !text.includes('; run: chmod ')).map((text) => warning(file, text, fixOf(text))),
    ...problems.map((text) => failed('knowledge_dir', text, fixOf(text))),
  ];
  const clusters = config.clusters.length === 1 ? '1 cluster' : `${config.clusters.length} clusters`;
  return found.length > 0 ? found : [ok(file, clusters)];
}

/** Returns the findings of a configuration that cannot be used: its other parts cannot be examined. @param problems each with its place */
export function invalidConfiguration(source: string, problems: readonly string[]): Finding[] {
  const subject = source === NO_FILE ? 'no file' : source;
  return problems.map((text) => failed(subject, text.replace(`${NO_FILE}: `, ''), fixOf(text)));
}

/** A problem says what to do in its words; where it does not, its place is where. */
function fixOf(problem: string): string {
  const [, place] = /^(\S+:\d+:\d+)/.exec(problem) ?? [];
  const [, meant] = /did you mean "([^"]+)"\?/.exec(problem) ?? [];
  const where = place === undefined ? '' : ` at ${place}`;
  if (meant !== undefined) return `write ${meant}${where}`;
  const [, advice] = /[:;] ((?:set|add|use|write|run|give) .+)$/.exec(problem) ?? [];
  if (advice !== undefined) return advice;
  return `correct it${where}, then: nightcrier validate`;
}
