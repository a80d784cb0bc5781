import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { skipUnless } from "../../test/support/requires.ts";
import { isRoot, SandboxProbe, spoken, testAccount } from "../testing/sandbox-probe.ts";
import { childProcesses, isAlive, processesWhere, userNamespaceOf } from "./process-tree.ts";
import { type SyscallName, syscallNumber } from "./syscall-numbers.ts";

const probe = new SandboxProbe(["protected", "token", "closed/data"], ["program"]);
after(() => probe.close());

mkdirSync(join(probe.folder, "protected"));
writeFileSync(join(probe.folder, "protected", "data"), "the data");
writeFileSync(join(probe.folder, "token"), "the token");
for (const name of ["program", "program/part", "read", "write"]) {
  mkdirSync(join(probe.folder, name));
  chmodSync(join(probe.folder, name), 0o777);
}
writeFileSync(join(probe.folder, "read", "note"), "a note");
mkdirSync(join(probe.folder, "closed"), { mode: 0o700 });
writeFileSync(join(probe.folder, "closed", "data"), "the data");
chmodSync(probe.folder, 0o755);

/** A shell command that says how a system call went. */
function call(name: SyscallName, args: string): string {
  const number = syscallNumber(name, process.arch === "arm64" ? "arm64" : "x64");
  return `perl -e 'print syscall(${number}, ${args}) >= 0 ? "succeeded\\n" : $!{ENOSYS} ? "not there\\n" : "$!\\n"'`;
}

const statusOf = (processId: number): string => readFileSync(`/proc/${processId}/status`, "utf8");

