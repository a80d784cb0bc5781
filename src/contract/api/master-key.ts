/** `next`: announced, not used yet; `current`: seals; `retiring`: its values are being sealed by the current one; `retired`. */
export const masterKeyStates = ["next", "current", "retiring", "retired"] as const;
export type MasterKeyState = (typeof masterKeyStates)[number];

/** The master keys of an installation, by their ids, and how far a rotation is. */
export interface MasterKeyResource {
  keys: { keyId: string; state: MasterKeyState; createdAt: string; changedAt: string }[];
  /** Where this service has them from, such as `the file /etc/runsmith/keys/….key`. */
  source: string;
  /** Whether one is being replaced by another. */
  rotating: boolean;
  /** Names of the services that keep the rotation waiting: they do not have the next key, or do not seal by the current one yet. */
  waitingFor: string[];
}
