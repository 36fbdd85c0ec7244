/** The configuration of Container insights as the platform writes it for high scale. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { highScaleStream } from "../azure/index.ts";
import { readLogsConfiguration } from "./logs-configuration.ts";
import type { LogsConfiguration } from "./logs-configuration.ts";

const where = { base: "https://h.example", peer: { address: undefined, certificate: undefined } };
const ods = { id: "ods-1", protocol: "ods", endpoint: "https://1.ods.opinsights.azure.com" };
const gig = {
  id: "gigl-dce-1",
  protocol: "gig",
  endpointUriTemplate: "https://d.eastus-1.ingest.monitor.azure.com/streams/<STREAM>",
};

const read = (sendToChannels: readonly string[]): LogsConfiguration | undefined =>
  readLogsConfiguration(
    {
      configurations: [
        {
          configurationId: "dcr-1",
          content: {
            channels: [ods, gig],
            dataSources: [
              {
                kind: "extension",
                configuration: { extensionName: "ContainerInsights" },
                streams: [{ stream: "CONTAINERINSIGHTS_CONTAINERLOGV2" }],
                sendToChannels,
              },
            ],
            extensionConfigurations: { ContainerInsights: [{ outputStreams: {} }] },
          },
        },
      ],
    },
    where as Parameters<typeof readLogsConfiguration>[1],
  );

test("container logs whose source sends to a gig channel are high-scale ones", () => {
  assert.ok(read(["gigl-dce-1"])?.streams.has(highScaleStream));
  assert.ok(!read(["ods-1"])?.streams.has(highScaleStream));
});
