import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { commandModules } from "../cli/commands/index.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/*
 * What docs/deploy holds cannot be run here as it would be: there is no systemd that would start units, no container engine, no cluster.
 * It is checked as far as tools and our own commands can judge it.
 */

const folder = join(import.meta.dirname, "..", "docs", "deploy");
const run = promisify(execFile);

/** Options of Runsmith's command that a deployment uses are options that it has. */
async function checkCommandLine(words: readonly string[], where: string): Promise<void> {
  const [name = "", ...rest] = words;
  const load = commandModules[name];
  assert.ok(load !== undefined, `${where}: there is no command ${name}`);
  const { command } = await load();
  const known = (command.options ?? []).map(({ flags }) => /--([\w-]+)/.exec(flags)?.[1]);
  const used = rest.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")[0]);
  for (const option of used) assert.ok(known.includes(option), `${where}: ${name} has no option --${option}`);
  const required = (command.options ?? []).filter((option) => option.required === true);
  for (const { flags } of required) assert.ok(used.includes(/--([\w-]+)/.exec(flags)?.[1] ?? ""), `${where}: ${flags}`);
}

async function systemdUnits(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /\.(service|timer)$/.test(name));
}

describe("systemd units", () => {
  test("systemd finds no mistake in them", {
    skip: !existsSync("/usr/bin/systemd-analyze") && "no systemd-analyze",
  }, async () => {
    await using copies = await temporaryFolder();
    for (const name of await systemdUnits()) {
      // Everything as it is but the program, which is installed elsewhere.
      const unit = (await readFile(join(folder, name), "utf8")).replaceAll(
        /\/opt\/runsmith\/\S*bin\/node/g,
        process.execPath,
      );
      await writeFile(join(copies.path, name), unit);
    }
    const dropIn = join(copies.path, "runsmith-server.service.d");
    await mkdir(dropIn);
    const part = join("runsmith-server.service.d", "sql-server.conf");
    await writeFile(join(copies.path, part), await readFile(join(folder, part), "utf8"));
    const units = (await systemdUnits()).map((name) => join(copies.path, name));
    const { stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", ...units]);
    const said = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line.includes(copies.path) || line.includes("runsmith"));
    assert.deepEqual(said, []);
  });

  test("their commands have these options", async () => {
    for (const name of await systemdUnits()) {
      const text = (await readFile(join(folder, name), "utf8")).replaceAll(/\\\n\s*/g, "");
      for (const [, words = ""] of text.matchAll(/^ExecStart=.*runsmith\.js ([^"\n]+)/gm)) {
        await checkCommandLine(words.trim().split(/\s+/), name);
      }
    }
  });

  test("the worker's control group is delegated, and each service has an account and folders of its own", async () => {
    const worker = await readFile(join(folder, "runsmith-worker.service"), "utf8");
    const server = await readFile(join(folder, "runsmith-server.service"), "utf8");
    assert.match(worker, /^Delegate=yes$/m);
    assert.match(server, /^User=runsmith$/m);
    assert.match(server, /^CapabilityBoundingSet=$/m);
    assert.notEqual(/^StateDirectory=(.*)$/m.exec(worker)?.[1], /^StateDirectory=(.*)$/m.exec(server)?.[1]);
  });
});

interface Container {
  name: string;
  args: string[];
  ports?: { name: string; containerPort: number }[];
  volumeMounts: { name: string; mountPath: string }[];
  securityContext: {
    capabilities: { drop: string[]; add?: string[] };
    allowPrivilegeEscalation: boolean;
    procMount?: string;
  };
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: {
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; volumes: { name: string }[]; hostUsers?: boolean };
    };
    volumeClaimTemplates?: { metadata: { name: string } }[];
    ports?: { targetPort: string }[];
  };
}

const variants = ["embedded", "sql-server"];

async function manifests(variant: string): Promise<Manifest[]> {
  const kubernetes = join(folder, "kubernetes");
  const files = ["base", variant].map(async (part) =>
    (await readdir(join(kubernetes, part)))
      .filter((name) => name !== "kustomization.yaml")
      .map((name) => join(kubernetes, part, name)),
  );
  const documents = (await Promise.all(files)).flat().map(async (file) => {
    const parsed = parseAllDocuments(await readFile(file, "utf8"), { merge: true });
    return parsed.map((document) => {
      assert.deepEqual(document.errors, [], file);
      return document.toJS() as Manifest;
    });
  });
  return (await Promise.all(documents)).flat();
}

describe("Kubernetes manifests", () => {
  for (const variant of variants) {
    test(`${variant}: kubectl builds them`, { skip: !existsSync("/usr/bin/kubectl") && "no kubectl" }, async () => {
      const { stdout } = await run("kubectl", ["kustomize", join(folder, "kubernetes", variant)]);
      const kinds = parseAllDocuments(stdout).map((document) => (document.toJS() as Manifest).kind);
      assert.ok(kinds.includes("Service") && kinds.includes("StatefulSet"));
    });

    test(`${variant}: commands have these options, volumes are there, labels fit`, async () => {
      const all = await manifests(variant);
      const workloads = all.filter(({ spec }) => spec?.template !== undefined);
      assert.equal(workloads.length, 2);
      for (const { metadata, spec } of workloads) {
        const { template } = spec;
        assert.ok(template !== undefined);
        assert.deepEqual(spec.selector?.matchLabels, template.metadata.labels);
        const volumes = [...template.spec.volumes, ...(spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata)];
        for (const container of template.spec.containers) {
          await checkCommandLine(container.args, metadata.name);
          for (const mount of container.volumeMounts) {
            assert.ok(
              volumes.some(({ name }) => name === mount.name),
              `${metadata.name}: ${mount.name}`,
            );
          }
          const files = container.args.flatMap(
            (arg) => /=(\/(?:run\/secrets|data|etc\/runsmith)\/\S*)/.exec(arg)?.[1] ?? [],
          );
          for (const file of files) {
            const mounted = container.volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`));
            assert.ok(mounted, `${metadata.name}: nothing is mounted for ${file}`);
          }
        }
      }
      const service = all.find(({ kind }) => kind === "Service");
      const server = workloads.find(({ metadata }) => metadata.namespace === "runsmith");
      assert.deepEqual(service?.spec.selector, server?.spec.template?.metadata.labels);
      const ports = server?.spec.template?.spec.containers.flatMap((container) => container.ports ?? []);
      assert.deepEqual(
        service?.spec.ports?.map(({ targetPort }) => targetPort),
        ports?.map(({ name }) => name),
      );
    });

    test(`${variant}: the service may do nothing, a worker what its sandbox needs and no more`, async () => {
      for (const { metadata, spec } of (await manifests(variant)).filter((each) => each.spec?.template !== undefined)) {
        const isWorker = metadata.name === "runsmith-worker";
        for (const { securityContext } of spec.template?.spec.containers ?? []) {
          assert.deepEqual(securityContext.capabilities.drop, ["ALL"]);
          assert.equal(securityContext.allowPrivilegeEscalation, false);
          assert.deepEqual(securityContext.capabilities.add ?? [], isWorker ? await capabilitiesOfUnit() : []);
          assert.equal(securityContext.procMount, isWorker ? "Unmasked" : undefined);
        }
        assert.equal(spec.template?.spec.hostUsers, isWorker ? false : undefined);
      }
    });
  }
});

/** What the systemd unit lets a worker have; it is tried where systemd runs. */
async function capabilitiesOfUnit(): Promise<string[]> {
  const unit = await readFile(join(folder, "runsmith-worker.service"), "utf8");
  const line = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1] ?? "";
  return line.split(" ").map((name) => name.replace(/^CAP_/, ""));
}

describe("container images", () => {
  test("both run Runsmith's own Node, with options that its commands have; the service is not root", async () => {
    const text = (await readFile(join(folder, "container", "Containerfile"), "utf8")).replaceAll(/\\\n/g, "");
    const stages = text.split(/^FROM /m).slice(1);
    const [, service = "", worker = ""] = stages;
    assert.deepEqual(
      stages.map((stage) => /^\S+ AS (\S+)/.exec(stage)?.[1]),
      ["package", "service", "worker"],
    );
    for (const stage of [service, worker]) {
      const words = JSON.parse(/^CMD (\[.*\])$/m.exec(stage)?.[1] ?? "[]") as string[];
      await checkCommandLine(words, "Containerfile");
      const entry = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(stage)?.[1] ?? "[]") as string[];
      assert.deepEqual(
        entry.map((path) => basename(path)),
        ["node", "runsmith.js"],
      );
    }
    assert.match(service, /^USER 10001:10001$/m);
    assert.match(worker, /install .*bubblewrap/);
  });

  test("the compose file gives a worker what the systemd unit gives it, and the service nothing", async () => {
    const [document] = parseAllDocuments(await readFile(join(folder, "container", "compose.yaml"), "utf8"));
    assert.ok(document !== undefined);
    assert.deepEqual(document.errors, []);
    const { services } = document.toJS() as {
      services: Record<"service" | "worker", { command?: string[]; cap_drop: string[]; cap_add?: string[] }>;
    };
    await checkCommandLine(services.service.command ?? [], "compose.yaml");
    assert.deepEqual(services.service.cap_drop, ["ALL"]);
    assert.equal(services.service.cap_add, undefined);
    assert.deepEqual(services.worker.cap_drop, ["ALL"]);
    assert.deepEqual(services.worker.cap_add, await capabilitiesOfUnit());
  });
});
