/**
 * System calls that an agent may use: what shells, kubectl, Node and Python need. The engine's own profile is replaced, not
 * extended. Beyond what that refuses, this one refuses to trace other processes or to read their memory, io_uring, and
 * sockets of other families and protocols than Unix, TCP, UDP and routes: those to the hypervisor (AF_VSOCK), and those whose
 * modules the kernel would load.
 */
const ALLOWED = `
accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres clock_gettime
clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod
fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fstat fstatfs fsync ftruncate futex
futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64
getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid
getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init
inotify_init1 inotify_rm_watch ioctl kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link
linkat listen listxattr llistxattr lseek lstat madvise membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2
mlockall mmap mprotect mremap msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause pidfd_open
pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead
readlink readlinkat readv recv recvfrom recvmmsg recvmsg rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction
rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_getaffinity
sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval
sched_setaffinity sched_yield select send sendfile sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address
setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid
setsockopt setuid shutdown sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync
sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork
vmsplice wait4 waitid waitpid write writev
fstat64 fstatat64 lstat64 stat64 statfs64 fstatfs64 fcntl64 ftruncate64 truncate64 sendfile64 _llseek mmap2 ugetrlimit
clock_gettime64 clock_nanosleep_time64 clock_getres_time64 futex_time64 ppoll_time64 pselect6_time64 recvmmsg_time64
rt_sigtimedwait_time64 timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64 sched_rr_get_interval_time64
semget semop semctl semtimedop shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
mq_timedreceive mq_notify mq_getsetattr
`;

const ALLOW = 'SCMP_ACT_ALLOW';
/** CLONE_NEW*: namespaces. */
const NAMESPACE_FLAGS = 2_114_060_288;
const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] = [1, 2, 10, 16];
/** Protocols. */
const [DEFAULT, TCP, UDP] = [0, 6, 17];
const ENOSYS = 38;
/** The execution domains that personality(2) may set: Linux, without address space randomisation, and the query. */
const PERSONALITIES = [0, 8, 131_072, 131_080, 4_294_967_295];

/** The seccomp profile of an agent's container, in the format of the container engines. */
export const seccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: [
    { names: ALLOWED.trim().split(/\s+/), action: ALLOW },
    { names: ['socketpair'], action: ALLOW, args: [equals(0, AF_UNIX)] },
    // With rules of one and of two arguments for a call, libseccomp 2.5 allows more than they say.
    socketOf(AF_UNIX, DEFAULT),
    ...[AF_INET, AF_INET6].flatMap((family) => [DEFAULT, TCP, UDP].map((protocol) => socketOf(family, protocol))),
    // Routes: the C library asks for the addresses of the host.
    socketOf(AF_NETLINK, DEFAULT),
    {
      names: ['clone'],
      action: ALLOW,
      args: [{ index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    // Its flags are behind a pointer, which no filter can read; the C library falls back to clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ...PERSONALITIES.map((value) => ({
      names: ['personality'],
      action: ALLOW,
      args: [equals(0, value)],
    })),
  ],
};

function socketOf(family: number, protocol: number): { names: string[]; action: string; args: object[] } {
  return { names: ['socket'], action: ALLOW, args: [equals(0, family), equals(2, protocol)] };
}

/** An argument of a call, by its index. */
function equals(index: number, value: number): object {
  return { index, value, op: 'SCMP_CMP_EQ' };
}
