import { REDACTED } from '../redacted.ts';
import { canBeSecret } from '../secret-names.ts';

/** Between arguments: a space, or `", "` where they are a list. */
const NEXT = `(?:["']?,[ \\t]{0,4}["']?|[ \\t]{1,4}["']?)`;

/** An option whose value is a password: words of the programs, the programs, the option and what precedes the password. */
const OPTIONS: readonly (readonly [words: string, programs: string, option: string])[] = [
  ['curl|wget', 'curl|wget', '(?:-[a-zA-Z]{0,6}u|--user|--proxy-user|-U)(?:=|NEXT)[^\\s:"\']{1,100}:(?!\\/\\/)["\']?'],
  [' -b |--cookie', 'curl', '(?:-b|--cookie)(?:=|NEXT)[\\w.-]{1,60}='],
  ['aws', 'aws', '--secret-string(?:=|NEXT)'],
  ['securestring', 'aws', '--type[ =]SecureString[^\\n]{0,100}?--value(?:=|NEXT)'],
  ['beeline', 'beeline', '-pNEXT'],
  ['kadmin', 'kadmin', '-wNEXT'],
  ['bcp ', 'bcp', '-P(?:NEXT)?'],
  ['useradd|usermod', 'useradd|usermod', '(?:-p|--password)(?:=|NEXT)'],
  ['keyvault', 'az', '--value(?:=|NEXT)'],
  ['etcdctl|influx', 'etcdctl|influx', '--user(?:=|NEXT)[^\\s:"\']{1,100}:'],
  ['mysql|mariadb', '(?:mysql|mariadb)(?:-?dump|-?admin)?', '-p["\']?'],
  ['redis-cli|valkey-cli', '(?:redis|valkey)-cli', '(?:-a|--pass)NEXT'],
  ['mongo', 'mongo(?:sh|dump|restore)?', '-pNEXT'],
  ['login', 'docker|podman|helm|az|oras|nerdctl|skopeo', '-p(?:=|NEXT)'],
  ['snmp', 'snmp(?:walk|get|getnext|bulkwalk|set|table)', '-[cA]NEXT'],
  ['snmp', 'snmp(?:walk|get|getnext|bulkwalk|set|table)', '-XNEXT'],
  ['freerdp', '[wx]freerdp3?', '\\/p:["\']?'],
  ['ipmi|sqlcmd', 'ipmitool|sqlcmd', '-PNEXT'],
  ['ldap', 'ldap(?:search|add|modify|delete|whoami|passwd)', '-wNEXT'],
  ['ldappasswd', 'ldappasswd', '-[as]NEXT'],
  ['smbclient', 'smbclient', '-UNEXT[^\\s%"\']{1,100}%'],
  ['lftp', 'lftp', '-uNEXT[^\\s,"\']{1,100},'],
  ['zip -', '(?:un)?zip', '-PNEXT'],
  ['mosquitto', 'mosquitto_(?:pub|sub|rr)', '(?:-P|--pw)NEXT'],
  ['cqlsh|clickhouse', 'cqlsh|clickhouse-client', '(?:-p|--password)(?:=|NEXT)'],
  ['7z a|7z x|7za |7zz ', '7z[az]?', '-p'],
  [' -a |--auth', 'https?|xh|ab', '(?:-a|-A|--auth)(?:=|NEXT)[^\\s:"\']{1,100}:'],
  ['openssl', 'openssl', '(?:-k|-pass(?:in|out)?)NEXT(?:pass:)?'],
  ['from-literal', 'kubectl|oc', '--from-literal(?:=|NEXT)[\\w.-]{1,253}=["\']?'],
];

