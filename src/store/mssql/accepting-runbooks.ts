import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import { hostReuseOf } from "../host-reuse.ts";
import { bytesToId } from "../id-bytes.ts";
import type { AcceptJob, HostReuse } from "../operations/jobs.ts";
import { firstGroup } from "../placement-id.ts";
import type { MssqlSession } from "./session.ts";
import { id } from "./sql-values.ts";

/** Runbooks that are remembered at most; the one that was asked for longest ago goes first. */
const mostRemembered = 1_000;

interface Row {
  revision: number;
  name: string;
  kind: RunbookKind;
  enabled: boolean;
  draft_version_id: Uint8Array | null;
  published_version_id: Uint8Array | null;
  log_switches: number;
  grants: string;
  isolation: Isolation;
  share_callers: boolean;
  placement_id: Uint8Array;
  run_on: string;
  stand_bys: string;
  priority: number;
  time_limit: number | null;
  start_deadline: number | null;
  attempts: number;
  retries: number;
  stop_grace: number;
  output_limit: number;
  folder_id: Uint8Array | null;
  run_as: Uint8Array | null;
  run_as_enabled: boolean | null;
}

/** What a new job takes from its runbook, as it was at some revision. */
export class AcceptingRunbook {
  readonly revision: number;
  readonly name: string;
  readonly kind: RunbookKind;
  readonly hostKind: HostKind;
  readonly grants: Grant[];
  readonly placementId: string;
  /** The group that the placement names first. */
  readonly workerGroup: string | null;
  readonly priority: number;
  readonly logSwitches: number;
  readonly timeLimit: number | null;
  readonly startDeadline: number | null;
  readonly attempts: number;
  readonly retries: number;
  readonly stopGrace: number;
  readonly outputLimit: number;
  readonly #row: Row;

  constructor(row: Row) {
    this.#row = row;
    this.revision = row.revision;
    this.name = row.name;
    this.kind = row.kind;
    this.hostKind = hostKindOf[row.kind];
    this.grants = JSON.parse(row.grants) as Grant[];
    this.placementId = bytesToId(row.placement_id);
    this.workerGroup = firstGroup({
      runOn: JSON.parse(row.run_on) as string[],
      standBys: JSON.parse(row.stand_bys) as string[],
    });
    this.priority = row.priority;
    this.logSwitches = row.log_switches;
    this.timeLimit = row.time_limit;
    this.startDeadline = row.start_deadline;
    this.attempts = row.attempts;
    this.retries = row.retries;
    this.stopGrace = row.stop_grace;
    this.outputLimit = row.output_limit;
  }

  /** Whether it is enabled, the folder and (unless it is pinned) the version asked for are the current ones, and jobs can act as they should. */
  accepts(job: AcceptJob): boolean {
    const { draft, versionId, folderId, isPinned = false } = job;
    const { enabled, draft_version_id, published_version_id, folder_id, run_as, run_as_enabled } = this.#row;
    const current = draft ? draft_version_id : published_version_id;
    const isInFolder = folderId === undefined || folderId === (folder_id === null ? null : bytesToId(folder_id));
    const actsAsAsked = job.runAs === undefined || job.runAs === this.runAs(job);
    const canAct = actsAsAsked && (draft || run_as === null || run_as_enabled === true);
    const isCurrent = isPinned || (current !== null && bytesToId(current) === versionId);
    return enabled && isCurrent && isInFolder && canAct;
  }

  /** The principal that the job acts as: who tests a draft tests it with rights of its own. */
  runAs({ draft, starterId }: AcceptJob): string | null {
    const { run_as } = this.#row;
    return draft ? (starterId ?? null) : run_as === null ? null : bytesToId(run_as);
  }

  /** With whom such a job may share its host. */
  hostReuse(job: AcceptJob): HostReuse {
    const { isolation, share_callers: shareCallers } = this.#row;
    return hostReuseOf({ isolation, shareCallers, grants: this.grants }, job);
  }
}

/** Runbooks that jobs were accepted for. Who uses one has to ask for its revision in the same statement. */
export class AcceptingRunbooks {
  readonly #session: MssqlSession;
  readonly #remembered = new Map<string, AcceptingRunbook>();

  constructor(session: MssqlSession) {
    this.#session = session;
  }

  /** A runbook, perhaps as it was some time ago; null when there is none. */
  async find(runbookId: string): Promise<AcceptingRunbook | null> {
    const remembered = this.#remembered.get(runbookId);
    if (remembered === undefined) {
      return this.read(runbookId);
    }
    this.#remember(runbookId, remembered);
    return remembered;
  }

  /** A runbook as it is now; null when there is none. */
  async read(runbookId: string): Promise<AcceptingRunbook | null> {
    const row = await this.#session.first<Row>(
      `SELECT r.revision, r.name, r.kind, r.enabled, r.draft_version_id, r.published_version_id,
         CONVERT(int, r.log_verbose) + 2 * CONVERT(int, r.log_debug) + 4 * CONVERT(int, r.log_progress) AS log_switches,
         r.grants, r.isolation, r.share_callers, r.placement_id, p.run_on, p.stand_bys, r.priority, r.time_limit,
         r.start_deadline, r.attempts, r.retries, r.stop_grace, r.output_limit, r.folder_id, r.run_as, a.enabled AS run_as_enabled
       FROM runsmith.runbooks r JOIN runsmith.placements p ON p.placement_id = r.placement_id
       LEFT JOIN runsmith.principals a ON a.principal_id = r.run_as
       WHERE r.runbook_id = @runbook_id`,
      { runbook_id: id(runbookId) },
    );
    if (row === undefined) {
      this.#remembered.delete(runbookId);
      return null;
    }
    const runbook = new AcceptingRunbook(row);
    this.#remember(runbookId, runbook);
    return runbook;
  }

  #remember(runbookId: string, runbook: AcceptingRunbook): void {
    this.#remembered.delete(runbookId);
    this.#remembered.set(runbookId, runbook);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > mostRemembered && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
  }
}
