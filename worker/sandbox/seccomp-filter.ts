import { type FilterArchitecture, type SyscallName, syscallNumber } from "./syscall-numbers.ts";

/**
 * The seccomp filter of every host as raw classic BPF, the form that `bwrap --seccomp FD` reads
 * (struct sock_filter, linux/filter.h): a list of what is denied, everything else is allowed.
 *
 * A process of a foreign architecture (32-bit, x32) is killed: its numbers mean other calls.
 * The kernel remembers which calls are allowed whatever their arguments (since 5.11), so the length costs nothing.
 */
export function seccompFilter(architecture: FilterArchitecture): Buffer {
  const program: Instruction[] = [
    load(offsetOfArchitecture),
    jumpIfEqual(auditArchitectures[architecture], 1, 0),
    answer(killProcess),
    load(offsetOfNumber),
  ];
  if (architecture === "x64") program.push(jumpIfAtLeast(x32SyscallBit, 0, 1), answer(killProcess));
  for (const rule of rules) {
    const number = syscallNumber(rule.syscall, architecture);
    if (number === null) continue;
    const body = [...rule.body, load(offsetOfNumber)];
    // A rule that always answers never comes back, so it needs no reload of the number.
    const length = rule.always ? rule.body.length : body.length;
    program.push(jumpIfEqual(number, 0, length), ...body.slice(0, length));
  }
  program.push(answer(allow));
  return encode(program);
}

/** The architecture of this machine, or null where no filter can be made for it. */
export function filterArchitecture(): FilterArchitecture | null {
  return process.arch === "x64" || process.arch === "arm64" ? process.arch : null;
}

interface Instruction {
  code: number;
  whenTrue: number;
  whenFalse: number;
  value: number;
}

interface Rule {
  syscall: SyscallName;
  /** The body ends in an answer whatever the arguments are. */
  always: boolean;
  body: Instruction[];
}

// include/uapi/linux/seccomp.h
const allow = 0x7fff0000;
const killProcess = 0x80000000;
const errorAnswer = 0x00050000;

// struct seccomp_data
const offsetOfNumber = 0;
const offsetOfArchitecture = 4;
const offsetOfArgument = (index: number): number => 16 + 8 * index;

// include/uapi/linux/audit.h
const auditArchitectures = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const x32SyscallBit = 0x40000000;

// include/uapi/asm-generic/errno*.h
const notPermitted = 1;
const noSuchSyscall = 38;
const familyNotSupported = 97;

const load = (offset: number): Instruction => ({ code: 0x20, whenTrue: 0, whenFalse: 0, value: offset });
const jumpIfEqual = (value: number, whenTrue: number, whenFalse: number): Instruction => ({
  code: 0x15,
  whenTrue,
  whenFalse,
  value,
});
const jumpIfAtLeast = (value: number, whenTrue: number, whenFalse: number): Instruction => ({
  code: 0x35,
  whenTrue,
  whenFalse,
  value,
});
const jumpIfAnyBit = (value: number, whenTrue: number, whenFalse: number): Instruction => ({
  code: 0x45,
  whenTrue,
  whenFalse,
  value,
});
const answer = (value: number): Instruction => ({ code: 0x06, whenTrue: 0, whenFalse: 0, value });

const deny = (syscall: SyscallName, error = notPermitted): Rule => ({
  syscall,
  always: true,
  body: [answer(errorAnswer | error)],
});

const denyIfAnyBit = (syscall: SyscallName, argument: number, bits: number): Rule => ({
  syscall,
  always: false,
  body: [load(offsetOfArgument(argument)), jumpIfAnyBit(bits, 0, 1), answer(errorAnswer | notPermitted)],
});

const denyIfEqual = (
  syscall: SyscallName,
  argument: number,
  values: readonly number[],
  error = notPermitted,
): Rule => ({
  syscall,
  always: false,
  body: [
    load(offsetOfArgument(argument)),
    ...values.flatMap((value) => [jumpIfEqual(value, 0, 1), answer(errorAnswer | error)]),
  ],
});

const denyUnlessEqual = (syscall: SyscallName, argument: number, values: readonly number[]): Rule => ({
  syscall,
  always: true,
  body: [
    load(offsetOfArgument(argument)),
    ...values.flatMap((value) => [jumpIfEqual(value, 0, 1), answer(allow)]),
    answer(errorAnswer | notPermitted),
  ],
});

