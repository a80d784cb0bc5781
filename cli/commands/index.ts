import type { Command } from "../command.ts";

interface CommandModule {
  command: Command;
}

/** Where each command is. Only the one that was called is loaded; all of them for the help. */
export const commandModules: Readonly<Record<string, () => Promise<CommandModule>>> = {
  start: () => import("./service/start.ts"),
  server: () => import("./service/server.ts"),
  "reset-admin-token": () => import("./service/reset-admin-token.ts"),
  "backup-database": () => import("./service/backup-database.ts"),
  "migrate-database": () => import("./service/migrate-database.ts"),
  worker: () => import("./worker/worker.ts"),
  "new-worker": () => import("./worker/new-worker.ts"),
  "get-worker": () => import("./worker/get-worker.ts"),
  "set-worker": () => import("./worker/set-worker.ts"),
  "cordon-worker": () => import("./worker/cordon-worker.ts"),
  "uncordon-worker": () => import("./worker/uncordon-worker.ts"),
  "drain-worker": () => import("./worker/drain-worker.ts"),
  "remove-worker": () => import("./worker/remove-worker.ts"),
  "get-worker-group": () => import("./worker-group/get-worker-group.ts"),
  "set-worker-group": () => import("./worker-group/set-worker-group.ts"),
  "remove-worker-group": () => import("./worker-group/remove-worker-group.ts"),
  "get-dispatch": () => import("./dispatch/get-dispatch.ts"),
  "hold-dispatch": () => import("./dispatch/hold-dispatch.ts"),
  "release-dispatch": () => import("./dispatch/release-dispatch.ts"),
  "import-runbook": () => import("./runbook/import-runbook.ts"),
  "publish-runbook": () => import("./runbook/publish-runbook.ts"),
  "get-runbook": () => import("./runbook/get-runbook.ts"),
  "get-runbook-definition": () => import("./runbook/get-runbook-definition.ts"),
  "set-runbook": () => import("./runbook/set-runbook.ts"),
  "enable-runbook": () => import("./runbook/enable-runbook.ts"),
  "disable-runbook": () => import("./runbook/disable-runbook.ts"),
  "remove-runbook": () => import("./runbook/remove-runbook.ts"),
  "new-folder": () => import("./folder/new-folder.ts"),
  "get-folder": () => import("./folder/get-folder.ts"),
  "remove-folder": () => import("./folder/remove-folder.ts"),
  "start-runbook": () => import("./job/start-runbook.ts"),
  "get-job": () => import("./job/get-job.ts"),
  "get-job-output": () => import("./job/get-job-output.ts"),
  "stop-job": () => import("./job/stop-job.ts"),
  "retry-job": () => import("./job/retry-job.ts"),
  "new-notice-rule": () => import("./notice/new-notice-rule.ts"),
  "get-notice-rule": () => import("./notice/get-notice-rule.ts"),
  "set-notice-rule": () => import("./notice/set-notice-rule.ts"),
  "remove-notice-rule": () => import("./notice/remove-notice-rule.ts"),
  "test-notice-rule": () => import("./notice/test-notice-rule.ts"),
  "get-notice": () => import("./notice/get-notice.ts"),
  "get-notice-delivery": () => import("./notice/get-notice-delivery.ts"),
  "set-variable": () => import("./variable/set-variable.ts"),
  "get-variable": () => import("./variable/get-variable.ts"),
  "remove-variable": () => import("./variable/remove-variable.ts"),
  "set-credential": () => import("./credential/set-credential.ts"),
  "get-credential": () => import("./credential/get-credential.ts"),
  "remove-credential": () => import("./credential/remove-credential.ts"),
  "get-master-key": () => import("./master-key/get-master-key.ts"),
  "rotate-master-key": () => import("./master-key/rotate-master-key.ts"),
  "new-right": () => import("./right/new-right.ts"),
  "get-right": () => import("./right/get-right.ts"),
  "remove-right": () => import("./right/remove-right.ts"),
  run: () => import("./run/run.ts"),
  doctor: () => import("./doctor/doctor.ts"),
  completion: () => import("./completion/completion.ts"),
};

/** Loads the commands of these names; all when there is none. */
export async function loadCommands(names: readonly string[] = Object.keys(commandModules)): Promise<Command[]> {
  const modules = await Promise.all(names.map((name) => commandModules[name]?.()));
  return modules.flatMap((module) => (module === undefined ? [] : [module.command]));
}
