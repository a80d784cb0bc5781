import type { Grant } from "../../src/contract/grant.ts";

/** What is on the machine that a script must not get at. */
export interface Targets {
  dataDirectory: string;
  adminTokenFile: string;
  workerTokenFile: string;
  port: number;
  serverProcess: number;
  workerProcess: number;
  /** A process of another job, seen from outside. */
  otherJobProcess: number;
  /** A word in the other job's environment, and the name of a file of its own. */
  otherJobSecret: string;
  /** A word in the worker's environment. */
  workerSecret: string;
  /** Files that every account of the machine may read and write, in a folder that is not granted. */
  outside: string;
  /** Granted for writing, where a path is granted; in it a link `out` to `outside`. */
  granted: string;
  /** Granted for reading. */
  readable: string;
}

/** One attempt, as a command of the shell: it has succeeded when it ends with 0. */
export interface EscapeAttempt {
  name: string;
  command: string;
  /** Succeeds outside of the sandbox, as the worker's account: so it would succeed inside if the sandbox did not hold. */
  provable?: boolean;
  /** With one of these granted it is no escape. */
  allowedBy?: readonly (Grant["type"] | "whole machine")[];
  /** Makes sense only where this is granted. */
  needs?: Grant["type"];
}

/** Arguments of system calls by number; the names of the calls are in the attempts. */
const calls = {
  x64: {
    ptrace: 101,
    clone: 56,
    setns: 308,
    bpf: 321,
    processVmReadv: 310,
    keyctl: 250,
    moveMount: 429,
    openTree: 428,
  },
  arm64: {
    ptrace: 117,
    clone: 220,
    setns: 268,
    bpf: 280,
    processVmReadv: 270,
    keyctl: 219,
    moveMount: 429,
    openTree: 428,
  },
}[process.arch === "arm64" ? "arm64" : "x64"];

/** Everything that a script could try, from the plain to the sly. */
export function escapeAttempts(targets: Targets): EscapeAttempt[] {
  return [
    ...filesOfRunsmith(targets),
    ...filesOfTheMachine(targets),
    ...otherProcesses(targets),
    ...kernel(targets),
    ...network(targets),
    ...links(targets),
  ];
}

/** Those that are escapes for a script with these grants. */
export function attemptsWith(targets: Targets, grants: readonly Grant[]): EscapeAttempt[] {
  const granted = new Set<string>(grants.map(({ type }) => type));
  if (grants.some((grant) => grant.type === "path" && grant.path === "/")) granted.add("whole machine");
  return escapeAttempts(targets).filter(
    ({ allowedBy = [], needs }) =>
      !allowedBy.some((type) => granted.has(type)) && (needs === undefined || granted.has(needs)),
  );
}

function filesOfRunsmith({ dataDirectory, adminTokenFile, workerTokenFile }: Targets): EscapeAttempt[] {
  return [
    { name: "list the data directory", command: `ls ${dataDirectory}/runsmith.sqlite`, provable: true },
    {
      name: "read the database",
      command: `head -c 16 ${dataDirectory}/runsmith.sqlite | grep -q SQLite`,
      provable: true,
    },
    { name: "read the database's log", command: `head -c 1 ${dataDirectory}/runsmith.sqlite-wal | grep -q .` },
    { name: "read the administrator's token", command: `grep -q . ${adminTokenFile}`, provable: true },
    { name: "read the worker's token", command: `grep -q . ${workerTokenFile}`, provable: true },
    { name: "write into the data directory", command: `touch ${dataDirectory}/escaped`, provable: true },
    {
      name: "find a token anywhere",
      command: `grep -rqsI -m1 . $(find / -xdev -name '*.token' -readable 2>/dev/null) /nowhere`,
    },
    {
      name: "change the host's own program",
      command: `for file in $(find /var/lib/runsmith /root/.cache/runsmith /proc/$PPID/exe $(tr '\\0' ' ' < /proc/$PPID/cmdline) 2>/dev/null); do [ -f "$file" ] && [ -w "$file" ] && exit 0; done; exit 1`,
    },
  ];
}

