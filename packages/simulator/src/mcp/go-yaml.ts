import { stringify } from 'yaml';

/**
 * Returns YAML as Go servers write it: keys sorted, lists not indented, long texts folded, and quotes around text that
 * YAML 1.1 would read as a timestamp or a boolean.
 */
export function goYaml(value: unknown): string {
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}
