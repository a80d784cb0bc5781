import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "./api-client.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { startLoadBalancer } from "./load-balancer.ts";
import type { CommandEnd, RunningCommand } from "./run-command.ts";
import { startCommand } from "./run-command.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const program = join(import.meta.dirname, "..", "..", "cli", "main.ts");

export interface InstallationOptions {
  /** Further arguments of `runsmith server`. */
  server?: readonly string[];
  /** Where the data is, in place of a folder of the installation's own. */
  dataDirectory?: string;
  /** Of a database on SQL Server, in place of the embedded one; one for each service that is to run over it. */
  databaseUrls?: readonly string[];
}

export interface WorkerProcessOptions {
  /** Further arguments of `runsmith worker`. */
  arguments?: readonly string[];
  /** Arguments of Node before the program. */
  node?: readonly string[];
  /** The services that it dials, in place of the installation's address. */
  servers?: readonly string[];
  /** The worker group, `default` when left out. */
  group?: string;
  /** Beside the environment of the tests. */
  environment?: Readonly<Record<string, string>>;
}

/**
 * A server and workers, each a process of its own that a test may kill and start again; the server keeps its address.
 * Over SQL Server there may be several servers, behind a load balancer.
 */
export class Installation implements AsyncDisposable {
  /** A folder that hosts can reach; what a test puts there it may grant. */
  readonly folder: string;
  readonly dataDirectory: string;
  readonly client: ApiClient;
  readonly workers: WorkerProcess[] = [];
  readonly #services: readonly Service[];
  readonly #balancer: LoadBalancer | null;
  readonly #removeFolder: () => PromiseLike<void>;

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const temporary = await temporaryFolder();
    const remove = () => temporary[Symbol.asyncDispose]();
    const services: Service[] = [];
    try {
      // Hosts are other accounts: without this nothing in here could be granted to them.
      await chmod(temporary.path, 0o711);
      await mkdir(join(temporary.path, "run"), { mode: 0o700 });
      const dataDirectory = options.dataDirectory ?? join(temporary.path, "data");
      for (const [index, databaseUrl] of (options.databaseUrls ?? [null]).entries()) {
        const data = index === 0 ? dataDirectory : join(temporary.path, `data-${index + 1}`);
        const service = new Service(await freePort(), data, temporary.path, databaseUrl, options.server ?? []);
        services.push(service);
        await service.start();
      }
      const token = (await readFile(join(dataDirectory, "admin.token"), "utf8")).trim();
      const ports = services.map(({ port }) => port);
      const balancer = ports.length > 1 ? await startLoadBalancer(ports) : null;
      const client = new ApiClient(`http://127.0.0.1:${balancer?.port ?? ports[0]}`, token);
      return new Installation(temporary.path, dataDirectory, client, services, balancer, remove);
    } catch (error) {
      await Promise.all(services.map((service) => service.end("SIGKILL").catch(() => {})));
      await remove();
      throw error;
    }
  }

  private constructor(
    folder: string,
    dataDirectory: string,
    client: ApiClient,
    services: readonly Service[],
    balancer: LoadBalancer | null,
    removeFolder: () => PromiseLike<void>,
  ) {
    this.folder = folder;
    this.dataDirectory = dataDirectory;
    this.client = client;
    this.#services = services;
    this.#balancer = balancer;
    this.#removeFolder = removeFolder;
  }

  get server(): RunningCommand {
    return this.#service(0).command;
  }

  /** Where each service is reached past the load balancer. */
  get serviceUrls(): string[] {
    return this.#services.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  /** Kills the server, or one of several, as power loss would. */
  async killServer(index = 0): Promise<CommandEnd> {
    return await this.#service(index).end("SIGKILL");
  }

  /** Ends the server, or one of several, in order. */
  async stopServer(index = 0): Promise<CommandEnd> {
    return await this.#service(index).end("SIGTERM");
  }

  /** Starts a server again, at the same address, from now on of another program where one is named; resolves when it is ready. */
  async restartServer(index = 0, otherProgram?: string): Promise<void> {
    await this.#service(index).start(otherProgram);
  }

  /** What each service has logged as an error, the end of it. */
  lastErrors(): string {
    const errors = this.#services.map(({ command }) =>
      command
        .errors()
        .split(/\n(?=\d{4}-)/)
        .filter((entry) => / error /.test(entry))
        .slice(-10)
        .join("\n"),
    );
    return errors.join("\n--\n");
  }

  #service(index: number): Service {
    const service = this.#services[index];
    if (service === undefined) throw new Error(`There is no service ${index}.`);
    return service;
  }

  /** Registers a worker and starts it; resolves when it is connected. */
  async startWorker(options: WorkerProcessOptions = {}): Promise<WorkerProcess> {
    const { workerId, token } = await this.client.newWorker(options.group);
    const tokenFile = join(this.folder, `worker-${workerId}.token`);
    await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
    const environment = { ...process.env, ...options.environment };
    const worker = new WorkerProcess(workerId, tokenFile, environment, options.node ?? [], [
      ...["worker", "--token-file", tokenFile, "--protect", this.dataDirectory],
      ...(options.servers ?? [this.client.url]).flatMap((server) => ["--server", server]),
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
    await Promise.all(this.#services.map((service) => service.end("SIGTERM")));
    await this.#balancer?.close();
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
  readonly #nodeArguments: readonly string[];
  readonly #arguments: readonly string[];
  #program = program;
  #command: RunningCommand | null = null;

  constructor(
    workerId: string,
    tokenFile: string,
    environment: NodeJS.ProcessEnv,
    nodeArguments: readonly string[],
    args: readonly string[],
  ) {
    this.workerId = workerId;
    this.tokenFile = tokenFile;
    this.#environment = environment;
    this.#nodeArguments = nodeArguments;
    this.#arguments = args;
  }

  /** Of the process that runs, or ran last. */
  get processId(): number {
    return this.#command?.process.pid ?? 0;
  }

  /** Starts it, or starts it again, from now on of another program where one is named; resolves when it is connected. */
  async start(otherProgram = this.#program): Promise<void> {
    this.#program = otherProgram;
    const args = [...this.#nodeArguments, this.#program, ...this.#arguments];
    const command = startCommand(process.execPath, args, { env: this.#environment, cwd: "/" });
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

/** A server's process. */
class Service {
  readonly port: number;
  readonly #arguments: readonly string[];
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #program = program;
  #command: RunningCommand | null = null;

  constructor(
    port: number,
    dataDirectory: string,
    folder: string,
    databaseUrl: string | null,
    serverArguments: readonly string[],
  ) {
    this.port = port;
    // Several services over one database have the same key.
    const keys = join(folder, "keys");
    this.#arguments = [
      ...["server", "--port", String(port), "--data", dataDirectory, "--master-key-folder", keys],
      ...serverArguments,
    ];
    this.#folder = folder;
    this.#environment = {
      ...process.env,
      XDG_RUNTIME_DIR: join(folder, "run"),
      RUNSMITH_URL: undefined,
      RUNSMITH_TOKEN: undefined,
      RUNSMITH_DATABASE: databaseUrl ?? undefined,
    };
  }

  /** Of the process that runs, or ran last. */
  get command(): RunningCommand {
    if (this.#command === null) throw new Error("The server was never started.");
    return this.#command;
  }

  async start(otherProgram = this.#program): Promise<void> {
    this.#program = otherProgram;
    const options = { env: this.#environment, cwd: this.#folder };
    this.#command = startCommand(process.execPath, [this.#program, ...this.#arguments], options);
    await printedInTime(this.#command, /Runsmith is ready at \S+\n/);
  }

  async end(signal: NodeJS.Signals): Promise<CommandEnd> {
    this.command.process.kill(signal);
    return await this.command.ended;
  }
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
  const first = 200_000 + 200 * Math.floor(Math.random() * 5_000);
  return `${first}-${first + 199}`;
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
