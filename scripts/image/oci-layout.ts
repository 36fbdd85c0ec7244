/** An OCI image layout: blobs by their digest, the image's configuration, its manifest and the index. */
import { createHash, randomUUID } from "node:crypto";
import type { Hash } from "node:crypto";
import { createWriteStream, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

export interface Layer {
  readonly digest: string;
  readonly size: number;
  /** The digest of the tar archive before it was compressed. */
  readonly diffId: string;
  readonly says: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const blobsOf = (folder: string): string => join(folder, "blobs/sha256");

/** Compresses a tar archive into a layer's blob. @param level of gzip, 1 to 9. */
export async function writeLayer(
  folder: string,
  layer: { readonly says: string; readonly tar: AsyncIterable<Buffer>; readonly level: number },
): Promise<Layer> {
  mkdirSync(blobsOf(folder), { recursive: true });
  const plain = createHash("sha256");
  const packed = createHash("sha256");
  const path = join(blobsOf(folder), `.${randomUUID()}`);
  await pipeline(
    hashed(layer.tar, plain),
    createGzip({ level: layer.level }),
    (compressed: AsyncIterable<Buffer>) => hashed(compressed, packed),
    createWriteStream(path),
  );
  const digest = packed.digest("hex");
  const { size } = statSync(path);
  renameSync(path, join(blobsOf(folder), digest));
  return {
    digest: `sha256:${digest}`,
    size,
    diffId: `sha256:${plain.digest("hex")}`,
    says: layer.says,
  };
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

export interface ImageConfig {
  readonly architecture: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly workingFolder: string;
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `name:tag`. */
  readonly reference: string;
}

/** Writes configuration, manifest, index and `oci-layout`. @see github.com/opencontainers/image-spec v1.1 */
export function writeImage(
  folder: string,
  layers: readonly Layer[],
  image: ImageConfig,
): Descriptor {
  const config = writeJson(folder, "application/vnd.oci.image.config.v1+json", {
    // No moment of making: the same contents are the same image.
    created: "1970-01-01T00:00:00Z",
    architecture: image.architecture,
    os: "linux",
    config: {
      User: image.user,
      Env: image.environment,
      Entrypoint: image.entrypoint,
      WorkingDir: image.workingFolder,
      Labels: image.labels,
      StopSignal: "SIGTERM",
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ says }) => ({ created: "1970-01-01T00:00:00Z", created_by: says })),
  });
  const manifest = writeJson(folder, "application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest,
      size,
    })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...manifest,
        platform: { architecture: image.architecture, os: "linux" },
        annotations: {
          "org.opencontainers.image.ref.name": image.reference.split(":").at(-1) ?? "",
          "io.containerd.image.name": image.reference,
        },
      },
    ],
  };
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return manifest;
}

function writeJson(folder: string, mediaType: string, value: unknown): Descriptor {
  const text = JSON.stringify(value);
  const digest = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(blobsOf(folder), digest), text);
  return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}
