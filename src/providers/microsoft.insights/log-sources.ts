/** What a data collection rule says of logs: the extension ContainerInsights, syslog, and streams of its own. */
import { limits } from "../../core/index.ts";
import { boolean, list, map, object, oneOf, refused, required, string } from "../../arm/index.ts";

const entryName = () => string({ charsMax: 128 });
const streams = () => list(entryName(), { countMin: 1, countMax: 100 });

/** @see microsoft/Docker-Provider scripts/onboarding/aks, dataCollectionSettings; az aks enable-addons --data-collection-settings */
export const extensionSource = object({
  name: required(entryName()),
  streams: required(streams()),
  extensionName: required(string({ charsMax: 128 })),
  extensionSettings: object({
    dataCollectionSettings: object({
      interval: string({ charsMax: 16 }),
      namespaceFilteringMode: oneOf(["Off", "Include", "Exclude"]),
      namespaces: list(string({ charsMax: 63 }), { countMax: limits.filteredNamespacesMax }),
      enableContainerLogV2: boolean(),
      // The CLI passes its settings file on whole; the streams that count are the source's own.
      streams: list(entryName(), { countMax: 100 }),
    }),
  }),
  inputDataSources: refused("extensions have no data sources of their own here."),
});

const facilities: readonly string[] = [
  "*",
  ..."alert audit auth authpriv clock cron daemon ftp kern lpr mail mark news nopri ntp syslog user uucp".split(
    " ",
  ),
  ...Array.from({ length: 8 }, (_, index) => `local${index}`),
];
const levels: readonly string[] =
  "* Debug Info Notice Warning Error Critical Alert Emergency".split(" ");

/** @see azure-rest-api-specs dataCollection.json, SyslogDataSource */
export const syslogSource = object({
  name: required(entryName()),
  streams: required(streams()),
  facilityNames: required(
    list(oneOf(facilities), { countMin: 1, countMax: limits.syslogFacilitiesMax }),
  ),
  logLevels: list(oneOf(levels), { countMax: levels.length }),
  transformKql: refused("a transformation belongs to a data flow."),
});

/** @see azure-rest-api-specs dataCollection.json, ColumnDefinition */
export const streamDeclarations = map(
  object({
    columns: required(
      list(
        object({
          name: required(string({ charsMax: 128 })),
          type: required(
            oneOf(["string", "int", "long", "real", "boolean", "datetime", "dynamic"]),
          ),
        }),
        { countMin: 1, countMax: limits.columnsPerTableMax },
      ),
    ),
  }),
);
