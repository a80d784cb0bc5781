import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "selfsigned";
import type { MasterKeyResource } from "../../../src/contract/api/master-key.ts";
import type { RunbookKind } from "../../../src/contract/runbook-kind.ts";
import { masterKeyIdOf } from "../../../src/sealing/sealed-value.ts";
import { Installation } from "../../support/installation.ts";
import { proofOf, secretRunbooks, secrets } from "./secret-runbooks.ts";

export interface RotationOptions {
  rotations: number;
  /** Of these rotations so many lose their service in the middle. */
  kills: number;
  /** Jobs that run or wait at any time. */
  jobsAtOnce: number;
  /** Kinds of runbooks that can run on this machine. */
  kinds: readonly RunbookKind[];
  /** From 0 up to and without 1. */
  random: () => number;
  progress?: (text: string) => void;
}

export interface RotationRun {
  /** What was found, by what should hold. */
  violations: Record<
    | "no job fails"
    | "what a job prints of a secret is masked"
    | "a rotation ends, and leaves one key in use"
    | "nothing is sealed by a former key"
    | "without the former keys everything is readable",
    string[]
  >;
  /** Jobs that ended, by runbook. */
  ended: Record<string, number>;
  /** Rotations that were cut off by the end of the service before they had ended. */
  cutOff: number;
}

/** Milliseconds within which a rotation has to end, on a machine that is busy. */
const rotationPatience = 120_000;

/** Long enough for a service that was killed to come back. */
const lease = 60_000;

/**
 * Replaces the master key again and again while jobs use secrets of every sort without a pause: a server and a worker, each a process,
 * and the server is killed in the midst of rotations. In the end it has to go on with the last key alone.
 */
export async function runRotation(options: RotationOptions): Promise<RotationRun> {
  await using installation = await Installation.start();
  const campaign = new Campaign(installation, options);
  await campaign.furnish();
  await campaign.rotateUnderLoad();
  await campaign.lookAtDatabase();
  await campaign.dropFormerKeys();
  return campaign.run;
}

class Campaign {
  readonly run: RotationRun = {
    violations: {
      "no job fails": [],
      "what a job prints of a secret is masked": [],
      "a rotation ends, and leaves one key in use": [],
      "nothing is sealed by a former key": [],
      "without the former keys everything is readable": [],
    },
    ended: {},
    cutOff: 0,
  };
  readonly #installation: Installation;
  readonly #options: RotationOptions;
  readonly #runbooks: typeof secretRunbooks;
  #started = 0;
  #underLoad = true;

  constructor(installation: Installation, options: RotationOptions) {
    this.#installation = installation;
    this.#options = options;
    this.#runbooks = secretRunbooks.filter(({ kind }) => options.kinds.includes(kind));
  }

