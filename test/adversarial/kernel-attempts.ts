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

/** Groups of further calls, each refused in the same way. An attempt prints those that are not. */
const FURTHER: readonly (readonly [name: string, calls: Record<string, number[]>])[] = [
  [
    'of mounts',
    {
      pivot_root: [155, 0, 0],
      umount: [166, 0, 0],
      swapon: [167, 0, 0],
      open_tree: [428, -100, 0, 1],
      move_mount: [429, -1, 0, -1, 0, 0],
      fsopen: [430, 0, 0],
      fsmount: [432, -1, 0, 0],
      mount_setattr: [442, -1, 0, 0, 0, 0],
      fanotify_init: [300, 0, 0],
      name_to_handle_at: [303, -1, 0, 0, 0, 0],
      quotactl: [179, 0, 0, 0, 0],
    },
  ],
  [
    'of namespaces',
    Object.fromEntries(
      [0x80, 0x2_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000].map((flag) => [
        `unshare ${flag}`,
        [272, flag],
      ]),
    ),
  ],
  [
    'of other processes',
    {
      process_vm_writev: [311, 1, 0, 0, 0, 0, 0],
      kcmp: [312, 1, 1, 0, 0, 0],
      pidfd_getfd: [438, -1, 0, 0],
      process_madvise: [440, -1, 0, 0, 0, 0],
      move_pages: [279, 1, 0, 0, 0, 0, 0],
    },
  ],
  [
    'of the machine',
    {
      modify_ldt: [154, 0, 0, 0],
      acct: [163, 0],
      settimeofday: [164, 0, 0],
      reboot: [169, 0, 0, 0, 0],
      iopl: [172, 3],
      ioperm: [173, 0, 1, 1],
      clock_settime: [227, 0, 0],
      finit_module: [313, -1, 0, 0],
      kexec_file_load: [320, -1, -1, 0, 0, 0],
      memfd_secret: [447, 0],
      'personality without randomisation': [135, 0x4_0000],
    },
  ],
  [
    'by the numbers of x32',
    {
      ptrace: [0x4000_0000 + 521, 16, 1, 0, 0],
      io_uring: [0x4000_0000 + 425, 1, 0],
      socket: [0x4000_0000 + 41, 40, 1, 0],
    },
  ],
];

const GROUPS: Attempt[] = FURTHER.map(([name, calls]) => ({
  name: `system calls ${name}`,
  command: `python3 -c "
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
passed = [name for name, call in ${JSON.stringify(calls).replaceAll('"', "'")}.items()
  if libc.syscall(*map(ctypes.c_long, call)) >= 0 or ctypes.get_errno() not in (1, 38)]
print(passed)
sys.exit(0 if passed else 1)"`,
}));

/** Machine code, as the C library has no call of 32 bits: `int 0x80` with the number in EAX. */
const IN_32_BITS: Attempt = {
  name: 'system calls of 32 bits',
  command: `python3 -c "
import ctypes, mmap, sys
passed = []
for name, call in {'ptrace': 26, 'keyctl': 288, 'socketcall': 102, 'bpf': 357, 'io_uring': 425, 'unshare': 310, 'mount': 21}.items():
  code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
  code.write(b'\\x53\\xb8' + call.to_bytes(4, 'little') + b'\\x31\\xdb\\x31\\xc9\\x31\\xd2\\x31\\xf6\\x31\\xff\\xcd\\x80\\x5b\\xc3')
  start = ctypes.addressof(ctypes.c_char.from_buffer(code))
  if ctypes.CFUNCTYPE(ctypes.c_int)(start)() not in (-1, -38): passed.append(name)
print(passed)
sys.exit(0 if passed else 1)"`,
};

/** An agent needs sockets of Unix, TCP and UDP, and of routes, which the C library asks for the addresses of the host. */
const SOCKETS: Attempt = {
  name: 'sockets of any other family or protocol',
  command: `python3 -c "
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
allowed = [(1, 0), (2, 0), (2, 6), (2, 17), (10, 0), (10, 6), (10, 17), (16, 0)]
others = [(family, protocol) for family in range(60) for protocol in (0, 1, 6, 17, 33, 58, 132, 136, 255, 262)]
passed = [other for other in others if other not in allowed and other[0] != 1 for kind in (1, 2, 3, 5)
  if libc.socket(other[0], kind, other[1]) >= 0 or ctypes.get_errno() != 1]
print(passed)
sys.exit(0 if passed else 1)"`,
};

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
  {
    name: 'what the kernel offers to write',
    command: `for f in /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/sys/kernel/ns_last_pid /proc/irq/0/smp_affinity /sys/power/state \
/sys/kernel/mm/ksm/run /sys/kernel/uevent_helper /proc/1/mem /proc/self/uid_map /proc/self/projid_map; do
  (echo 1 > $f) 2>/dev/null && echo "$f" && found=1
done; [[ $found ]]`,
  },
  {
    name: 'the memory and the files of the forwarder',
    command: `for pid in $(grep -l forward /proc/[0-9]*/cmdline | cut -d/ -f3); do head -c 1 /proc/$pid/mem && found=1; done; [[ $found ]]`,
  },
  {
    name: 'capabilities of a file',
    command: `cp /bin/true /tmp/t && python3 -c "
import os
os.setxattr('/tmp/t', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))"`,
  },
  { name: 'shared memory beyond its limit', command: 'head -c 512M /dev/zero > /dev/shm/x' },
  { name: 'a device in the output', command: 'mknod output/null c 1 3' },
  {
    name: 'stop the first process',
    command: 'kill -KILL 1; kill -STOP 1; sleep 0.2; grep -q "State:.*T" /proc/1/status',
  },
];

/** Ways out through the kernel and the file system. */
export const KERNEL_ATTEMPTS: readonly Attempt[] = [...CALLS, ...GROUPS, IN_32_BITS, SOCKETS, ...FILES];
