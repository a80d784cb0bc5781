import type { WebSocket } from "ws";
import type { JournalItem } from "../../src/contract/journal.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import { linkCloseCodes, linkProtocolVersion } from "../../src/contract/link/control-frames.ts";
import { GatheredWrites } from "../../src/contract/link/gathered-writes.ts";
import type { AttemptEnd, AttemptTimes } from "../../src/contract/link/records-frames.ts";
import { recordsPath } from "../../src/contract/link/records-frames.ts";
import type { Logger } from "../../src/contract/logger.ts";
import { jobRecordCredit, recordBatchBytes, workerRecordCredit } from "../../src/contract/session-limits.ts";
import { keyOf } from "./attempt-key.ts";
import { AttemptOutbox } from "./attempt-outbox.ts";
import { Gathering } from "./gathering.ts";
import { reconnectDelay } from "./reconnect-delay.ts";
import { openSocket, type ServiceAddress } from "./service-connection.ts";
import { readServiceRecordsFrame } from "./service-frames.ts";

/** Milliseconds for which records gather at most while others of their attempt are under way. */
const gatherTime = 2;

/** Milliseconds for which the last records wait at most for the end, which comes when the host is gone. */
const endTime = 50;

/** Dials that are to come to the service of the control link; those that follow may end at any. */
const dialsToControl = 4;

/** Milliseconds without records after which it is told that an attempt runs. */
const quietStart = 25;

export interface RecordsLinkListener {
  /** The service has the end of the attempt, or has no use for it. */
  told(attempt: AttemptReference): void;
  /** The service refused the attempt: it is not the current one. */
  refused(attempt: AttemptReference): void;
  /** The service cannot read what the attempt said: what it says from now on is lost, and its end is told as a failure. */
  spoiled(attempt: AttemptReference): void;
}

/**
 * The records socket, and everything that waits for it: per attempt an outbox, held until it is acknowledged.
 *
 * The socket is never paused. What is held is bounded from the other side: an attempt without credit is not read from, and
 * its script waits in its write.
 *
 * A frame that the service finds bad closes the socket, without a word of whose it was. Whoever had something under way then is
 * suspected: on the next connection the suspects send one frame each, one after the other, and whoever's frame alone
 * is under way when the socket closes again is given up. So no attempt's records are sent in vain for ever, nor hold up others'.
 */
export class RecordsLink {
  readonly #address: ServiceAddress;
  readonly #instanceId: string;
  readonly #listener: RecordsLinkListener;
  readonly #logger: Logger;
  readonly #outboxes = new Map<string, AttemptOutbox>();
  readonly #waiting = new Set<AttemptOutbox>();
  #socket: WebSocket | null = null;
  #writes: GatheredWrites | null = null;
  #open = false;
  #workerId: string | null = null;
  #server = "";
  #tries = 0;
  /** Since the control link stands. */
  #dials = 0;
  #timer: NodeJS.Timeout | null = null;
  #heldBytes = 0;
  #sentBytes = 0;
  readonly #gathering = new Gathering((outbox) => this.#flush(outbox));
  readonly #suspects = new Set<AttemptOutbox>();
  /** Key of the suspect whose frame is under way. */
  #alone: string | null = null;
  #closed = false;

  constructor(address: ServiceAddress, instanceId: string, listener: RecordsLinkListener, logger: Logger) {
    this.#address = address;
    this.#instanceId = instanceId;
    this.#listener = listener;
    this.#logger = logger;
  }

  /** Bytes of records that are not acknowledged. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether every attempt's end is known to the service. */
  get allTold(): boolean {
    return this.#outboxes.size === 0;
  }

