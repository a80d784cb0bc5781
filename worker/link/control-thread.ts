/*
 * The control thread: connects, says hello, sends heartbeats and passes frames on.
 *
 *   connecting --welcome--> connected --closed--> connecting (after a delay)
 *        any state --the service refuses the worker--> ended
 *
 * The lease runs beside that (`lease-keeper.ts`): when it is lost the main thread is told to end its jobs. The guard does it when
 * the main thread does not.
 */

import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { WebSocket } from "ws";
import type {
  AttemptReference,
  ServiceControlFrame,
  WorkerControlFrame,
} from "../../src/contract/link/control-frames.ts";
import { controlPath, linkProtocolVersion } from "../../src/contract/link/control-frames.ts";
import type { UserError } from "../../src/contract/user-error.ts";
import { GuardClient } from "../guard/guard-client.ts";
import { keyOf } from "./attempt-key.ts";
import type {
  ControlThreadData,
  MessageFromControlThread,
  MessageToControlThread,
  WorkerStatus,
} from "./control-messages.ts";
import { SharedDeadline } from "./lease.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { monotonicNow } from "./monotonic-now.ts";
import { reconnectDelay } from "./reconnect-delay.ts";
import { openSocket, refusalOf } from "./service-connection.ts";
import { readServiceControlFrame } from "./service-frames.ts";

/** Heartbeats in a lease. */
const heartbeatsPerLease = 4;
/** A link without an acknowledgement for this share of a lease is dead, whatever TCP says. */
const silentShare = 0.5;
/** A main thread that does not answer for this long is not renewed any more: its jobs would be "Running" for ever. */
const mainThreadPatience = 60_000;

const port = parentPort;
if (port === null) throw new Error("the control thread is started by a worker");
const data = workerData as ControlThreadData;
const guard = new GuardClient();
const lease = new LeaseKeeper(new SharedDeadline(data.deadline), guard, {
  lost(leaseDuration) {
    log("warn", "The lease has run out; jobs are ended", { leaseDuration });
    tell({ type: "lease-lost" });
  },
  clock: (offset) => tell({ type: "clock", offset }),
});
const running = new Map<string, AttemptReference>();

let socket: WebSocket | null = null;
let connected = false;
let closing = false;
let tries = 0;
/** Which of the services is dialled. */
let dialled = 0;
let lastAnswerAt = 0;
let status: WorkerStatus = { freeSlots: 0, warmHosts: {} };
let draining = false;
let heartbeatTimer: NodeJS.Timeout | undefined;
let mainAnsweredAt = monotonicNow();
let lastComplaint = "";

port.on("message", (message: MessageToControlThread) => take(message));
connect();

function take(message: MessageToControlThread): void {
  switch (message.type) {
    case "send":
      if (message.frame.type === "draining") draining = true;
      send(message.frame);
      break;
    case "status":
      status = message.status;
      break;
    case "attempt-over":
      running.delete(keyOf(message.attempt));
      break;
    case "guard-add":
      guard.add(message.id, message.identity);
      break;
    case "guard-remove":
      guard.remove(message.ids);
      break;
    case "lease-loss-done":
      lease.lossDone();
      break;
    case "alive":
      mainAnsweredAt = monotonicNow();
      break;
    case "close":
      close();
      break;
  }
}

function connect(): void {
  if (closing) return;
  let opening: WebSocket;
  try {
    opening = openSocket(data.address, server(), controlPath);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    retry();
    return;
  }
  socket = opening;
  let httpStatus: number | null = null;
  opening.on("unexpected-response", (_, response) => {
    httpStatus = response.statusCode ?? null;
    response.resume();
    opening.terminate();
    if (response.statusCode !== undefined) complain(`the service answered ${response.statusCode}`);
  });
  opening.on("error", (error) => {
    if (httpStatus === null)
      complain(error.message === "" ? ((error as NodeJS.ErrnoException).code ?? "connection failed") : error.message);
  });
  opening.on("open", () => {
    lease.helloSent();
    lastAnswerAt = monotonicNow();
    opening.send(
      JSON.stringify({ ...data.hello, type: "hello", protocol: linkProtocolVersion, running: [...running.values()] }),
    );
    // A service that does not answer the hello is given up like one that falls silent.
    clearInterval(heartbeatTimer);
    heartbeatTimer = setInterval(() => heartbeat(), 1_000);
  });
  opening.on("message", (raw: Buffer) => receive(raw.toString("utf8")));
  opening.on("close", (code, reason) => {
    if (socket !== opening) return;
    socket = null;
    clearInterval(heartbeatTimer);
    const wasConnected = connected;
    connected = false;
    const refusal = refusalOf(code, httpStatus, reason.toString());
    if (refusal !== null && !closing) refuse(refusal);
    else {
      if (wasConnected)
        tell({ type: "disconnected", reason: `${reason.toString() || "the connection broke"} (${code})` });
      retry();
    }
  });
}

