import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";

/** Reads the text of a frame; gives the frame, or what is wrong with it. */
export type FrameReader<Frame extends { type: string }> = (text: string) => { frame: Frame } | { problem: string };

/**
 * A reader of the frames with these schemas, compiled once; the same at both ends of the link.
 *
 * @param schemas JSON Schema 2020-12 by the frame's `type`
 */
export function frameReader<Frame extends { type: string }>(
  schemas: Readonly<Record<Frame["type"], object>>,
): FrameReader<Frame> {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  const validators = new Map<unknown, ValidateFunction>(
    Object.entries<object>(schemas).map(([type, schema]) => [type, ajv.compile(schema)]),
  );
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { problem: "a frame is not JSON" };
    }
    const type: unknown = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const validate = validators.get(type);
    if (validate === undefined) {
      return { problem: `unknown frame type ${String(type).slice(0, 64)}` };
    }
    if (!validate(value)) {
      return { problem: `${String(type)}: ${ajv.errorsText(validate.errors, { dataVar: "frame" })}`.slice(0, 120) };
    }
    return { frame: value as Frame };
  };
}