  /** Attempts of which something is not acknowledged. */
  attempts(): AttemptReference[] {
    return [...this.#outboxes.values()].map((outbox) => outbox.attempt);
  }

  /**
   * @param onCredit Told when the attempt's output must wait, and when it may go on.
   * @param onStored Told when the items of its journal are stored, up to this one.
   */
  open(
    attempt: AttemptReference,
    onCredit: (hasCredit: boolean) => void,
    onStored: (sequence: number) => void = () => {},
  ): void {
    this.#outboxes.set(keyOf(attempt), new AttemptOutbox(attempt, onCredit, onStored));
  }

  /** Something is to be kept in the journal of its job, behind what was appended before. */
  keep(attempt: AttemptReference, item: JournalItem): void {
    this.#outboxes.get(keyOf(attempt))?.keep(item);
  }

  /** The attempt runs. Told with its first records, or after a moment without any: at first the script needs the processor more. */
  begin(attempt: AttemptReference, times: AttemptTimes): void {
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (outbox === undefined) return;
    outbox.begin(times);
    this.#gathering.flushWithin(outbox, quietStart);
  }

  append(attempt: AttemptReference, number: number, json: string): void {
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (outbox === undefined) return;
    this.#heldBytes += outbox.add(number, json);
    if (outbox.hasCredit && !this.#hasRoom(outbox)) {
      this.#waiting.add(outbox);
      outbox.setCredit(false);
    }
  }

  /**
   * The script is over: its last records go together with its end. Each frame costs both sides a message and the service a commit, and
   * most scripts end as soon as they have said something.
   */
  expectEnd(attempt: AttemptReference): void {
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (outbox === undefined) return;
    outbox.expectEnd();
    if (!outbox.awaitsEnd) return;
    this.#gathering.forget(outbox);
    this.#gathering.flushWithin(outbox, endTime);
  }

  end(attempt: AttemptReference, end: AttemptEnd): void {
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (outbox === undefined) return;
    outbox.end(end);
    this.flush(attempt);
  }

  /**
   * Sends what there is credit for: the first of a moment at once; while that is under way, what follows gathers until it is
   * acknowledged, for a moment at most. A script that prints much costs a few frames, not one for each line.
   */
  flush(attempt: AttemptReference): void {
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (outbox === undefined) return;
    this.#flushSoon(outbox, outbox.isUnderWay);
  }

  /** @param isUnderWay Whether what was sent before is under way, for which the rest waits a moment. */
  #flushSoon(outbox: AttemptOutbox, isUnderWay: boolean): void {
    const wait = outbox.awaitsEnd ? endTime : isUnderWay ? gatherTime : 0;
    if (wait > 0 && outbox.unsentBytes < recordBatchBytes) this.#gathering.flushWithin(outbox, wait);
    else this.#flush(outbox);
  }

  /** Forgets an attempt and all that it said. */
  forget(attempt: AttemptReference): void {
    const key = keyOf(attempt);
    const outbox = this.#outboxes.get(key);
    if (outbox === undefined) return;
    this.#outboxes.delete(key);
    this.#gathering.forget(outbox);
    this.#waiting.delete(outbox);
    this.#suspects.delete(outbox);
    this.#heldBytes -= outbox.heldBytes;
    this.#sentBytes -= outbox.sentBytes;
    this.#giveCredit();
  }

  /** The control link stands anew: connects anew too, to the same address, and sends again what is not acknowledged. */
  connect(workerId: string, server: string): void {
    this.#workerId = workerId;
    this.#server = server;
    this.#tries = 0;
    this.#dials = 0;
    this.#drop();
    this.#dial();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#gathering.close();
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    socket?.close(1000, "the worker is closing");
    if (socket !== null) setTimeout(() => socket.terminate(), 1_000).unref();
  }

