/** Quantities of Kubernetes as numbers. @see kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */

const units: ReadonlyMap<string, number> = new Map([
  ["n", 1e-9],
  ["u", 1e-6],
  ["m", 1e-3],
  ["", 1],
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["P", 1e15],
  ["E", 1e18],
  ["Ki", 2 ** 10],
  ["Mi", 2 ** 20],
  ["Gi", 2 ** 30],
  ["Ti", 2 ** 40],
  ["Pi", 2 ** 50],
  ["Ei", 2 ** 60],
]);

const pattern = /^([+-]?\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,3})?)([a-zA-Z]{0,2})$/;

/** The value of a quantity: `500m` is 0.5, `64Mi` is 67108864; undefined for what is none. */
export function quantityOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  const [, number = "", unit = ""] = pattern.exec(typeof value === "string" ? value : "") ?? [];
  const factor = units.get(unit);
  return number === "" || factor === undefined ? undefined : Number(number) * factor;
}

/** A quantity of processors in billionths of a core, as the agent of Azure counts them. */
export function nanoCoresOf(value: unknown): number | undefined {
  const cores = quantityOf(value);
  return cores === undefined ? undefined : Math.round(cores * 1e9);
}

/** A quantity of memory or storage in whole bytes. */
export function bytesOf(value: unknown): number | undefined {
  const bytes = quantityOf(value);
  return bytes === undefined ? undefined : Math.round(bytes);
}
