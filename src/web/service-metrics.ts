import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { StoreStatistics } from "../store/store.ts";

/** Everything `/metrics` shows, in Prometheus' text format. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly jobsAccepted = this.#counter("runsmith_jobs_accepted_total", "Jobs accepted.", []);
  readonly jobsEnded = this.#counter("runsmith_jobs_ended_total", "Jobs ended, by status.", ["status"]);
  readonly recordsStored = this.#counter("runsmith_stream_records_total", "Stream records stored.", []);
  readonly noticeDeliveries = this.#counter(
    "runsmith_notice_deliveries_total",
    "Attempts to deliver notices, by target and outcome.",
    ["target", "outcome"],
  );
  readonly startLatency = new Histogram({
    name: "runsmith_job_start_seconds",
    help: "From the acceptance of a job to its first record.",
    buckets: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1, 2, 4, 8, 16, 60, 300],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that a scrape gets. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A value that is asked for at each scrape. */
  observe(name: string, help: string, value: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      async collect() {
        this.set(await value());
      },
    });
  }

  /** Values by label, asked for at each scrape. */
  observeEach(
    name: string,
    help: string,
    labelNames: string[],
    values: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      async collect() {
        this.reset();
        for (const { labels, value } of await values()) {
          this.set(labels, value);
        }
      },
    });
  }

  /** What the store counts of itself. */
  observeStore(statistics: () => StoreStatistics): void {
    const total = (name: string, help: string, value: (of: StoreStatistics) => number) =>
      this.observe(name, help, () => value(statistics()));
    total("runsmith_store_reads", "Reads since the start.", (of) => of.reads);
    total("runsmith_store_writes", "Writes since the start.", (of) => of.writes);
    total("runsmith_store_pending_reads", "Reads not answered yet.", (of) => of.pendingReads);
    total("runsmith_store_pending_writes", "Writes not answered yet.", (of) => of.pendingWrites);
    total("runsmith_store_commits", "Transactions committed since the start.", (of) => of.commits);
    total("runsmith_store_commit_seconds", "Time spent in commits since the start.", (of) => of.commitTime / 1000);
    total("runsmith_store_largest_group", "Writes in the largest commit so far.", (of) => of.largestGroup);
    total("runsmith_store_log_bytes", "Bytes in the log that are not in the database yet.", (of) => of.logBytes);
    total(
      "runsmith_store_repeated",
      "Operations done again after a deadlock or a lost connection.",
      (of) => of.repeated,
    );
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }
}
