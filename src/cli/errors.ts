/** Error codes of the commands themselves. */
import type { ErrorCatalogue } from "../core/index.ts";

export const cliErrors = {
  NoPlatform: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "No platform runs on the named data folder.",
    remedy:
      "Start one with `./linkscope up` or `npm start`, or name its folder with --data or LINKSCOPE_DATA.",
  },
  DataFolderInUse: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "Another platform holds the data folder.",
    remedy: "Name another folder with --data or LINKSCOPE_DATA, or stop that platform.",
  },
  DataFolderUnusable: {
    status: 0,
    fault: "world",
    retry: false,
    means: "The data folder cannot be read or written, or is no folder.",
    remedy:
      "Give this user the right to read and write it, or name another with --data or LINKSCOPE_DATA.",
  },
  ProcessFailed: {
    status: 0,
    fault: "platform",
    retry: true,
    means: "One of the platform's processes did not start.",
    remedy: "Its own message stands above.",
  },
  LaboratoryMissing: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The published package has no laboratory cluster.",
    remedy: "Run the agent beside a cluster of yours, or take the source tree.",
  },
  WrongUse: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The options do not make sense together.",
    remedy: "The message says which are missing or too many; `--help` shows them all.",
  },
  EstateInvalid: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The estate file has mistakes.",
    remedy:
      "Each stands with its line and column; docs/formats/linkscope-yaml.md says what there is.",
  },
  CloudNotSupported: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The command changes this platform only, and no real subscription.",
    remedy: "Leave --cloud out, or name `platform`.",
  },
  ClusterWithoutNetwork: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The cluster's pools name no subnet, so nothing of it stands in a virtual network.",
    remedy: "Give the pool a subnet of your own network (vnetSubnetID).",
  },
  PortalUnanswered: {
    status: 0,
    fault: "world",
    retry: true,
    means: "The platform's portal, which knows the topology, gave no picture.",
    remedy: "The message says what it answered; try again once the platform is up.",
  },
  FileUnreadable: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "A file that a command was given cannot be read, or is too long.",
    remedy: "Check the path and the right to read it.",
  },
  NameNotFound: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "No resource of that type has this name or id.",
    remedy: "Check the name; `./linkscope show` lists what is there.",
  },
  NameNotUnique: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "Several resources of that type have this name.",
    remedy: "Give the whole resource id.",
  },
} as const satisfies ErrorCatalogue;
