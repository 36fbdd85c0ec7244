/** Microsoft.Network/networkInterfaces: the addresses of private endpoints. Made and removed with their endpoint. */
import { object } from "../../arm/index.ts";
import type { ResourceType } from "../../arm/index.ts";
import { typeNames } from "../type-names.ts";
import { networkVersions } from "./api-versions.ts";

export const networkInterfaces: ResourceType = {
  type: typeNames.networkInterfaces,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source: "learn.microsoft.com/azure/templates/microsoft.network/networkinterfaces",
  location: "regional",
  properties: object({}),
  putIs: "replace",
  methods: ["GET", "LIST"],
  writes: "sync",
};
