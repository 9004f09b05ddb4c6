import { configSchema } from '@nightcrier/core/settings/config-schema';

/** `nightcrier schema`: the JSON Schema of the configuration file. */
export function printSchema(): void {
  console.log(JSON.stringify(configSchema(), undefined, 2));
}