  /** Makes assets, runbooks and a worker. */
  async furnish(): Promise<void> {
    const { client } = this.#installation;
    await client.ask("PATCH", "/api/worker-groups/default", { leaseDuration: lease });
    await client.ask("POST", "/api/credentials", { name: "ops", userName: "admin", password: secrets.password });
    await client.ask("POST", "/api/variables", { name: "Key", value: secrets.variable, encrypted: true });
    await client.ask("POST", "/api/variables", { name: "Last", value: "nothing yet", encrypted: true });
    const fields = [{ name: "Host" }, { name: "Password", encrypted: true }];
    await client.ask("POST", "/api/connection-types", { name: "Server", fields });
    const given = { Host: "build", Password: secrets.connection };
    await client.ask("POST", "/api/connections", { name: "Build", connectionType: "Server", fields: given });
    const { private: key, cert } = await generate([{ name: "commonName", value: "web" }], { keySize: 2048 });
    await client.ask("POST", "/api/certificates", { name: "web", pem: cert + key });
    // PowerShell is read by workers.
    await this.#installation.startWorker({ arguments: ["--slots", String(this.#options.jobsAtOnce)] });
    for (const { name, kind, source } of this.#runbooks) await client.import(name, kind, source);
  }

  async rotateUnderLoad(): Promise<void> {
    const load = Promise.all(
      Array.from({ length: this.#options.jobsAtOnce }, async () => {
        while (this.#underLoad) await this.#oneJob("no job fails");
      }),
    );
    try {
      await Promise.race([this.#rotateAgainAndAgain(), load]);
    } finally {
      this.#underLoad = false;
    }
    await load;
  }

  async #rotateAgainAndAgain(): Promise<void> {
    const { rotations, kills, jobsAtOnce } = this.#options;
    for (let rotation = 1; rotation <= rotations; rotation += 1) {
      // The last ones: whatever they leave behind is looked at in the end.
      await this.#rotate(rotation > rotations - kills);
      // A worker that never gets back between two kills loses its lease, and its jobs, as it has to.
      await this.#furtherJobs(jobsAtOnce);
      this.#options.progress?.(`${rotation} of ${rotations} rotations, ${this.#started} jobs`);
    }
  }

  /** No value of the database is sealed by another key than the current one, and every one can be told to be sealed. */
  async lookAtDatabase(): Promise<void> {
    const { keys } = await this.#status();
    const current = keys.find(({ state }) => state === "current")?.keyId;
    const database = new DatabaseSync(join(this.#installation.dataDirectory, "runsmith.sqlite"), { readOnly: true });
    try {
      for (const [what, sealed] of sealedValuesOf(database)) {
        const keyId = masterKeyIdOf(sealed);
        if (keyId !== current) this.run.violations["nothing is sealed by a former key"].push(`${what}: ${keyId}`);
      }
    } finally {
      database.close();
    }
  }

  /** Takes all keys but the last one from the key's file, and lets every runbook run once more. */
  async dropFormerKeys(): Promise<void> {
    const law = "without the former keys everything is readable";
    await this.#installation.stopServer();
    const folder = join(this.#installation.folder, "keys");
    const [name = ""] = (await readdir(folder)).filter((file) => file.endsWith(".key"));
    const lines = (await readFile(join(folder, name), "utf8")).split("\n").filter((line) => /^[^#]/.test(line));
    await writeFile(join(folder, name), `${lines.at(-1)}\n`, { mode: 0o600 });
    await this.#installation.restartServer();
    for (const _ of this.#runbooks) await this.#oneJob(law);
  }

  async #oneJob(law: keyof RotationRun["violations"]): Promise<void> {
    const { client } = this.#installation;
    const number = this.#started++;
    const runbook = this.#runbooks[number % this.#runbooks.length];
    if (runbook === undefined) throw new Error("There is no runbook.");
    const token = `token-${number}-of-this-job`;
    const { jobId } = await client.start(runbook.name, { proof: proofOf(token), token });
    const job = await client.ended(jobId);
    this.run.ended[runbook.name] = (this.run.ended[runbook.name] ?? 0) + 1;
    if (job.status !== "Completed") {
      this.run.violations[law].push(`${runbook.name} ${jobId}: ${job.status}, ${JSON.stringify(job.exception)}`);
      return;
    }
    const said = JSON.stringify(await client.records(jobId, "Output"));
    if (!said.includes("password ********") || said.includes(secrets.password)) {
      this.run.violations["what a job prints of a secret is masked"].push(`${runbook.name} ${jobId}: ${said}`);
    }
  }

  /** Waits until so many more jobs have ended. */
  async #furtherJobs(count: number): Promise<void> {
    const ended = () => Object.values(this.run.ended).reduce((sum, number) => sum + number, 0);
    for (const until = ended() + count; ended() < until && this.#underLoad; ) await sleep(50);
  }

  /** Replaces the key once, and follows that to its end. */
  async #rotate(isKilled: boolean): Promise<void> {
    const { client } = this.#installation;
    const before = (await this.#status()).keys.length;
    await client.ask("POST", "/api/master-key/rotation", {});
    if (isKilled) {
      await sleep(this.#options.random() * 150);
      await this.#installation.killServer();
      await this.#installation.restartServer();
      this.run.cutOff += (await this.#status()).rotating ? 1 : 0;
    }
    const law = this.run.violations["a rotation ends, and leaves one key in use"];
    for (const until = Date.now() + rotationPatience; ; await sleep(100)) {
      const { rotating, keys, waitingFor } = await this.#status();
      if (!rotating) {
        const states = keys.map(({ state }) => state);
        const isRight = keys.length === before + 1 && states.filter((state) => state !== "retired").length === 1;
        if (!isRight) law.push(`${keys.length} keys after ${before}: ${states.join(", ")}`);
        return;
      }
      if (Date.now() > until) {
        law.push(`it has not ended: waiting for ${JSON.stringify(waitingFor)}`);
        return;
      }
    }
  }

  #status(): Promise<MasterKeyResource> {
    return this.#installation.client.ask("GET", "/api/master-key");
  }
}

/** Everything that the database holds sealed, and where. */
function* sealedValuesOf(database: DatabaseSync): Generator<[string, Uint8Array]> {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  for (const table of tables.map(({ name }) => String(name))) {
    const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(table);
    for (const column of columns.map(({ name }) => String(name)).filter((name) => name.startsWith("sealed"))) {
      const values = database.prepare(`SELECT "${column}" AS sealed FROM "${table}" WHERE "${column}" IS NOT NULL`);
      for (const { sealed } of values.all()) {
        if (sealed instanceof Uint8Array) yield [`${table}.${column}`, sealed];
      }
    }
  }
  for (const { parameters } of database.prepare("SELECT parameters FROM job_parameters").all()) {
    for (const [, sealed = ""] of String(parameters).matchAll(/"sealed":"([^"]+)"/g)) {
      yield ["job_parameters.parameters", Buffer.from(sealed, "base64")];
    }
  }
}
