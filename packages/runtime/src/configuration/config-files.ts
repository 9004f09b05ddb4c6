import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from './config-error.ts';
import { isReadableFile, readText } from './resolve-paths.ts';
import { utf8Text } from './yaml/utf8-text.ts';
import { YamlSource } from './yaml-source.ts';

const DEFAULT_FILE = 'nightcrier.yaml';
/** Where the original system looks for its files. */
const ORIGINAL_DIRECTORIES = ['.', 'configs', '/etc/nightcrier'];
/** A `config.yaml` in the working directory may belong to anything: only one that names clusters is ours. */
const NAMES_CLUSTERS = /^(clusters|monitored_clusters|mcp_endpoint)\s*:/m;
const IS_TUNING = /^(http|agent|reporting|events|io)\s*:/m;

type Environment = Record<string, string | undefined>;

/**
 * Opens the file that `--config` or NIGHTCRIER_CONFIG names; else nightcrier.yaml, or config.yaml where the original system
 * has it. Undefined: there is none, and flags and environment say everything.
 * @throws ConfigError when a file that was named cannot be read
 */
export async function openConfigFile(
  flags: Record<string, string>,
  environment: Environment,
): Promise<YamlSource | undefined> {
  const file = namedConfigFile(flags, environment);
  if (file === undefined) return undefined;
  try {
    return new YamlSource(file, utf8Text(await readFile(file)), environment);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(file, [`cannot read the configuration file: ${reason}`]);
  }
}

/** The file that {@link openConfigFile} opens. */
export function namedConfigFile(flags: Record<string, string>, environment: Environment): string | undefined {
  return (flags.config ?? environment.NIGHTCRIER_CONFIG) || defaultConfigFile();
}

/** The file that is read when none is named. */
export function defaultConfigFile(): string | undefined {
  const ours = [DEFAULT_FILE, path.join('/etc/nightcrier', DEFAULT_FILE)].find(isReadableFile);
  if (ours !== undefined) return ours;
  const original = ORIGINAL_DIRECTORIES.map((directory) => path.join(directory, 'config.yaml'));
  return original.find((file) => NAMES_CLUSTERS.test(readText(file) ?? ''));
}

/** Opens the tuning.yaml of the original system: beside the configuration file, or where the original system has it. */
export async function openTuningFile(
  source: YamlSource | undefined,
  environment: Environment,
): Promise<YamlSource | undefined> {
  const directories = [...(source ? [path.dirname(source.file)] : []), ...ORIGINAL_DIRECTORIES];
  for (const directory of directories) {
    const file = path.join(directory, 'tuning.yaml');
    const text = readText(file);
    if (text !== undefined && IS_TUNING.test(text)) return new YamlSource(file, text, environment);
  }
  return undefined;
}