  #drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    socket?.terminate();
  }

  #dial(): void {
    const workerId = this.#workerId;
    if (this.#closed || workerId === null) return;
    let socket: WebSocket;
    try {
      socket = openSocket(this.#address, this.#server, recordsPath);
    } catch {
      // The control link says why.
      this.#redial();
      return;
    }
    this.#socket = socket;
    const elsewhere = this.#dials >= dialsToControl;
    this.#dials += 1;
    socket.on("error", () => {});
    socket.on("upgrade", ({ socket: wire }) => {
      if (this.#socket === socket) this.#writes = new GatheredWrites(wire);
    });
    socket.on("open", () => {
      if (this.#socket !== socket) return;
      socket.send(
        JSON.stringify({
          type: "records-hello",
          protocol: linkProtocolVersion,
          workerId,
          instanceId: this.#instanceId,
          elsewhere,
        }),
      );
      this.#open = true;
      this.#sentBytes = 0;
      this.#alone = null;
      for (const outbox of this.#outboxes.values()) outbox.rewind();
      this.#flushAll();
    });
    socket.on("message", (raw: Buffer) => {
      if (this.#socket === socket) this.#receive(raw.toString("utf8"));
    });
    socket.on("close", (code, reason) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#open = false;
      this.#redial(code === linkCloseCodes.shuttingDown && !elsewhere);
      if (code === linkCloseCodes.badFrame) this.#suspect(reason.toString("utf8"));
    });
  }

  /** @param atOnce Behind a load balancer another service may have the control link. */
  #redial(atOnce = false): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#dial(), atOnce ? 0 : reconnectDelay(this.#tries++));
  }

  /** The service found a frame bad. */
  #suspect(problem: string): void {
    const culprit = this.#alone === null ? undefined : this.#outboxes.get(this.#alone);
    this.#alone = null;
    this.#logger.error("The service found a frame of records bad", { problem, jobId: culprit?.attempt.jobId });
    if (culprit?.spoiled) {
      this.forget(culprit.attempt);
      this.#listener.refused(culprit.attempt);
    } else if (culprit !== undefined) {
      this.#heldBytes -= culprit.heldBytes;
      this.#sentBytes -= culprit.sentBytes;
      culprit.spoil();
      this.#listener.spoiled(culprit.attempt);
    }
    for (const outbox of this.#outboxes.values()) if (outbox.hasMore) this.#suspects.add(outbox);
    this.#giveCredit();
  }

  /** Lets the next suspect send one frame; true when nobody is suspected any more. */
  #flushSuspects(): boolean {
    if (this.#alone !== null) return false;
    for (const outbox of this.#suspects) {
      const batch = outbox.next(jobRecordCredit);
      if (batch !== null) {
        this.#alone = keyOf(outbox.attempt);
        this.#sentBytes += batch.bytes;
        this.#send(batch.text);
        return false;
      }
      this.#suspects.delete(outbox);
    }
    return true;
  }

  #flushAll(): void {
    for (const outbox of this.#outboxes.values()) this.#flush(outbox);
  }

  #flush(outbox: AttemptOutbox): void {
    this.#gathering.forget(outbox);
    if (!this.#open || (this.#suspects.size > 0 && !this.#flushSuspects())) return;
    for (;;) {
      if (!this.#open) return;
      const credit = Math.min(jobRecordCredit - outbox.sentBytes, workerRecordCredit - this.#sentBytes);
      const batch = outbox.next(credit);
      if (batch === null) return;
      this.#sentBytes += batch.bytes;
      this.#send(batch.text);
    }
  }

  #send(text: string): void {
    this.#writes?.begin();
    this.#socket?.send(text);
  }

  #receive(text: string): void {
    const read = readServiceRecordsFrame(text);
    if ("problem" in read) {
      this.#logger.error("The service sent a frame that is none", { problem: read.problem });
      this.#socket?.close(linkCloseCodes.badFrame, "bad frame");
      return;
    }
    this.#tries = 0;
    const { frame } = read;
    const attempt = { jobId: frame.jobId, attempt: frame.attempt };
    const outbox = this.#outboxes.get(keyOf(attempt));
    if (this.#alone === keyOf(attempt)) {
      this.#alone = null;
      if (outbox !== undefined) this.#suspects.delete(outbox);
      // Whatever this frame says, the others go on after it.
      queueMicrotask(() => this.#flushAll());
    }
    if (outbox === undefined) return;
    if (frame.type === "refused") {
      this.forget(attempt);
      this.#listener.refused(attempt);
      return;
    }
    const sentBefore = outbox.sentBytes;
    const { freed, complete } = outbox.acknowledge(frame.number, frame.ended, frame.journal);
    this.#heldBytes -= freed;
    this.#sentBytes -= sentBefore - outbox.sentBytes;
    if (complete) {
      this.forget(attempt);
      this.#listener.told(attempt);
      return;
    }
    this.#flushSoon(outbox, false);
    this.#giveCredit();
  }

  #hasRoom(outbox: AttemptOutbox): boolean {
    return outbox.heldBytes < jobRecordCredit && this.#heldBytes < workerRecordCredit;
  }

  /** Whoever waited may go on; the one that has waited longest first. */
  #giveCredit(): void {
    for (const outbox of this.#waiting) {
      if (this.#heldBytes >= workerRecordCredit) return;
      this.#flush(outbox);
      if (!this.#hasRoom(outbox)) continue;
      this.#waiting.delete(outbox);
      outbox.setCredit(true);
    }
  }
}