/** `flags` make a file and `mode` carries a bit of `bits`; otherwise the mode is whatever the register held. */
const denyCreatingWithBits = (syscall: SyscallName, flags: number, mode: number, bits: number): Rule => ({
  syscall,
  always: false,
  body: [
    load(offsetOfArgument(flags)),
    jumpIfAnyBit(createFlag | unnamedFileFlag, 0, 3),
    load(offsetOfArgument(mode)),
    jumpIfAnyBit(bits, 0, 1),
    answer(errorAnswer | notPermitted),
  ],
});

// include/uapi/linux/sched.h: CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
const newNamespaceFlags = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000;
const createFlag = 0o100;
// include/uapi/asm-generic/fcntl.h: __O_TMPFILE; such a file gets a name by linkat(2).
const unnamedFileFlag = 0o20000000;
const setIdBits = 0o6000;
const terminalInjection = [0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */];
/** Families that no network namespace holds back (AF_VSOCK), or that open a large part of the kernel (AF_ALG). */
const deniedSocketFamilies = [38, 40];
const usualPersonalities = [0, 0xffffffff];

const rules: readonly Rule[] = [
  // New namespaces and mounts: what a sandbox is made of, and so what it could be undone with.
  deny("unshare"),
  deny("setns"),
  denyIfAnyBit("clone", 0, newNamespaceFlags),
  // Its flags are behind a pointer that BPF cannot read; the C library falls back to clone.
  deny("clone3", noSuchSyscall),
  deny("mount"),
  deny("umount2"),
  deny("pivot_root"),
  deny("chroot"),
  deny("move_mount"),
  deny("open_tree"),
  deny("open_tree_attr"),
  deny("fsopen"),
  deny("fsconfig"),
  deny("fsmount"),
  deny("fspick"),
  deny("mount_setattr"),
  // Other processes.
  deny("ptrace"),
  deny("process_vm_readv"),
  deny("process_vm_writev"),
  deny("process_madvise"),
  deny("process_mrelease"),
  deny("kcmp"),
  deny("pidfd_getfd"),
  deny("move_pages"),
  deny("migrate_pages"),
  // Parts of the kernel that no script needs and that had many holes.
  deny("keyctl"),
  deny("add_key"),
  deny("request_key"),
  deny("bpf"),
  deny("perf_event_open"),
  deny("io_uring_setup", noSuchSyscall),
  deny("io_uring_enter", noSuchSyscall),
  deny("io_uring_register", noSuchSyscall),
  deny("userfaultfd"),
  deny("fanotify_init"),
  deny("open_by_handle_at"),
  deny("name_to_handle_at"),
  deny("modify_ldt"),
  deny("lookup_dcookie"),
  deny("uselib"),
  denyIfEqual("socket", 0, deniedSocketFamilies, familyNotSupported),
  denyUnlessEqual("personality", 0, usualPersonalities),
  denyIfEqual("ioctl", 1, terminalInjection),
  // Memory of the kernel that no limit counts where there are no control groups: outside of /dev/shm, which is bounded, and held
  // without being mapped by a process. Callers fall back, or are servers that no script is.
  deny("memfd_create", noSuchSyscall),
  deny("memfd_secret", noSuchSyscall),
  deny("shmget", noSuchSyscall),
  deny("msgget", noSuchSyscall),
  deny("semget", noSuchSyscall),
  // The machine.
  deny("kexec_load"),
  deny("kexec_file_load"),
  deny("init_module"),
  deny("finit_module"),
  deny("delete_module"),
  deny("quotactl"),
  deny("quotactl_fd"),
  deny("swapon"),
  deny("swapoff"),
  deny("reboot"),
  deny("syslog"),
  deny("acct"),
  deny("settimeofday"),
  deny("clock_settime"),
  deny("adjtimex"),
  deny("clock_adjtime"),
  deny("sethostname"),
  deny("setdomainname"),
  deny("iopl"),
  deny("ioperm"),
  deny("vhangup"),
  // Set-id files in a granted folder would lend the job's account to whoever starts them outside.
  denyIfAnyBit("chmod", 1, setIdBits),
  denyIfAnyBit("fchmod", 1, setIdBits),
  denyIfAnyBit("fchmodat", 2, setIdBits),
  denyIfAnyBit("fchmodat2", 2, setIdBits),
  denyIfAnyBit("creat", 1, setIdBits),
  denyIfAnyBit("mkdir", 1, setIdBits),
  denyIfAnyBit("mkdirat", 2, setIdBits),
  denyIfAnyBit("mknod", 1, setIdBits),
  denyIfAnyBit("mknodat", 2, setIdBits),
  denyCreatingWithBits("open", 1, 2, setIdBits),
  denyCreatingWithBits("openat", 2, 3, setIdBits),
  // Its mode is behind a pointer; callers fall back to openat.
  deny("openat2", noSuchSyscall),
];

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, whenTrue, whenFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}
