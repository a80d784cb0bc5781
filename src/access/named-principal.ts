import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { Principal as StoredPrincipal } from "../store/operations/access.ts";
import type { Store } from "../store/store.ts";

/** Who can be named where rights are given; a worker's principal is the worker's own. */
const namedKinds = ["user", "group", "service-principal"] as const;

/**
 * The principal that a text names: an id, `user:NAME`, `group:NAME`, `service-principal:NAME`, or a name that only one of them has.
 * @throws UserError `principal-not-found` (404), `principal-ambiguous` (409)
 */
export async function namedPrincipal(store: Pick<Store, "read">, text: string): Promise<StoredPrincipal> {
  const [found, ...more] = await principalsNamed(store, text);
  if (found === undefined) {
    throw new UserError("principal-not-found", `There is no principal ${text}.`, {
      status: 404,
      remedy: "Name a user, a group or a service principal: user:NAME, group:NAME, service-principal:NAME.",
    });
  }
  if (more.length > 0) {
    const choices = [found, ...more].map((one) => `${one.kind}:${one.name}`);
    throw new UserError("principal-ambiguous", `${text} may be ${choices.join(" or ")}.`, {
      status: 409,
      remedy: "Write the kind before the name.",
    });
  }
  return found;
}

/** All that the text may name: for callers who must not be told which principals there are. */
export async function principalsNamed(store: Pick<Store, "read">, text: string): Promise<StoredPrincipal[]> {
  if (looksLikeId(text)) {
    const found = await store.read.principal({ principalId: text.toLowerCase() });
    return found === null || found.kind === "worker" ? [] : [found];
  }
  const [, kind, rest] = /^(user|group|service-principal):(.+)$/.exec(text) ?? [];
  const name = rest ?? text;
  const kinds = namedKinds.filter((one) => kind === undefined || one === kind);
  const all = await Promise.all(kinds.map((one) => store.read.principalByName({ kind: one, name })));
  return all.filter((one) => one !== null);
}
