import { reportError } from "../cli/output/report-error.ts";
import { runDatabaseBackup } from "../cli/service/run-database-backup.ts";
import { runDatabaseMigration } from "../cli/service/run-database-migration.ts";
import { runService } from "../cli/service/run-service.ts";
import type { ServiceTask } from "../cli/service/service-task.ts";
import { backUpDatabase } from "../src/store/back-up-database.ts";
import { examineDatabase } from "../src/web/examine-database.ts";
import { resetAdminToken, startServer } from "../src/web/server.ts";

/*
 * The web service's process: the one place where the command line and the service meet, as the command line imports
 * nothing of the service. Its only argument is the task as JSON, which `npx runsmith start`, `server` and the other commands
 * on the database itself make.
 */

const task: ServiceTask = JSON.parse(process.argv[2] ?? "null");
try {
  if (task.task === "reset-admin-token") {
    process.stdout.write(`${await resetAdminToken(task)}\n`);
  } else if (task.task === "examine-database") {
    process.stdout.write(JSON.stringify(await examineDatabase(task)));
  } else if (task.task === "backup-database") {
    process.exitCode = await runDatabaseBackup(task, backUpDatabase);
  } else if (task.task === "migrate-database") {
    const move = await import("../src/store/move-installation.ts");
    process.exitCode = await runDatabaseMigration(task, move);
  } else {
    process.exitCode = await runService(task, startServer);
  }
} catch (error) {
  process.exitCode = reportError(error, []);
}
