import type { GroupResource, ServicePrincipalResource, UserResource } from "../../src/contract/api/principal.ts";
import type { View } from "../output/print.ts";
import { principalView, userView } from "../views/principal-view.ts";

/** A kind of principal as commands name it. */
export interface PrincipalNoun<Resource> {
  /** As in the names of commands. */
  name: string;
  /** As in sentences. */
  spoken: string;
  path: string;
  view: View<Resource>;
  example: string;
}

export const userNoun: PrincipalNoun<UserResource> = {
  name: "user",
  spoken: "user",
  path: "/api/users",
  view: userView,
  example: "ada",
};

export const groupNoun: PrincipalNoun<GroupResource> = {
  name: "group",
  spoken: "group",
  path: "/api/groups",
  view: principalView,
  example: "operators",
};

export const servicePrincipalNoun: PrincipalNoun<ServicePrincipalResource> = {
  name: "service-principal",
  spoken: "service principal",
  path: "/api/service-principals",
  view: principalView,
  example: "monitoring",
};
