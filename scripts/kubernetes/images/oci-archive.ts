/** Container images without a registry or an engine: one layer in an OCI archive, for `ctr images import`. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

export type ImageEntry =
  | { readonly type: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'file'; readonly path: string; readonly source: string; readonly mode?: number };

export interface Image {
  readonly name: string;
  readonly entries: readonly ImageEntry[];
  /** The image configuration's `config` object (OCI image specification, config.md). */
  readonly config: Readonly<Record<string, unknown>>;
}

const mediaType = (kind: string): string => `application/vnd.oci.image.${kind}`;
const digestOf = (blob: Buffer): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`;
const describe = (kind: string, blob: Buffer) => ({ mediaType: mediaType(kind), digest: digestOf(blob), size: blob.length });
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export async function writeOciArchive(file: string, { name, entries, config }: Image): Promise<void> {
  const layer = await layerOf(entries);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
  const configuration = json({ architecture, os: 'linux', config, rootfs });
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaType('manifest.v1+json'),
    config: describe('config.v1+json', configuration),
    layers: [describe('layer.v1.tar', layer)],
  });
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const archive = pack();
  archive.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}');
  archive.entry(
    { name: 'index.json' },
    json({ schemaVersion: 2, manifests: [{ ...describe('manifest.v1+json', manifest), annotations }] }),
  );
  for (const blob of [layer, configuration, manifest]) archive.entry({ name: `blobs/${digestOf(blob).replace(':', '/')}` }, blob);
  archive.finalize();
  writeFileSync(file, await buffer(archive));
}

async function layerOf(entries: readonly ImageEntry[]): Promise<Buffer> {
  const layer = pack();
  for (const entry of entries) {
    if (entry.type === 'directory') layer.entry({ name: entry.path, type: 'directory', mode: entry.mode ?? 0o755 });
    else if (entry.type === 'link') layer.entry({ name: entry.path, type: 'symlink', linkname: entry.target });
    else layer.entry({ name: entry.path, mode: entry.mode ?? 0o755 }, readFileSync(entry.source));
  }
  layer.finalize();
  return buffer(layer);
}
