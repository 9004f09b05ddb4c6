import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { addressesIn } from '../../evidence/view/addresses.ts';

/** Where the messages of each cause name what is missing or wrong. */
const NAMES: Partial<Record<Cause, RegExp>> = {
  env_missing:
    /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b|placeholder '([\w.-]{1,100})'|[`'"]([\w.:-]{2,100})[`'"]|Missing `?([a-z_]{3,60})/,
  dependency_missing:
    /(?:module named|find module|load such file --|class|libraries:|load file or assembly) ?['"`]?([\w./@-]{2,120})|(?:ClassNotFoundException|NoClassDefFoundError): ([\w./$]{2,120})/i,
  arguments_invalid:
    /(?:flag|option|arguments?|parameter|command)s?:? ?(?:provided but not defined: )?['"`]?(-{0,2}[\w-]{1,60})/i,
  db_credentials: /(?:for )?user(?:name)?[ =:]{1,2}['"]([\w.@-]{1,64})['"]|for user ([\w.@-]{1,64})/i,
  db_permission: /(?:table|relation|schema|database|sequence|view|function) ["'`]?([\w.]{1,100})/i,
  db_object_missing: /["'`]([\w.]{1,100})["'`]/,
  file_missing: /(\/[\w./-]{2,150})/,
  permission_denied: /(\/[\w./-]{2,150})/,
  read_only_file_system: /(\/[\w./-]{2,150})/,
  kernel_setting: /(vm\.max_map_count|fs\.[\w.]{3,60}|max file descriptors|inotify)/,
  config_invalid: /(?:bean with name|directive|variable|parameter) ['"]?([\w.-]{1,100})/i,
};

/** What a message names: the variable, module, file or address; nothing when it names none. */
export function detailOf(cause: Cause, line: string): string | undefined {
  const names = NAMES[cause];
  if (names !== undefined)
    return names
      .exec(line)
      ?.slice(1)
      .find((name) => name !== undefined);
  if (!/^(dns_name_unknown|dependency_unreachable|tls_failed)$/.test(cause)) return undefined;
  const address = addressesIn(line, 'log').find(
    ({ host }) => !/^\d+\.\d+\.\d+\.\d+$/.test(host) || cause !== 'dns_name_unknown',
  );
  return address && `${address.host}${address.port === undefined ? '' : `:${String(address.port)}`}`;
}
