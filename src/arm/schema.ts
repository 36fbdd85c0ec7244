/** The words in which a resource type declares its properties. `parse` reads a body by them and reports every problem. */
import type { Json } from "./json.ts";

/**
 * One property's declaration.
 * - `readOnly`: accepted in a PUT and set aside, as ARM does when a GET's body is put back.
 * - `stored`: kept and returned as given, without effect on the platform; listed as such in docs/compatibility.md.
 */
export type Schema =
  | {
      readonly kind: "string";
      readonly default?: string;
      readonly pattern?: RegExp;
      readonly says?: string;
      readonly charsMax?: number;
      readonly required?: boolean;
    }
  | { readonly kind: "boolean"; readonly default?: boolean; readonly required?: boolean }
  | {
      readonly kind: "number";
      readonly integer: boolean;
      readonly default?: number;
      readonly min?: number;
      readonly max?: number;
      readonly required?: boolean;
    }
  | {
      readonly kind: "oneOf";
      readonly values: readonly string[];
      readonly default?: string;
      readonly refused: Readonly<Record<string, string>>;
      readonly required?: boolean;
    }
  | { readonly kind: "id"; readonly types?: readonly string[]; readonly required?: boolean }
  | {
      readonly kind: "list";
      readonly of: Schema;
      readonly countMax: number;
      readonly countMin: number;
      readonly default?: readonly Json[];
      readonly required?: boolean;
    }
  | { readonly kind: "map"; readonly of: Schema; readonly required?: boolean }
  | ObjectSchema
  | { readonly kind: "readOnly"; readonly required?: boolean }
  | { readonly kind: "stored"; readonly bytesMax: number; readonly required?: boolean }
  | { readonly kind: "refused"; readonly says: string; readonly required?: boolean };

export interface ObjectSchema {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Schema>>;
  readonly required?: boolean;
}

export const object = (fields: Readonly<Record<string, Schema>>): ObjectSchema => ({
  kind: "object",
  fields,
});
export const string = (
  options: {
    readonly default?: string;
    readonly pattern?: RegExp;
    readonly says?: string;
    readonly charsMax?: number;
  } = {},
): Schema => ({ kind: "string", ...options });
export const boolean = (fallback?: boolean): Schema =>
  fallback === undefined ? { kind: "boolean" } : { kind: "boolean", default: fallback };
export const integer = (
  options: { readonly default?: number; readonly min?: number; readonly max?: number } = {},
): Schema => ({ kind: "number", integer: true, ...options });
export const number = (
  options: { readonly default?: number; readonly min?: number; readonly max?: number } = {},
): Schema => ({ kind: "number", integer: false, ...options });
/** A closed set, compared without case and stored in the declared spelling. `refused` names values of Azure that are not emulated, with the reason. */
export const oneOf = (
  values: readonly string[],
  options: { readonly default?: string; readonly refused?: Readonly<Record<string, string>> } = {},
): Schema => ({
  kind: "oneOf",
  values,
  refused: options.refused ?? {},
  ...(options.default === undefined ? {} : { default: options.default }),
});
/** A resource id, of one of `types` where given. */
export const id = (...types: readonly string[]): Schema =>
  types.length === 0 ? { kind: "id" } : { kind: "id", types };
export const list = (
  of: Schema,
  options: {
    readonly countMax?: number;
    readonly countMin?: number;
    readonly default?: readonly Json[];
  } = {},
): Schema => ({
  kind: "list",
  of,
  countMax: options.countMax ?? 1000,
  countMin: options.countMin ?? 0,
  ...(options.default === undefined ? {} : { default: options.default }),
});
export const map = (of: Schema): Schema => ({ kind: "map", of });
export const readOnly = (): Schema => ({ kind: "readOnly" });
export const stored = (bytesMax = 64 * 1024): Schema => ({ kind: "stored", bytesMax });
/** Azure has it, the platform does not emulate it: a request that carries it (and not null) is refused with this sentence. */
export const refused = (says: string): Schema => ({ kind: "refused", says });
export const required = <S extends Schema>(schema: S): S => ({ ...schema, required: true });

/** One thing that a body does wrong. */
export interface SchemaProblem {
  readonly target: string;
  readonly message: string;
  /** `refused` where Azure takes it and the platform does not. */
  readonly kind: "invalid" | "refused";
}
