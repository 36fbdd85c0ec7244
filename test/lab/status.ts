/** Status objects: what a Kubernetes API server answers instead of an object. */

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** A request that ends with a Status; thrown anywhere below the one place that writes it. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

interface Named {
  readonly group: string;
  readonly plural: string;
}

/** How messages name a resource type: `deployments.apps`, `pods`. */
export const qualified = ({ group, plural }: Named): string =>
  group === "" ? plural : `${plural}.${group}`;

export const notFound = (type: Named, name: string): StatusError =>
  new StatusError(404, "NotFound", `${qualified(type)} "${name}" not found`, {
    name,
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
  });

/** What the server says of a path that it has not. */
export const noSuchPath = (): StatusError =>
  new StatusError(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (type: Named, name: string): StatusError =>
  new StatusError(409, "AlreadyExists", `${qualified(type)} "${name}" already exists`, {
    name,
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
  });

export const conflict = (type: Named, name: string, why: string): StatusError =>
  new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
    { name, ...(type.group === "" ? {} : { group: type.group }), kind: type.plural },
  );

export const badRequest = (message: string): StatusError =>
  new StatusError(400, "BadRequest", message);

export const invalid = (
  { kind, group }: { readonly kind: string; readonly group: string },
  name: string,
  causes: readonly StatusCause[],
): StatusError =>
  new StatusError(
    422,
    "Invalid",
    `${kind}${group === "" ? "" : `.${group}`} "${name}" is invalid: ${causes.map(({ field, message }) => `${field}: ${message}`).join(", ")}`,
    { name, ...(group === "" ? {} : { group }), kind, causes },
  );

/** The answer to a version that the log has compacted away. */
export const expired = (asked: number, oldest: number): StatusError =>
  new StatusError(410, "Expired", `too old resource version: ${asked} (${oldest})`);

/** What the lab leaves out, by name. */
export const notInLab = (what: string): StatusError =>
  new StatusError(501, "NotImplemented", `The lab's API server does not serve ${what}.`);
