import { isUsedBy, SETTINGS, type Setting, settingOf } from '@nightcrier/core/settings/setting-list';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import { ORIGINAL_KEYS } from '@nightcrier/core/settings/original/original-keys';
import { type Command, Help, Option } from 'commander';
import { EXIT_CODES } from '../exit-code.ts';

/** Stands for a space at which no line is wrapped. */
const UNBROKEN = '\u0001';

const HINTS = `
Every setting is also a flag, such as --log-level debug; --help-all lists
them. A flag overrides an environment variable, which overrides the
configuration file, which overrides the default. A duration is a number of
seconds, or text such as 500ms, 30s, 1m30s or 2h. Secrets have no flag, because
flags show in the process list: use the environment or a file. Changes of the
configuration file take effect at once, or on SIGHUP; settings marked
[needs a restart] do not.`;

/**
 * Adds `--config` and a flag for each setting to a command. `--help-all` lists the settings in groups; `--help` fits a page without them.
 * @param process shows only the settings of this process; all flags are accepted
 */
export function addSettingFlags(command: Command, process?: ProcessName): Command {
  command.addOption(
    new Option(
      '-c, --config <file>',
      describe('Configuration file.', ['default: nightcrier.yaml', 'env: NIGHTCRIER_CONFIG']),
    ).helpGroup('Configuration:'),
  );
  command.addOption(
    new Option(
      '--mcp-endpoint <url>',
      describe('MCP server of a single cluster, in place of clusters in the file. It uses the default kubeconfig.', [
        'env: NIGHTCRIER_MCP_ENDPOINT, K8S_CLUSTER_MCP_ENDPOINT',
      ]),
    ).helpGroup('Configuration:'),
  );
  const settings = new Set<Option>();
  for (const setting of SETTINGS) {
    const option = optionOf(setting);
    if (!option) continue;
    command.addOption(option.hideHelp(!isUsedBy(setting, process)));
    settings.add(option);
  }
  const plain = new Help();
  let withSettings = false;
  // Outside of the page they are visible, to be suggested and completed.
  let isPage = false;
  for (const { flag, to = '' } of ORIGINAL_KEYS) {
    if (flag !== undefined) command.addOption(new Option(`--${flag} [value]`, `the original name of ${to}`).hideHelp());
  }
  return withShortErrors(command)
    .helpOption('-h, --help', 'Show this page.')
    .option('--help-all', 'Show every setting as a flag, with its default and its environment variable.')
    .on('option:help-all', () => {
      withSettings = true;
      command.outputHelp();
      globalThis.process.exit(EXIT_CODES.ok);
    })
    .allowExcessArguments(false)
    .addHelpText('after', HINTS)
    .configureHelp({
      showGlobalOptions: false,
      formatHelp: (shown, helper) => {
        isPage = true;
        try {
          return plain.formatHelp(shown, helper);
        } finally {
          isPage = false;
        }
      },
      visibleOptions: (shown) =>
        plain.visibleOptions(shown).filter((option) => withSettings || !isPage || !settings.has(option)),
      // Flags are too long for two columns.
      formatItem: (term, _width, description, helper) => {
        const width = (helper.helpWidth ?? 80) - 6;
        const lines = description.split('\n').flatMap((line) => helper.boxWrap(line, width).split('\n'));
        const block = [`  ${term}`, ...lines.filter(Boolean).map((line) => `      ${line}`)].join('\n');
        return block.replaceAll(UNBROKEN, ' ');
      },
    });
}

/** Has usage errors exit with 64, and printed as one line with a hint: a whole help page would push the error off the screen. */
export function withShortErrors(command: Command): Command {
  return command
    .configureOutput({
      outputError: (message, write) => {
        const line = message.trim().replaceAll(/\s*\n\s*/g, ' ');
        write(line.includes('(Did you mean') ? `${line}\n` : `${line} (--help shows what there is)\n`);
      },
    })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage));
}

/** The flags of {@link addSettingFlags} that were given, by their names. */
export function settingFlags(command: Command): Record<string, string> {
  const given: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2);
    if (name === undefined || !NAMES.has(name) || command.getOptionValueSource(option.attributeName()) !== 'cli')
      continue;
    const value: unknown = command.getOptionValue(option.attributeName());
    given[name] = typeof value === 'string' ? value : 'true';
  }
  return given;
}

const NAMES = new Set(
  ['config', 'mcp-endpoint', ...SETTINGS.map(({ flag }) => flag), ...ORIGINAL_KEYS.map(({ flag }) => flag)].filter(
    (name) => name !== undefined,
  ),
);

function optionOf(setting: Setting): Option | undefined {
  const { flag, value, defaultValue, section } = setting;
  if (flag === undefined) return undefined;
  const placeholder = typeof defaultValue === 'boolean' ? `[${value}]` : `<${value}>`;
  return new Option(`--${flag} ${placeholder}`, describe(setting.description, facts(setting))).helpGroup(`${section}:`);
}

function facts({ name, defaultText, unit, environment, originalEnvironment, live }: Setting): string[] {
  const secret = name.endsWith('_file') ? settingOf(name.slice(0, -'_file'.length)) : undefined;
  return [
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`]),
    ...(unit === undefined || unit === 'seconds' ? [] : [`unit: ${unit}`]),
    `env: ${[environment, ...originalEnvironment].join(', ')}`,
    ...(secret ? [`value: ${[secret.environment, ...secret.originalEnvironment].join(', ')}`] : []),
    ...(live ? [] : ['needs a restart']),
  ];
}

function describe(sentence: string, details: string[]): string {
  return `${sentence}\n${details.map((detail) => `[${detail.replaceAll(' ', UNBROKEN)}]`).join(' ')}`;
}
