import { assetValue } from "./asset-values.ts";

/** The fields of a connection by their names, as its connection type defines them; those that have no value are left out. */
export type Connection = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The fields of the connection of this name; those that are secret are masked wherever the job prints them. Rejects with an `AssetError`
 * where there is none that this runbook may use.
 *
 *     const { Host, Password } = await connection<{ Host: string; Password: string }>("Database");
 */
export async function connection<Fields extends object = Connection>(name: string): Promise<Fields> {
  const { fields } = await assetValue("connection", name);
  return fields as Fields;
}
