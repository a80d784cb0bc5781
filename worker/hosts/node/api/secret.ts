declare const secret: unique symbol;

/**
 * The type of a secret parameter: a text that is masked in the job's records and returned by no API.
 *
 *     export default async function ({ user, password }: { user: string; password: Secret }) { … }
 */
export type Secret = string & { readonly [secret]?: true };