function filesOfTheMachine({ outside, readable, otherJobSecret }: Targets): EscapeAttempt[] {
  return [
    {
      name: "read a file that is not granted",
      command: `cat ${outside}/plain`,
      provable: true,
      allowedBy: ["whole machine"],
    },
    {
      name: "write a file that is not granted",
      command: `echo x >> ${outside}/plain`,
      provable: true,
      allowedBy: ["whole machine"],
    },
    {
      name: "write into a folder granted for reading",
      command: `touch ${readable}/escaped`,
      provable: true,
      allowedBy: ["whole machine"],
    },
    {
      name: "change a file granted for reading",
      command: `echo x >> ${readable}/plain`,
      provable: true,
      allowedBy: ["whole machine"],
    },
    { name: "read the machine's passwords", command: "grep -q root: /etc/shadow", provable: true },
    { name: "read root's home", command: "ls -A /root | grep -q .", provable: true },
    { name: "write into /", command: "touch /escaped && rm /escaped", provable: true },
    { name: "write into /usr", command: "touch /usr/escaped && rm /usr/escaped", provable: true },
    { name: "write into /etc", command: "touch /etc/escaped && rm /etc/escaped", provable: true },
    {
      name: "change the machine's programs",
      command: "for file in /bin/sh /usr/bin/env /usr/bin/setpriv; do [ -w $file ] && exit 0; done; exit 1",
    },
    { name: "change a setting of the kernel", command: "cat /proc/sys/kernel/hostname > /proc/sys/kernel/hostname" },
    {
      name: "see the disks of the machine",
      command: "ls /dev/sd* /dev/vd* /dev/nvme* /dev/mem /dev/kmem /dev/kmsg 2>/dev/null | grep -q .",
    },
    { name: "make a device", command: "mknod /tmp/device b 8 0" },
    {
      name: "find another job's file",
      command: `find /tmp /dev/shm /var/tmp -name '*${otherJobSecret}*' 2>/dev/null | grep -q .`,
    },
  ];
}

function otherProcesses(targets: Targets): EscapeAttempt[] {
  const { serverProcess, workerProcess, otherJobProcess, otherJobSecret, workerSecret } = targets;
  const named = { server: serverProcess, worker: workerProcess, "other job": otherJobProcess };
  return [
    {
      name: "see other processes",
      command: `grep -qsa 'cli/[m]ain.ts' /proc/[0-9]*/cmdline`,
      provable: true,
      allowedBy: ["processes"],
    },
    {
      name: "read another job's environment",
      command: `grep -qsa '${otherJobSecret}' /proc/[0-9]*/environ`,
      provable: true,
    },
    {
      name: "read the worker's environment",
      command: `grep -qsa '${workerSecret}' /proc/[0-9]*/environ`,
      provable: true,
    },
    { name: "have the worker's environment", command: `env | grep -q '${workerSecret}'` },
    ...Object.entries(named).flatMap(([name, id]) => [
      { name: `signal the ${name}`, command: `kill -0 ${id}`, provable: true },
      {
        name: `look into the memory of the ${name}`,
        command: `head -c 1 /proc/${id}/maps | grep -q .`,
        provable: true,
      },
      { name: `see the files of the ${name}`, command: `ls -l /proc/${id}/fd | grep -q -- '->'`, provable: true },
      { name: `enter the root of the ${name}`, command: `ls /proc/${id}/root/usr`, provable: true },
      { name: `enter the working folder of the ${name}`, command: `ls /proc/${id}/cwd/`, provable: true },
      { name: `trace the ${name}`, command: perl(`syscall(${calls.ptrace}, 16, ${id}, 0, 0) == 0`) },
      { name: `join the namespaces of the ${name}`, command: `nsenter -t ${id} -m -p -U true` },
      { name: `change the priority of the ${name}`, command: `renice -n 19 -p ${id}` },
      { name: `change the limits of the ${name}`, command: `prlimit --pid ${id} --nofile=1000:1000` },
    ]),
    {
      name: "enter the root of any process that sees more",
      command: `for root in /proc/[0-9]*/root; do ls $root${targets.dataDirectory}/runsmith.sqlite >/dev/null 2>&1 && exit 0; done; exit 1`,
      provable: true,
    },
    {
      name: "find an open file that was not closed",
      command: `ls -l /proc/$PPID/fd /proc/self/fd 2>/dev/null | grep -E '\\.(sqlite|token|pid|lock)' | grep -q .`,
    },
    { name: "trace the first process", command: perl(`syscall(${calls.ptrace}, 16, 1, 0, 0) == 0`) },
    { name: "trace a process of its own", command: perl(`syscall(${calls.ptrace}, 0, 0, 0, 0) == 0`) },
    {
      name: "read the memory of its parent by a system call",
      command: perl(
        `my $b = "\\0" x 8; my $l = pack("PQ", $b, 8); my $r = pack("QQ", 0x400000, 8); syscall(${calls.processVmReadv}, getppid(), $l, 1, $r, 1, 0) > 0`,
      ),
    },
  ];
}

