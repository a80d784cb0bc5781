import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ServiceControlFrame } from "../../src/contract/link/control-frames.ts";
import { serviceControlFrameSchemas } from "../../src/contract/link/control-frames-schemas.ts";
import type { ServiceRecordsFrame } from "../../src/contract/link/records-frames.ts";
import { serviceRecordsFrameSchemas } from "../../src/contract/link/records-frames-schemas.ts";

/** A frame, or what is wrong with its text. */
type Reading<Frame> = { frame: Frame } | { problem: string };

type Reader<Frame> = (text: string) => Reading<Frame>;

let controlReader: Reader<ServiceControlFrame> | undefined;
let recordsReader: Reader<ServiceRecordsFrame> | undefined;

/** Reads a frame of the control socket. */
export function readServiceControlFrame(text: string): Reading<ServiceControlFrame> {
  controlReader ??= reader<ServiceControlFrame>(serviceControlFrameSchemas);
  return controlReader(text);
}

/** Reads a frame of the records socket. */
export function readServiceRecordsFrame(text: string): Reading<ServiceRecordsFrame> {
  recordsReader ??= reader<ServiceRecordsFrame>(serviceRecordsFrameSchemas);
  return recordsReader(text);
}

function reader<Frame extends { type: string }>(schemas: Readonly<Record<Frame["type"], object>>): Reader<Frame> {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  const validators = new Map<unknown, ValidateFunction>(
    Object.entries<object>(schemas).map(([type, schema]) => [type, ajv.compile(schema)]),
  );
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { problem: "it is not JSON" };
    }
    const type: unknown = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const validate = validators.get(type);
    if (validate === undefined) return { problem: `its type is ${String(type).slice(0, 64)}` };
    if (!validate(value))
      return { problem: `${String(type)}: ${ajv.errorsText(validate.errors, { dataVar: "frame" })}` };
    return { frame: value as Frame };
  };
}
