import type { Attempt } from './attempts.ts';

/** Calls that are refused with EPERM or ENOSYS: by the seccomp profile, before the kernel reads an argument. */
const CALLS: Attempt[] = [
  ['ptrace', 101, '16, 1, 0, 0'],
  ['keyctl', 250, '0, -3, 0'],
  ['add_key', 248, '0, 0, 0, 0, -3'],
  ['bpf', 321, '0, 0, 0'],
  ['perf_event_open', 298, '0, 0, -1, -1, 0'],
  ['userfaultfd', 323, '0'],
  ['open_by_handle_at', 304, '-1, 0, 0'],
  ['process_vm_readv', 310, '1, 0, 0, 0, 0, 0'],
  ['kexec_load', 246, '0, 0, 0, 0'],
  ['init_module', 175, '0, 0, 0'],
  ['clone with a user namespace', 56, '0x10000000, 0, 0, 0, 0'],
  ['setns', 308, '-1, 0'],
].map(([name, call, rest]) => ({
  name: `system call: ${name}`,
  command: `python3 -c "
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall(${call}, ${rest})
sys.exit(0 if result >= 0 or ctypes.get_errno() not in (1, 38) else 1)"`,
}));

const FAMILIES: Attempt[] = [
  ['packets', 'socket.AF_PACKET, socket.SOCK_RAW'],
  ['raw IP', 'socket.AF_INET, socket.SOCK_RAW, 1'],
  ['bluetooth', '31, socket.SOCK_RAW'],
].map(([name, family]) => ({
  name: `sockets of ${name}`,
  command: `python3 -c "import socket; socket.socket(${family})"`,
}));

const FILES: Attempt[] = [
  { name: 'core pattern', command: 'echo "|/bin/sh" > /proc/sys/kernel/core_pattern' },
  { name: 'release agent', command: 'echo x > /sys/fs/cgroup/release_agent || mkdir /sys/fs/cgroup/x' },
  { name: 'memory of the first process', command: 'head -c 1 /proc/1/mem; gdb -p 1' },
  { name: 'root of another process', command: 'ls /proc/*/root/var/lib/docker /proc/*/root/root' },
  { name: 'disks', command: 'head -c 1 /dev/sda /dev/vda /dev/mem /dev/kmsg' },
  {
    name: 'a program with more rights',
    command: `find / -xdev -perm -4000 -type f 2>/dev/null | while read -r f; do "$f" </dev/null; done; id -u | grep -x 0`,
  },
  { name: 'a file of 1 TB with holes', command: 'truncate -s 1T output/sparse' },
  { name: 'a hard link to the kubeconfig', command: 'ln "$KUBECONFIG" output/kubeconfig' },
  { name: 'a device in the output', command: 'mknod output/null c 1 3' },
  {
    name: 'stop the first process',
    command: 'kill -KILL 1; kill -STOP 1; sleep 0.2; grep -q "State:.*T" /proc/1/status',
  },
];

/** Ways out through the kernel and the file system. */
export const KERNEL_ATTEMPTS: readonly Attempt[] = [...CALLS, ...FAMILIES, ...FILES];
