import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type { AssetRequestFrame } from "../../src/contract/link/control-frames.ts";
import { assetsProtocolVersion } from "../../src/contract/link/control-frames.ts";
import { ServiceRequests } from "../link/service-requests.ts";

/** After this long without an answer a script is told so, in milliseconds. */
const patience = 120_000;

/** What scripts ask of the service's assets, over the control link. @param send drops a frame while there is no link */
export function assetRequests(send: (frame: AssetRequestFrame) => void): ServiceRequests<AssetRequest, AssetAnswer> {
  return new ServiceRequests({
    send: (requestId, attempt, request) => send({ type: "asset-request", requestId, ...attempt, request }),
    protocol: assetsProtocolVersion,
    patience,
    nobodyWaits: unavailable("The job is over."),
    notAnswered: unavailable("The service did not answer. Its log may say why; try again."),
    serviceTooOld: unavailable("The service is of a version that has no assets yet: upgrade it."),
  });
}

function unavailable(message: string): AssetAnswer {
  return { error: { code: "asset-unavailable", message } };
}
