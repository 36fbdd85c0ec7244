/** What a case says exists, by names. Plain data: the oracle reads this, and nothing of the rules. */

export type Access = "Enabled" | "Disabled" | "SecuredByPerimeter";
export type Mode = "Open" | "PrivateOnly";
export type ConnectionState = "Approved" | "Pending" | "Rejected" | "Disconnected";
export type EndpointDns = "linked" | "own" | "records" | "none";

export interface GivenVnet {
  readonly name: string;
  readonly prefix: string;
  /** Its DNS servers: names of firewalls and resolvers, or addresses; none is Azure's own. */
  readonly dns?: readonly string[];
}
export interface GivenPeering {
  /** The network whose side `access` is. */
  readonly name: string;
  readonly with: string;
  readonly access: boolean;
  /** Whether both sides take traffic that the other only forwards. */
  readonly forwarded: boolean;
  readonly state: "Connected" | "Initiated" | "Disconnected";
}
export interface GivenFirewall {
  readonly name: string;
  readonly vnet: string;
  /** Target FQDNs of an application rule that allows, and of one before it that denies. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Destinations of a network rule that allows. */
  readonly networks: readonly string[];
  readonly proxy: boolean;
  readonly servers: readonly string[];
}
export interface GivenRoute {
  /** The network; the route is of its clients' subnet, or of its firewall's. */
  readonly name: string;
  readonly of: "clients" | "firewall";
  readonly to: string;
  /** A firewall's name, an address, `Internet` or `None`. */
  readonly hop: string;
}
export interface GivenResolver {
  readonly name: string;
  readonly vnet: string;
}
export interface GivenForward {
  /** The domain, without its final dot; `.` is every name. */
  readonly name: string;
  readonly networks: readonly string[];
  /** A firewall's or resolver's name, or an address. */
  readonly to: string;
  /** The resolver whose outbound endpoint sends. */
  readonly by: string;
}
export interface GivenDce {
  readonly name: string;
  readonly region: string;
  readonly public: Access;
}
export type GivenWorkspace = GivenDce;
/** A Log Analytics workspace. */
export interface GivenLaw {
  readonly name: string;
  readonly region: string;
  readonly ingestion: Access;
  readonly query: Access;
}
export interface GivenScope {
  readonly name: string;
  readonly links: readonly string[];
  readonly ingestion: Mode;
  readonly query: Mode;
  /** Endpoints whose connections have a query mode of their own. */
  readonly exclusions?: readonly { readonly endpoint: string; readonly query: Mode }[];
}
export interface GivenCluster {
  readonly name: string;
  readonly configuration: string | undefined;
}
export interface GivenEndpoint {
  readonly name: string;
  readonly vnet: string;
  readonly to: string;
  readonly state: ConnectionState;
  readonly dns: EndpointDns;
}
export interface GivenZone {
  readonly name: string;
  readonly links: readonly string[];
  readonly policy: "Default" | "NxDomainRedirect";
}
export interface GivenRecord {
  readonly name: string;
  readonly address: string;
}

export interface Given {
  readonly vnets: readonly GivenVnet[];
  readonly dces: readonly GivenDce[];
  readonly workspaces: readonly GivenWorkspace[];
  readonly laws?: readonly GivenLaw[];
  readonly scopes: readonly GivenScope[];
  readonly clusters: readonly GivenCluster[];
  readonly endpoints: readonly GivenEndpoint[];
  readonly zones: readonly GivenZone[];
  readonly records: readonly GivenRecord[];
  readonly peerings: readonly GivenPeering[];
  readonly firewalls: readonly GivenFirewall[];
  readonly routes: readonly GivenRoute[];
  readonly resolvers: readonly GivenResolver[];
  readonly forwards: readonly GivenForward[];
}

/** Where the asker stands. */
export type Where =
  | { readonly kind: "public" }
  | { readonly kind: "vnet"; readonly vnet: string }
  | { readonly kind: "through"; readonly endpoint: string };

export type Ask =
  | { readonly ask: "ingest"; readonly from: Where; readonly to: string }
  | { readonly ask: "query"; readonly from: Where; readonly to: string }
  | {
      /** Records to ODS; a query at the query host; a query through ARM; records to the logs host of a DCE. */
      readonly ask: "send" | "logs" | "arm-logs" | "write-logs";
      readonly from: Where;
      readonly to: string;
    }
  | {
      readonly ask: "configuration";
      readonly cluster: string;
      readonly from: Where;
      /** `global` or a DCE's name. */
      readonly at: string;
    }
  | {
      readonly ask: "resolve";
      /** May hold `{metrics:DCE}` and the like. */
      readonly name: string;
      readonly recordType: string;
      readonly from: Where;
    };

export interface Answer {
  readonly outcome: string;
  readonly detail?: string | undefined;
  /** The rule ids, first to last; absent where an implementation cannot tell. */
  readonly rules?: readonly string[];
}

export interface LinkCase {
  readonly name: string;
  readonly file: string;
  readonly given: Given;
  readonly asks: readonly {
    readonly line: number;
    readonly ask: Ask;
    readonly expect: Answer & { readonly rules: readonly string[] };
  }[];
}

export const nothingGiven: Given = {
  vnets: [],
  dces: [],
  workspaces: [],
  scopes: [],
  clusters: [],
  endpoints: [],
  zones: [],
  records: [],
  peerings: [],
  firewalls: [],
  routes: [],
  resolvers: [],
  forwards: [],
};
