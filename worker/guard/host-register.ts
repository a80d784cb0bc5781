import type { ProcessIdentity } from "../sandbox/sandbox.ts";

/** Keeps the names of live hosts for the guard, which ends them when the worker cannot. */
export interface HostRegister {
  add(identity: ProcessIdentity): HostRegistration;
}

export interface HostRegistration {
  /** More is known of the host than before. */
  update(identity: ProcessIdentity): void;
  /** The host is gone. */
  forget(): void;
}

/** For hosts that nobody guards. */
export const noRegister: HostRegister = { add: () => ({ update() {}, forget() {} }) };