describe("a sandbox", () => {
  it("runs its processes as the host's account, seen from outside, and never as root", skipUnless("root"), async () => {
    const started = await probe.start("echo ready >&4; sleep 60");
    try {
      await spoken(started);
      started.settle();
      const inner = childProcesses(started.processId).flatMap((first) => [first, ...childProcesses(first)]);
      assert.ok(inner.length >= 2);
      for (const processId of [started.processId, ...inner]) {
        const userId = String(testAccount?.userId);
        assert.match(statusOf(processId), new RegExp(`^Uid:\\t${userId}\\t${userId}\\t${userId}\\t${userId}$`, "m"));
        assert.match(statusOf(processId), /^Groups:\s*$/m);
      }
    } finally {
      started.kill();
      await started.exited;
    }
  });

  it("has no privileges, cannot gain any, and runs under a seccomp filter", async () => {
    const { output } = await probe.run("cat /proc/self/status");
    for (const line of ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]) {
      assert.ok(output.includes(line), line);
    }
  });

  it("shows no process but its own, no name of the machine, and none of the worker's environment", async () => {
    const { output } = await probe.run("ls -d /proc/[0-9]* | wc -l; hostname; env | cut -d= -f1 | sort | tr '\\n' ' '");
    const [processes, host, names] = output.trim().split("\n");
    assert.ok(Number(processes) <= 5);
    assert.equal(host, "job");
    assert.deepEqual(names?.trim().split(" "), ["HOME", "LANG", "PATH", "PWD", "TMPDIR", "TZ"]);
  });

  it("shows neither the data directory, nor the token, nor anybody's home, nor the machine's settings", async () => {
    const { output } = await probe.run(
      `ls ${probe.folder} ${probe.folder}/token /root /home /var /etc/shadow /sys 2>&1; cat /proc/1/environ 2>&1 | tr '\\0' ' '`,
    );
    assert.ok(!output.includes("the token"));
    assert.equal(output.match(/No such file or directory/g)?.length, 7);
  });

  it("is read-only but for a private, bounded /tmp and /dev/shm", async () => {
    const { output } = await probe.run(
      [
        "for place in / /usr /etc /dev /proc; do (: > $place/written) 2>/dev/null && echo wrote $place; done",
        "for place in /tmp /dev/shm; do dd if=/dev/zero of=$place/large bs=1M count=100 2>&1 | grep -o 'No space left'; stat -c %s $place/large; rm $place/large; done",
      ].join("\n"),
      [],
      { temporarySpace: 8 * 1024 * 1024 },
    );
    assert.deepEqual(output.trim().split("\n"), ["No space left", "8388608", "No space left", "8388608"]);
  });

  it("has no network without a grant, and the machine's with one", async () => {
    const server = createServer((socket) => socket.end("reached"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const script = `ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | wc -l; exec 7<>/dev/tcp/127.0.0.1/${port} && cat <&7`;
    const bash = `bash -c '${script}'`;
    try {
      const without = await probe.run(bash);
      assert.ok(!without.output.includes("reached"));
      assert.equal(without.output.trim(), "1");
      const granted = await probe.run(`${bash}; test -s /etc/hosts && echo; echo resolvable`, [{ type: "network" }]);
      assert.ok(granted.output.includes("reached"));
    } finally {
      server.close();
    }
  });

  it("cannot make namespaces, mount, trace, load code into the kernel, or make set-id files", async () => {
    const { output } = await probe.run(
      [
        "unshare --user true 2>/dev/null && echo user namespace",
        "unshare --mount true 2>/dev/null && echo mount namespace",
        "mount -t tmpfs none /tmp 2>/dev/null && echo mount",
        "umount /tmp 2>/dev/null && echo umount",
        "touch /tmp/x; chmod u+s /tmp/x 2>/dev/null && echo set-uid",
        // O_RDWR | O_TMPFILE, which linkat(2) could give a name.
        `perl -e 'exit !sysopen(F, "/tmp", ${0o2 | 0o20200000}, 06755)' && echo unnamed set-uid`,
        `perl -e 'exit !sysopen(F, "/tmp", ${0o2 | 0o20200000}, 0755)' || echo no unnamed file`,
        "chmod 2755 /tmp 2>/dev/null && echo set-gid",
        "nsenter --target 1 --mount true 2>/dev/null && echo nsenter",
        "dmesg >/dev/null 2>&1 && echo kernel log",
        "chmod 755 /tmp/x && echo usual chmod",
      ].join("\n"),
    );
    assert.equal(output.trim(), "usual chmod");
  });

  it("gets no memory that its limits do not count: shared memory without a name, System V's shared memory and queues", async () => {
    const { output } = await probe.run(
      [
        call("memfd_create", "0, 0"),
        call("shmget", "0, 4096, 01600"),
        call("msgget", "0, 01600"),
        call("semget", "0, 1, 01600"),
      ].join("\n"),
    );
    assert.equal(output, "not there\n".repeat(4));
  });

  it("cannot signal anything outside", async () => {
    const { output } = await probe.run(`kill -0 ${process.pid} 2>&1; kill -TERM -1 2>&1; echo alive`);
    assert.match(output, /No such process/);
  });

  it("lets a granted folder be read, or written, as granted, and nothing beside it", async () => {
    const { output } = await probe.run(
      [
        `cd ${probe.folder}; ls | sort | tr '\\n' ' '; cat read/note`,
        "(echo changed > read/note) 2>/dev/null && echo wrote read",
        "echo made > write/file && echo wrote write",
        ": > beside",
      ].join("\n"),
      [
        { type: "path", path: join(probe.folder, "read"), access: "read" },
        { type: "path", path: join(probe.folder, "write"), access: "write" },
      ],
    );
    assert.equal(output, "read write a notewrote write\n");
    assert.equal(readFileSync(join(probe.folder, "write", "file"), "utf8"), "made\n");
    assert.ok(!existsSync(join(probe.folder, "beside")));
  });

  it("leaves what it writes to the other accounts of its worker, which change it in the next run", {
    ...skipUnless("root"),
  }, async () => {
    const grant = { type: "path", path: join(probe.folder, "write"), access: "write" } as const;
    await probe.run(`mkdir ${grant.path}/results; echo 1 > ${grant.path}/results/count`, [grant]);
    for (const path of ["results", "results/count"]) {
      const { mode, gid } = statSync(join(grant.path, path));
      assert.deepEqual([mode & 0o020, gid], [0o020, testAccount?.groupId], path);
    }
  });

  it("shows a granted folder of /etc, all of the machine, or its /tmp, when that is granted", async () => {
    const etc = await probe.run(
      "test -d /etc/apt -o -d /etc/init.d && echo seen; test -e /etc/shadow || echo no shadow",
      [{ type: "path", path: existsSync("/etc/apt") ? "/etc/apt" : "/etc/init.d", access: "read" }],
    );
    assert.equal(etc.output, "seen\nno shadow\n");
    const machine = await probe.run(
      `ls ${probe.folder}/read; ls ${probe.folder}/protected; ls -d /proc/[0-9]* | wc -l; pwd`,
      [
        { type: "path", path: "/", access: "read" },
        { type: "path", path: "/tmp", access: "read" },
      ],
    );
    const [note, processes, folder] = machine.output.trim().split("\n");
    assert.equal(note, "note");
    assert.ok(Number(processes) <= 4);
    assert.equal(folder, "/dev/shm");
  });

  it("covers what belongs to Runsmith inside a granted folder", async () => {
    const { output } = await probe.run(
      `ls ${probe.folder}/protected; cat ${probe.folder}/token; ls ${probe.folder} | wc -l`,
      [{ type: "path", path: probe.folder, access: "read" }],
    );
    assert.equal(output.trim(), "6");
  });

  it("starts where what belongs to Runsmith lies behind a folder that is closed to the host's account", async () => {
    const { output } = await probe.run(`cat ${probe.folder}/closed/data; echo started`, [
      { type: "path", path: probe.folder, access: "read" },
    ]);
    assert.equal(output.trim(), "started");
  });

  it("refuses to grant for writing what holds something of Runsmith, which could be moved away from what covers it", async () => {
    for (const path of [probe.folder, "/"]) {
      await assert.rejects(
        probe.run("true", [{ type: "path", path, access: "write" }]),
        /for writing is refused: it holds .*(protected|token|program|runtime).* who may write around it may move it/,
      );
    }
  });

  it("lets the program of Runsmith be read where a grant shows it, and never written", async () => {
    const grant = (path: string, access: "read" | "write") => [
      { type: "path", path: join(probe.folder, path), access } as const,
    ];
    assert.equal((await probe.run(`ls ${probe.folder}/program`, grant("program", "read"))).output, "part\n");
    await assert.rejects(probe.run("true", grant("program", "write")), /for writing is refused/);
    await assert.rejects(
      probe.run("true", grant("program/part", "write")),
      /for writing is refused: it is a part of .*program, which belongs to Runsmith itself/,
    );
  });

  it("refuses a grant that leads to what belongs to Runsmith, also through a symbolic link", async () => {
    symlinkSync(join(probe.folder, "protected"), join(probe.folder, "innocent"));
    for (const path of ["protected", "innocent", "innocent/data", "token", "read/../token"]) {
      await assert.rejects(
        probe.run("true", [{ type: "path", path: join(probe.folder, path), access: "read" }]),
        (error: Error) =>
          error.message.includes(path.split("/").at(-1) ?? "") && error.message.includes("belongs to Runsmith"),
      );
    }
  });

  it("refuses a granted path that does not exist, naming it", async () => {
    await assert.rejects(
      probe.run("true", [{ type: "path", path: "/nowhere/at/all", access: "read" }]),
      /The granted path \/nowhere\/at\/all does not exist/,
    );
    await assert.rejects(probe.run("true", [{ type: "path", path: "/proc/1", access: "read" }]), /its sandbox's own/);
  });

  it("reaches a granted socket and no other", async () => {
    const servers = ["granted.sock", "other.sock"].map((name) => {
      const server = createServer((socket) => socket.end(name));
      server.listen(join(probe.folder, name), () => chmodSync(join(probe.folder, name), 0o777));
      return server;
    });
    await Promise.all(
      servers.map(
        (server) => new Promise((resolve) => (server.listening ? resolve(null) : server.once("listening", resolve))),
      ),
    );
    const read = (name: string): string =>
      `perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un("${probe.folder}/${name}")) or die "no\\n"; print <S>'`;
    try {
      const { output, errors } = await probe.run(`${read("granted.sock")}; ${read("other.sock")}`, [
        { type: "socket", path: join(probe.folder, "granted.sock") },
      ]);
      assert.equal(output, "granted.sock");
      assert.equal(errors, "no\n");
    } finally {
      for (const server of servers) server.close();
    }
  });

  it("shows the machine's processes when that is granted", async () => {
    const { output } = await probe.run(
      `cat /proc/${process.pid}/comm; kill -0 ${process.pid} 2>&1; cat /proc/${process.pid}/environ`,
      [{ type: "processes" }],
    );
    assert.match(output, /node|MainThread/);
    if (isRoot) assert.match(output, /Operation not permitted/);
  });
});

describe("the end of a sandbox", () => {
  const daemons =
    "for i in 1 2 3; do (setsid sh -c 'trap \"\" TERM HUP; sleep 300 & sleep 300' &) ; done; echo ready >&4; sleep 300";

  for (const { name, grants } of [
    { name: "a process namespace", grants: [] },
    { name: "the machine's processes granted", grants: [{ type: "processes" } as const] },
  ]) {
    it(`takes every process with it, daemons too, with ${name}`, async () => {
      const started = await probe.start(daemons, grants);
      await spoken(started);
      started.settle();
      const first = childProcesses(started.processId)[0] ?? 0;
      const namespace = userNamespaceOf(first);
      const members = (): number[] =>
        processesWhere((processId) => userNamespaceOf(processId) === namespace && isAlive(processId));
      assert.ok(members().length >= 4);
      started.kill();
      await started.exited;
      assert.deepEqual(members(), []);
    });
  }

  it("comes to a sandbox that is still starting, and leaves nothing behind", async () => {
    for (let delay = 0; delay < 8; delay++) {
      const started = await probe.start("sleep 300");
      const closed = new Promise((resolve) => started.stdout.once("close", resolve).resume());
      await new Promise((resolve) => setTimeout(resolve, delay / 2));
      started.kill();
      await started.exited;
      await closed;
    }
  });

  it("stops a fork bomb at the limit of processes, and counts each sandbox alone", async () => {
    const bomb =
      "exec perl -e 'for (1..200) { my $child = fork; if (defined $child && !$child) { sleep 300; exit } } sleep 300'";
    const [one, two] = await Promise.all([
      probe.start(bomb, [], { processes: 40 }),
      probe.start(bomb, [], { processes: 40 }),
    ]);
    const ended = Promise.all([one.exited, two.exited]);
    const count = (outer: number): number => {
      const first = childProcesses(outer)[0] ?? 0;
      const namespace = userNamespaceOf(first);
      return processesWhere((processId) => userNamespaceOf(processId) === namespace).length;
    };
    try {
      for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
        if (count(one.processId) >= 35 && count(two.processId) >= 35) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (const { processId } of [one, two]) {
        const found = count(processId);
        assert.ok(found >= 35 && found <= 41, `${found} processes`);
      }
    } finally {
      one.kill();
      two.kill();
      await ended;
    }
  });

  it("tells the exit code, or the signal that ended the program", async () => {
    assert.deepEqual((await probe.run("exit 7")).exit, { code: 7, signal: null });
    assert.deepEqual((await probe.run("kill -SEGV $$")).exit, { code: null, signal: "SIGSEGV" });
  });
});
