import { stringify } from 'yaml';

/**
 * YAML in the manner of the Go servers: keys in order, lists not indented, long texts folded, and quotes around what
 * YAML 1.1 would take for a timestamp or a boolean.
 */
export function goYaml(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}
