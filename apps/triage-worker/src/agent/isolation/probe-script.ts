/** Ends the output of a probe that has run to its end. */
const COMPLETE = 'nightcrier-probe: complete';

/**
 * Run by bash in an agent's sandbox: prints what it reaches and should not. It sends nothing to a server that could answer with anything
 * but a refusal: without a route, no packet leaves.
 */
export const PROBE_SCRIPT = `
found() { echo "nightcrier-probe: found $*"; }
open() { timeout 2 bash -c "exec 3<>/dev/$1" 2>/dev/null; }

while IFS=: read -r name _; do
  name=\${name// /}
  [[ $name == lo || $name == *'|'* ]] || found "the network interface $name"
done </proc/net/dev
while read -r device destination _; do
  [[ $device == Iface ]] || found "a route by $device to $destination"
done </proc/net/route
if [[ -r /proc/net/ipv6_route ]]; then
  while read -r destination _ _ _ _ _ _ _ _ device; do
    [[ $device == lo ]] || found "an IPv6 route by $device to $destination"
  done </proc/net/ipv6_route
fi
while read -r address _; do
  [[ $address == IP ]] || found "the neighbour $address"
done </proc/net/arp
while read -r word address _; do
  [[ $word == nameserver ]] || continue
  if open "tcp/$address/53"; then found "the name server $address"; fi
done </etc/resolv.conf
if open tcp/169.254.169.254/80; then found 'the metadata address 169.254.169.254'; fi

[[ $(id -u) != 0 ]] || found 'that it runs as root'
while read -r name value _; do
  case $name in
    CapEff: | CapPrm: | CapBnd:) [[ $value =~ ^0+$ ]] || found "the capabilities $name $value" ;;
    NoNewPrivs:) [[ $value == 1 ]] || found 'that programs can get new privileges' ;;
    Seccomp:) [[ $value == 2 ]] || found 'that no seccomp profile is in force' ;;
  esac
done </proc/self/status
if (: >/nightcrier-probe) 2>/dev/null; then found 'that the root file system is writable'; fi
perl -e '
  use Socket;
  print "nightcrier-probe: found AF_VSOCK\\n" if socket(my $vsock, 40, SOCK_STREAM, 0);
  my $ring = syscall(425, 1, 0);
  print "nightcrier-probe: found io_uring\\n" if $ring >= 0 || ($! != 1 && $! != 38);
  my @sockets = glob("/run/nightcrier/*.sock");
  my $open = 0;
  for my $path (@sockets) {
    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or next;
    $open++ if connect($socket, pack_sockaddr_un($path));
  }
  print "nightcrier-probe: sockets $open\\n";
  print "nightcrier-probe: system calls tried\\n";
'
echo '${COMPLETE}'
`;

/** What a probe has found. */
export interface ProbeResult {
  /** What it reached and should not. */
  findings: string[];
  /** How many sockets of gateways answer. */
  sockets: number;
}

/** Reads the output of {@link PROBE_SCRIPT}. @throws Error when the probe did not run to its end */
export function readProbe(output: string): ProbeResult {
  const lines = output.split('\n').filter((line) => line.startsWith('nightcrier-probe: '));
  if (!lines.includes(COMPLETE)) {
    throw new Error(`the probe did not run to its end: ${output.trim().slice(-300) || 'it printed nothing'}`);
  }
  const findings = lines.flatMap((line) => /^nightcrier-probe: found (.{1,300})$/.exec(line)?.[1] ?? []);
  const isTried = lines.includes('nightcrier-probe: system calls tried');
  const [, sockets = '0'] = /^nightcrier-probe: sockets (\d+)$/m.exec(output) ?? [];
  const unchecked = isTried ? [] : ['no perl in the image, so that AF_VSOCK and io_uring were not tried'];
  return { findings: [...findings, ...unchecked], sockets: Number(sockets) };
}
