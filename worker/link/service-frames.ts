import type { ServiceControlFrame } from "../../src/contract/link/control-frames.ts";
import { serviceControlFrameSchemas } from "../../src/contract/link/control-frames-schemas.ts";
import { type FrameReader, frameReader } from "../../src/contract/link/frame-reader.ts";
import type { ServiceRecordsFrame } from "../../src/contract/link/records-frames.ts";
import { serviceRecordsFrameSchemas } from "../../src/contract/link/records-frames-schemas.ts";

// Each socket is read on a thread of its own, which compiles no more than it needs.
let controlReader: FrameReader<ServiceControlFrame> | undefined;
let recordsReader: FrameReader<ServiceRecordsFrame> | undefined;

/** Reads a frame of the control socket; gives the frame, or what is wrong with its text. */
export function readServiceControlFrame(text: string): ReturnType<FrameReader<ServiceControlFrame>> {
  controlReader ??= frameReader<ServiceControlFrame>(serviceControlFrameSchemas);
  return controlReader(text);
}

/** Reads a frame of the records socket; gives the frame, or what is wrong with its text. */
export function readServiceRecordsFrame(text: string): ReturnType<FrameReader<ServiceRecordsFrame>> {
  recordsReader ??= frameReader<ServiceRecordsFrame>(serviceRecordsFrameSchemas);
  return recordsReader(text);
}
