import type { MessagePort } from "node:worker_threads";
import { toThreadError } from "./thread-error.ts";
import type { GroupAnswers, OperationAnswer } from "./thread-messages.ts";

/** Posts a message with answers. A value that cannot be sent (a bug in its operation) fails that answer, not the others. */
export function postAnswers(
  port: MessagePort,
  message: GroupAnswers | { type: "answers"; answers: OperationAnswer[] },
): void {
  try {
    port.postMessage(message);
  } catch {
    port.postMessage({ ...message, answers: message.answers.map(sendable) });
  }
}

function sendable(answer: OperationAnswer): OperationAnswer {
  try {
    structuredClone(answer);
    return answer;
  } catch (error) {
    return { id: answer.id, error: toThreadError(error) };
  }
}
