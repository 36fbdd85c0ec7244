/**
 * Microsoft's Kusto parser, as little of it as is used here. It comes as a script that makes globals, and costs a
 * second and 150 MB to load: only `kql-worker.ts` and tests import this.
 *
 * @see github.com/microsoft/Kusto-Query-Language
 */
import { createRequire } from "node:module";
import type { LogTable } from "../core/index.ts";

/** A node of Kusto's tree: its fields are read by the functions of `kusto-node.ts`. */
export type KustoNode = Readonly<Record<string, unknown>> & {
  readonly Kind: number;
  readonly TextStart: number;
  readonly Width: number;
  ToString(trivia: number): string;
};

/** A list of .NET's, as the bridge gives it. */
export interface KustoList<T> {
  readonly Count: number;
  getItem(index: number): T;
}

export interface KustoDiagnostic {
  readonly Code: string;
  readonly Severity: string;
  readonly Message: string;
  readonly Start: number;
  readonly Length: number;
}

export interface KustoCode {
  readonly Syntax: KustoNode;
  GetDiagnostics(): KustoList<KustoDiagnostic>;
  GetSyntaxDiagnostics(): KustoList<KustoDiagnostic>;
}

interface TableSymbol {
  WithName(name: string): TableSymbol;
}

/** The schema that names are looked up in. */
export interface KustoSchema {
  readonly WithDatabase: unknown;
}

interface KustoLanguage {
  readonly Symbols: {
    readonly TableSymbol: { From(columns: string): TableSymbol };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, tables: TableSymbol[]) => object };
  };
  readonly GlobalState: { readonly Default: { WithDatabase(database: object): KustoSchema } };
  readonly KustoCode: { ParseAndAnalyze(text: string, schema: KustoSchema): KustoCode };
  readonly Syntax: { readonly SyntaxKind: object };
}

interface KustoGlobals {
  readonly Bridge: { getTypeName(of: object): string };
  readonly System: { readonly Enum: { toString(type: object, value: number): string } };
  readonly Kusto: { readonly Language: KustoLanguage };
}

export interface KustoLibrary {
  schemaOf(tables: readonly LogTable[]): KustoSchema;
  analyze(text: string, schema: KustoSchema): KustoCode;
  /** The name of a node's kind: `FilterOperator`. */
  kindOf(node: KustoNode): string;
  /** The class of a symbol: `ColumnSymbol`. */
  classOf(symbol: object): string;
}

let loaded: KustoLibrary | undefined;

/** The library; loaded at the first call, which blocks for a quarter of a second. */
export function loadKusto(): KustoLibrary {
  loaded ??= openLibrary();
  return loaded;
}

function openLibrary(): KustoLibrary {
  const require = createRequire(import.meta.url);
  for (const script of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
    require(`@kusto/language-service-next/${script}`);
  }
  const { Bridge, System, Kusto } = globalThis as unknown as KustoGlobals;
  const { Symbols, GlobalState, KustoCode, Syntax } = Kusto.Language;
  const kinds = new Map<number, string>();
  return {
    schemaOf(tables) {
      const symbols = tables.map((table) => {
        const columns = table.columns.map(({ name, type }) => `${bracketed(name)}: ${type}`);
        return Symbols.TableSymbol.From(`(${columns.join(", ")})`).WithName(table.name);
      });
      return GlobalState.Default.WithDatabase(
        new Symbols.DatabaseSymbol.ctor("workspace", symbols),
      );
    },
    analyze: (text, schema) => KustoCode.ParseAndAnalyze(text, schema),
    kindOf(node) {
      const known = kinds.get(node.Kind);
      if (known !== undefined) return known;
      const kind = System.Enum.toString(Syntax.SyntaxKind, node.Kind);
      kinds.set(node.Kind, kind);
      return kind;
    },
    classOf: (symbol) => Bridge.getTypeName(symbol).split(".").at(-1) ?? "",
  };
}

/** A column's name as KQL writes any name. Names come from declared tables, whose rule allows letters, digits and `_`. */
const bracketed = (name: string): string => `['${name.replace(/[\\']/g, "\\$&")}']`;