function retry(): void {
  if (closing) return;
  // A lease that runs out while nobody answers is watched by its own timer.
  dialled++;
  const before = tries++;
  const services = data.address.servers.length;
  // The next service is tried at once; a pause comes when all were tried.
  const isLast = before % services === services - 1;
  setTimeout(connect, isLast ? reconnectDelay(Math.floor(before / services)) : 0);
}

function server(): string {
  const { servers } = data.address;
  return servers[dialled % servers.length] ?? "";
}

function refuse(error: UserError): void {
  const { code, message, status, remedy = null } = error;
  tell({ type: "refused", code, message, status, remedy });
  closing = true;
}

function receive(text: string): void {
  const read = readServiceControlFrame(text);
  if ("problem" in read) {
    complain(`the service sent a frame that is none: ${read.problem}`);
    socket?.close(4004, read.problem.slice(0, 120));
    return;
  }
  const { frame } = read;
  lastAnswerAt = monotonicNow();
  switch (frame.type) {
    case "welcome":
      welcome(frame);
      break;
    case "heartbeat-acknowledged":
      lease.acknowledged(frame.sequence, frame.leaseDuration, frame.serviceTime);
      break;
    case "run-job":
      running.set(keyOf(frame), { jobId: frame.jobId, attempt: frame.attempt });
      tell({ type: "frame", frame });
      break;
    default:
      tell({ type: "frame", frame });
  }
}

function welcome(frame: Extract<ServiceControlFrame, { type: "welcome" }>): void {
  connected = true;
  tries = 0;
  lastComplaint = "";
  const keep = new Set(frame.keep.map(keyOf));
  for (const key of running.keys()) if (!keep.has(key)) running.delete(key);
  lease.welcomed(frame.leaseDuration, frame.serviceTime);
  tell({ type: "welcome", frame, server: server() });
  if (draining) send({ type: "draining" });
  clearInterval(heartbeatTimer);
  heartbeatTimer = setInterval(heartbeat, frame.leaseDuration / heartbeatsPerLease);
}

function heartbeat(): void {
  if (socket === null) return;
  const now = monotonicNow();
  const patience = Math.max(1_000, lease.duration * silentShare) + (connected ? 0 : 9_000);
  if (now - lastAnswerAt > patience) {
    complain("the service does not answer");
    socket.terminate();
    return;
  }
  if (!connected) return;
  tell({ type: "alive?" });
  if (now - mainAnsweredAt > mainThreadPatience) {
    complain("the worker's main thread hangs, so its lease is not renewed");
    return;
  }
  send({
    type: "heartbeat",
    sequence: lease.heartbeatSent(),
    freeSlots: status.freeSlots,
    warmHosts: status.warmHosts,
    load: loadavg()[0] ?? 0,
    memory: process.memoryUsage.rss(),
    cores: availableParallelism(),
    totalMemory: totalmem(),
    availableMemory: freemem(),
  });
}

function send(frame: WorkerControlFrame): void {
  if (connected) socket?.send(JSON.stringify(frame));
}

function close(): void {
  closing = true;
  clearInterval(heartbeatTimer);
  lease.close();
  guard.close();
  const open = socket;
  if (open === null) end();
  else {
    open.once("close", end);
    open.close(1000, "the worker is closing");
    setTimeout(() => open.terminate(), 1_000).unref();
  }
}

function end(): void {
  port?.close();
}

/** Says a thing once until it changes: a service that is away for hours is no news every ten seconds. */
function complain(message: string): void {
  if (message === lastComplaint) return;
  lastComplaint = message;
  log("warn", "No link to the service", { server: server(), reason: message });
}

function log(level: "info" | "warn" | "error", message: string, fields: Record<string, unknown>): void {
  tell({ type: "log", level, message, fields });
}

function tell(message: MessageFromControlThread): void {
  port?.postMessage(message);
}