function kernel({ granted }: Targets): EscapeAttempt[] {
  return [
    { name: "mount a file system", command: "mkdir -p /tmp/mount && mount -t tmpfs none /tmp/mount" },
    { name: "mount /proc again", command: "mkdir -p /tmp/mount && mount -t proc proc /tmp/mount" },
    { name: "bind a folder elsewhere", command: "mkdir -p /tmp/mount && mount --bind / /tmp/mount" },
    { name: "make the system writable", command: "mount -o remount,rw / || mount -o remount,rw,bind /usr" },
    { name: "take a cover off", command: "umount /tmp || umount -l /proc || umount -l /dev/shm" },
    {
      name: "copy a mount by the new calls",
      command: perl(`my $p = "/"; syscall(${calls.openTree}, -100, $p, 1) >= 0`),
    },
    { name: "change the root", command: "chroot / true" },
    { name: "make a user namespace", command: "unshare -U true" },
    { name: "become root in a namespace", command: "unshare -r true" },
    { name: "make a mount namespace", command: "unshare -m true" },
    { name: "make a network namespace", command: "unshare -n true" },
    { name: "make a process namespace", command: "unshare -p -f true" },
    {
      name: "clone into a user namespace",
      command: perl(`my $r = syscall(${calls.clone}, 0x10000011, 0, 0, 0, 0); exit(1) if $r == 0; $r > 0`),
    },
    { name: "join its parent's namespaces", command: "nsenter -t 1 -U -m true" },
    {
      name: "become another user",
      command: "setpriv --reuid=0 true || setpriv --reuid=1000 true || su -c true nobody || sudo -n true",
    },
    { name: "gain a capability", command: "grep -Eq '^Cap(Eff|Prm|Bnd|Amb):.*[1-9a-f]' /proc/self/status" },
    { name: "gain privileges by a program", command: "grep -q '^NoNewPrivs:.0' /proc/self/status", provable: true },
    { name: "do without the seccomp filter", command: "grep -q '^Seccomp:.0' /proc/self/status", provable: true },
    { name: "be root seen from inside", command: `[ "$(id -u)" = 0 ]`, provable: true },
    { name: "be in a group of the machine", command: `id -G | tr ' ' '\\n' | grep -vxq 65534`, provable: true },
    {
      name: "load code into the kernel",
      command: perl(`my $attr = "\\0" x 128; syscall(${calls.bpf}, 0, $attr, 128) >= 0`),
    },
    { name: "reach the keys of another", command: perl(`syscall(${calls.keyctl}, 0, -3, 1) >= 0`) },
    { name: "raise its limits", command: "prlimit --nproc=100000:100000 true" },
    {
      name: "write to a terminal",
      command: "sh -c 'echo x > /dev/tty' 2>/dev/null || sh -c 'echo x > /dev/console' 2>/dev/null",
    },
    {
      name: "leave a program for others to run as it",
      command: `cp /bin/sh ${granted}/sh && chmod u+s ${granted}/sh && [ -u ${granted}/sh ]`,
    },
  ];
}