/** Words that a password follows without an option. */
const ARGUMENTS: readonly (readonly [words: string, before: string])[] = [
  ['vault', 'vaultNEXTloginNEXT'],
  ['configure', 'awsNEXTconfigureNEXTsetNEXT\\w{0,40}(?:secret|token)\\w{0,40}NEXT'],
  ['htpasswd', 'htpasswdNEXT-\\w{0,4}b\\w{0,4}NEXT\\S{1,60}NEXT\\S{1,60}NEXT'],
  ['rabbitmqctl', 'rabbitmqctlNEXT(?:add_user|change_password|authenticate_user)NEXT[^\\s"\']{1,60}NEXT'],
  ['etcdctl', 'etcdctl[^\\n]{0,200}? user(?:NEXT)add(?:NEXT)[^\\s"\':]{1,60}:'],
  ['net use', 'net1?(?:\\.exe)? use [A-Za-z*]:?[ \\t]{1,4}\\\\\\\\[^\\s"\']{1,200}NEXT(?![/*])'],
  ['unseal ', 'vaultNEXToperatorNEXTunsealNEXT'],
  ['mc admin', 'mcNEXTadminNEXTuserNEXTaddNEXT\\S{1,60}NEXT\\S{1,60}NEXT'],
  ['sshpass', 'sshpassNEXT-p(?:NEXT)?["\']?'],
  ['net user', 'net1?(?:\\.exe)? user[ \\t]{1,4}[\\w.-]{1,60}NEXT(?![/*])'],
  ['<<<', '(?:--password-stdin|--with-token|passwd --stdin|sudo -S|kinit)[^\\n]{0,200}?<<< ?["\']?'],
  // Of any program: a user and a password.
  [
    ' -u |--user',
    '(?:-u|-U|--user(?:name)?)(?:=|NEXT)[^\\s"\']{1,100}[ \\t]{1,4}(?:-p|-P|--pass)(?:=|NEXT)(?![\\d.:]{1,40}(?:\\/\\w{3})?(?:\\s|$))(?=[^\\s]{0,60}[A-Za-z])',
  ],
  ['<<<', '\\w{0,40}(?:PASS\\w{0,8}|SECRET|TOKEN) ?<<< ?["\']?'],
  ['obscure', 'rcloneNEXTobscureNEXT'],
  ['alias set|host add', 'mcNEXT(?:alias|config)NEXT(?:set|host add)NEXT\\S{1,60}NEXT\\S{1,100}NEXT\\S{1,60}NEXT'],
  ['sqlplus', 'sqlplusNEXT[^\\s"\'/]{1,60}/'],
  ['login=', 'login=[\\w.-]{1,60}:'],
  ['setx|setenv', 'set(?:x|env)NEXT\\w{0,60}(?:PASS\\w{0,8}|SECRET|TOKEN|KEY|CREDENTIALS?|PWD)NEXT'],
  ['set -', 'set -[gUx]{1,3}NEXT\\w{0,60}(?:PASS\\w{0,8}|SECRET|TOKEN|KEY|CREDENTIALS?|PWD)NEXT'],
  ['ENV ', 'ENV[ \\t]{1,4}\\w{0,60}(?:PASS\\w{0,8}|SECRET|TOKEN|KEY|CREDENTIALS?|PWD)[ \\t]{1,4}"?'],
  ['securestring', '(?:ConvertTo|convertto)-(?:SecureString|securestring)NEXT(?:-StringNEXT)?'],
  [
    'password-stdin|--stdin|--with-token|sudo -s|passphrase-fd|kinit|gcloud secrets|secret create|create secret|mkpasswd|openssl passwd',
    '(?=[^\\n]{0,300}\\|[^\\n|]{0,200}(?:--password-stdin|--with-token|passwd --stdin|sudo -S|--passphrase-fd|kinit|gcloud secrets|(?:docker|podman) secret create|create secret|mkpasswd|openssl passwd))echo(?: -n)?NEXT',
  ],
  ['chpasswd', '(?=[^\\n]{0,300}\\| ?chpasswd)echoNEXT[\\w.-]{1,60}:'],
];

/** Redacts credentials in the arguments of well-known programs; each rule with the words without which it finds nothing. */
export const COMMAND_RULES: readonly (readonly [rule: (text: string) => string, ...words: string[]])[] = [
  ...OPTIONS.map(([words, programs, option]) => {
    const before = `\\b(?:${programs})\\b(?=["'\\s,])[^\\n]{0,200}?[\\s"']${option}`;
    return commandRule(words, before);
  }),
  ...ARGUMENTS.map(([words, before]) => commandRule(words, `(?<!\\w)${before}`)),
];

function commandRule(words: string, before: string): readonly [rule: (text: string) => string, ...words: string[]] {
  const pattern = new RegExp(
    `(${before.replaceAll('NEXT', NEXT)})([^\\s"'@-][^\\s"'@]{0,500})((?:[ \\t]{1,4}(?!-)[^\\s"']{1,60}){1,5}(?=["']))?`,
    'g',
  );
  const rule = (text: string): string =>
    text.replace(
      pattern,
      (whole: string, given: string, value: string, words: string | undefined, offset: number, all: string) => {
        if (!canBeSecret('password', value, true)) return whole;
        // Further words belong to the value if the quote behind them was opened before it.
        const quote = all.charAt(offset + whole.length);
        const isOpen = words !== undefined && given.split(quote).length % 2 === 0;
        return `${given}${REDACTED}${isOpen ? '' : (words ?? '')}`;
      },
    );
  return [rule, ...words.split('|')];
}
