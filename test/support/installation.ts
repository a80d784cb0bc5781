import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "./api-client.ts";
import type { CommandEnd, RunningCommand } from "./run-command.ts";
import { startCommand } from "./run-command.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const program = join(import.meta.dirname, "..", "..", "cli", "main.ts");

export interface InstallationOptions {
  /** Further arguments of `runsmith server`. */
  server?: readonly string[];
  /** Where the data is, in place of a folder of the installation's own. */
  dataDirectory?: string;
}

export interface WorkerProcessOptions {
  /** Further arguments of `runsmith worker`. */
  arguments?: readonly string[];
  /** Arguments of Node before the program. */
  node?: readonly string[];
  /** The worker group, `default` when left out. */
  group?: string;
  /** Beside the environment of the tests. */
  environment?: Readonly<Record<string, string>>;
}

/** A server and workers, each a process of its own that a test may kill and start again; the server keeps its address. */
export class Installation implements AsyncDisposable {
  /** A folder that hosts can reach; what a test puts there it may grant. */
  readonly folder: string;
  readonly dataDirectory: string;
  readonly client: ApiClient;
  readonly workers: WorkerProcess[] = [];
  readonly #serverArguments: readonly string[];
  readonly #removeFolder: () => PromiseLike<void>;
  #server: RunningCommand;

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const temporary = await temporaryFolder();
    const remove = () => temporary[Symbol.asyncDispose]();
    try {
      // Hosts are other accounts: without this nothing in here could be granted to them.
      await chmod(temporary.path, 0o711);
      await mkdir(join(temporary.path, "run"), { mode: 0o700 });
      const dataDirectory = options.dataDirectory ?? join(temporary.path, "data");
      const port = await freePort();
      const serverArguments = ["--port", String(port), "--data", dataDirectory, ...(options.server ?? [])];
      const server = startServer(serverArguments, temporary.path);
      await printedInTime(server, /Runsmith is ready at \S+\n/);
      const token = (await readFile(join(dataDirectory, "admin.token"), "utf8")).trim();
      const client = new ApiClient(`http://127.0.0.1:${port}`, token);
      return new Installation(temporary.path, dataDirectory, client, serverArguments, server, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  private constructor(
    folder: string,
    dataDirectory: string,
    client: ApiClient,
    serverArguments: readonly string[],
    server: RunningCommand,
    removeFolder: () => PromiseLike<void>,
  ) {
    this.folder = folder;
    this.dataDirectory = dataDirectory;
    this.client = client;
    this.#serverArguments = serverArguments;
    this.#server = server;
    this.#removeFolder = removeFolder;
  }

  get server(): RunningCommand {
    return this.#server;
  }

  /** Kills the server as power loss would. */
  async killServer(): Promise<CommandEnd> {
    this.#server.process.kill("SIGKILL");
    return await this.#server.ended;
  }

  /** Ends the server in order. */
  async stopServer(): Promise<CommandEnd> {
    this.#server.process.kill("SIGTERM");
    return await this.#server.ended;
  }

  /** Starts the server again, at the same address; resolves when it is ready. */
  async restartServer(): Promise<void> {
    this.#server = startServer(this.#serverArguments, this.folder);
    await printedInTime(this.#server, /Runsmith is ready at \S+\n/);
  }

  /** Registers a worker and starts it; resolves when it is connected. */
  async startWorker(options: WorkerProcessOptions = {}): Promise<WorkerProcess> {
    const { workerId, token } = await this.client.newWorker(options.group);
    const tokenFile = join(this.folder, `worker-${workerId}.token`);
    await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
    const environment = { ...process.env, ...options.environment };
    const worker = new WorkerProcess(workerId, tokenFile, environment, [
      ...(options.node ?? []),
      program,
      ...["worker", "--server", this.client.url, "--token-file", tokenFile, "--protect", this.dataDirectory],
      ...["--host-uids", ownUserIds()],
      ...(options.arguments ?? []),
    ]);
    this.workers.push(worker);
    await worker.start();
    return worker;
  }

  /** Runs `runsmith …` as a client of this installation. */
  run(args: readonly string[]): RunningCommand {
    return startCommand(process.execPath, [program, ...args], {
      env: { ...process.env, RUNSMITH_URL: this.client.url, RUNSMITH_TOKEN: this.client.token },
      cwd: this.folder,
    });
  }

  /** Ends every process; the data stays until the installation is disposed. */
  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.stopServer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#removeFolder();
  }
}

/** A worker's process. */
export class WorkerProcess {
  readonly workerId: string;
  readonly tokenFile: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #arguments: readonly string[];
  #command: RunningCommand | null = null;

  constructor(workerId: string, tokenFile: string, environment: NodeJS.ProcessEnv, args: readonly string[]) {
    this.workerId = workerId;
    this.tokenFile = tokenFile;
    this.#environment = environment;
    this.#arguments = args;
  }

  /** Of the process that runs, or ran last. */
  get processId(): number {
    return this.#command?.process.pid ?? 0;
  }

  /** Starts it, or starts it again; resolves when it is connected. */
  async start(): Promise<void> {
    const command = startCommand(process.execPath, this.#arguments, { env: this.#environment, cwd: "/" });
    this.#command = command;
    await printedInTime(command, /Runsmith worker is connected to /);
  }

  signal(signal: NodeJS.Signals): void {
    this.#command?.process.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#command?.ended;
  }

  /** The end of the process that runs, or ran last. */
  async ended(): Promise<CommandEnd> {
    if (this.#command === null) throw new Error("The worker was never started.");
    return await this.#command.ended;
  }

  /** Ends it with all that it runs: in order, then at once, and by force when it does not answer. */
  async stop(): Promise<void> {
    const command = this.#command;
    if (command === null) return;
    let over = false;
    const ended = command.ended.then(() => {
      over = true;
    });
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    for (let tries = 0; !over && tries < 20; tries++) {
      await Promise.race([ended, sleep(600)]);
      if (!over) this.signal("SIGTERM");
    }
    if (!over) this.signal("SIGKILL");
    await ended;
  }
}

function startServer(args: readonly string[], folder: string): RunningCommand {
  const env = {
    ...process.env,
    XDG_RUNTIME_DIR: join(folder, "run"),
    RUNSMITH_URL: undefined,
    RUNSMITH_TOKEN: undefined,
  };
  return startCommand(process.execPath, [program, "server", ...args], { env, cwd: folder });
}

/** Waits for a line on standard output; one that never comes is told with all that was said instead. */
async function printedInTime(command: RunningCommand, pattern: RegExp): Promise<void> {
  const controller = new AbortController();
  const late = sleep(60_000, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`${command.process.spawnargs.join(" ")} did not print ${pattern} in time:\n${command.errors()}`);
  });
  try {
    await Promise.race([command.printed(pattern), late]);
  } finally {
    controller.abort();
    late.catch(() => {});
  }
}

/** Accounts of a worker's own: the usual range would not do for all the workers of tests that run together. */
function ownUserIds(): string {
  const first = 200_000 + 100 * Math.floor(Math.random() * 10_000);
  return `${first}-${first + 99}`;
}

/** A port that nobody takes while the server is away: below those that the system gives out by itself. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