function network({ port }: Targets): EscapeAttempt[] {
  const connect = (host: string, to: number | string) => `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${to}'`;
  const request = (path: string, header = "") =>
    `timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}; printf "GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\n${header}Connection: close\\r\\n\\r\\n" >&3; head -1 <&3' | grep -q ' 200 '`;
  return [
    { name: "reach the service's port", command: connect("127.0.0.1", port), provable: true, allowedBy: ["network"] },
    {
      name: "reach the service's port by name",
      command: connect("localhost", port),
      provable: true,
      allowedBy: ["network"],
    },
    {
      name: "reach the machine's own addresses",
      command: `for address in $(cat /proc/net/fib_trie | grep -oE '([0-9]+\\.){3}[0-9]+' | sort -u); do timeout 1 bash -c "exec 3<>/dev/tcp/$address/${port}" && exit 0; done; exit 1`,
      allowedBy: ["network"],
    },
    {
      name: "have a network device",
      command: "grep -v -E 'Inter|face|lo:' /proc/net/dev | grep -q .",
      allowedBy: ["network"],
    },
    { name: "see the machine's sockets", command: "grep -q @ /proc/net/unix", allowedBy: ["network"] },
    { name: "ask the service without a token", command: request("/api/jobs"), needs: "network" },
    { name: "ask the service for its metrics", command: request("/metrics"), needs: "network" },
    {
      name: "ask the service with a made-up token",
      command: request("/api/jobs", "Authorization: Bearer x\\r\\n"),
      needs: "network",
    },
    { name: "open raw sockets", command: perl("use Socket; socket(my $s, 2, 3, 1)"), needs: "network" },
    {
      name: "change an address of the machine",
      command: perl("my $i = pack('a16 i', 'lo', 0); use Socket; socket(my $s, 2, 2, 0) and ioctl($s, 0x8914, $i)"),
      needs: "network",
    },
  ];
}

function links({ dataDirectory, adminTokenFile, outside, granted }: Targets): EscapeAttempt[] {
  const through = (link: string, to: string, then: string) => `ln -sfn ${to} ${link} && ${then}`;
  return [
    {
      name: "follow a link of its own to the data directory",
      command: through("/tmp/link", dataDirectory, "ls /tmp/link/runsmith.sqlite"),
    },
    {
      name: "follow a link of its own to the token",
      command: through("/tmp/link-token", adminTokenFile, "grep -q . /tmp/link-token"),
    },
    {
      name: "climb out of its folder",
      command: `cd /tmp && cat ../../../../../..${outside}/plain`,
      allowedBy: ["whole machine"],
    },
    {
      name: "climb out by /proc/self/root",
      command: `cat /proc/self/root${outside}/plain`,
      provable: true,
      allowedBy: ["whole machine"],
    },
    {
      name: "climb out by its first process",
      command: `cat /proc/1/root${outside}/plain`,
      allowedBy: ["whole machine"],
    },
    {
      name: "follow a link in a granted folder to the outside",
      command: `cat ${granted}/out/plain`,
      provable: true,
      needs: "path",
      allowedBy: ["whole machine"],
    },
    {
      name: "write through a link in a granted folder",
      command: `echo x >> ${granted}/out/plain`,
      provable: true,
      needs: "path",
      allowedBy: ["whole machine"],
    },
    {
      name: "make a link in a granted folder to the data directory",
      command: through(`${granted}/data`, dataDirectory, `ls ${granted}/data/runsmith.sqlite`),
      needs: "path",
    },
    {
      name: "make a link in a granted folder to the token",
      command: through(`${granted}/token`, adminTokenFile, `grep -q . ${granted}/token`),
      needs: "path",
    },
    {
      name: "make a hard link to a file outside",
      command: `ln ${outside}/plain ${granted}/hard && cat ${granted}/hard`,
      needs: "path",
      allowedBy: ["whole machine"],
    },
    {
      name: "climb out of a granted folder",
      command: `cat ${granted}/../outside/plain`,
      provable: true,
      needs: "path",
      allowedBy: ["whole machine"],
    },
    { name: "move a granted folder away", command: `mv ${granted} ${granted}-moved`, needs: "path" },
  ];
}

/** Perl is part of every Debian; it ends with 0 when the expression holds. */
function perl(expression: string): string {
  return `perl -e '${expression.replaceAll("'", `'"'"'`)} ? exit(0) : exit(1)'`;
}
