import { dirname, resolve } from "node:path";
import { styleText } from "node:util";
import type { Command } from "../../command.ts";
import type { Check, Finding } from "../../doctor/check.ts";
import { exitCodes } from "../../exit-codes.ts";
import type { View } from "../../output/print.ts";
import { printList } from "../../output/print.ts";
import { databaseFileOf, databaseFileOption } from "../../service/server-settings.ts";

const findingView: View<Finding> = {
  columns: [
    { title: "Check", value: ({ check }) => check },
    { title: "State", value: ({ state }) => state },
    { title: "Detail", value: ({ detail }) => detail },
  ],
  name: ({ check }) => check,
};

export const command: Command = {
  name: "doctor",
  summary: "see whether Runsmith can run here; a remedy for each thing that prevents it",
  description:
    "Looks at the sandbox, as a worker does at its start, the limits of jobs, PowerShell, the port, the database, the disk, the clock and the token. Exits with 1 when something prevents Runsmith from running.",
  options: [
    { flags: "--data <folder>", help: "the server's data folder; that of the running one, else ./data" },
    { flags: "--port <port>", help: "the server's port; that of the running one, else 9090" },
    databaseFileOption,
  ],
  examples: [{ line: "doctor", does: "a line for each check" }],
  async run(invocation) {
    const { runningServers } = await import("../../connection/running-servers.ts");
    const running = runningServers()[0];
    const data = invocation.text("data") ?? (running === undefined ? "./data" : dirname(running.tokenFile));
    const port = invocation.text("port") ?? (running === undefined ? "9090" : new URL(running.url).port || "443");
    const settings = { dataDirectory: resolve(data), port: Number(port), ...databaseFileOf(invocation) };
    const findings = await Promise.all((await checks()).map((check) => check(settings)));
    if (invocation.output === "table") process.stdout.write(`${findings.map(lineOf).join("\n")}\n`);
    else await printList(findings, findingView, invocation.output);
    return findings.some(({ state }) => state === "failed") ? exitCodes.failed : exitCodes.completed;
  },
};

async function checks(): Promise<Check[]> {
  const { checkNode, checkPowerShell } = await import("../../doctor/runtime-checks.ts");
  const { checkSandbox, checkIsolation, checkAccounts, checkLimits } = await import("../../doctor/sandbox-checks.ts");
  const { checkDatabase } = await import("../../doctor/database-check.ts");
  const { checkPort, checkDisk, checkClock, checkToken } = await import("../../doctor/server-checks.ts");
  return [
    ...[checkNode, checkSandbox, checkIsolation, checkAccounts, checkLimits],
    ...[checkPowerShell, checkPort, checkDatabase, checkDisk, checkClock, checkToken],
  ];
}

function lineOf({ check, state, detail, remedy }: Finding): string {
  const style = state === "ok" ? "green" : state === "note" ? "yellow" : "red";
  const mark = process.stdout.isTTY ? styleText(style, state.padEnd(6)) : state.padEnd(6);
  const line = `${mark}  ${check.padEnd(10)}  ${detail}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(20)}→ ${remedy}`;
}
