/**
 * The one official nats-server release that Dovetail may download, with the SHA-256 of each platform's archive.
 *
 * To move to another release, change the version and every sum together, from the release's own SHA256SUMS file.
 * The Linux sums below are also those that the official Docker image of the same version was built with. A platform
 * without a sum here is never downloaded for.
 */
import type { NatsServerVersion } from './version.ts';

export const RELEASE_VERSION: NatsServerVersion = [2, 11, 9];

export const RELEASE_BASE_URL = 'https://github.com/nats-io/nats-server/releases/download';

/** The archives are 6 to 7 MB; anything over this is not one of them. */
export const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;

/** By Go's names for system and processor, as the archives are named. */
const ARCHIVE_SHA256: Readonly<Record<string, string>> = {
  'linux-amd64': '3eef83faa048d3879937a6871f59ae5d9c3bbf5900905b7a9ff996a894d755ab',
  'linux-arm64': '47d7e652eb761d771bc42df04924aae0acf4e026d30ea98faa9bab216cc2e742',
  'darwin-amd64': '6b46d52e327ea0c177cf64d7afb9159031972adfef961ce0bef24eaf2a6754fd',
  'darwin-arm64': '600b5cdca8cfe634881b53c782b5f6384500a3ffcb10cc83d02a6239f788d48c',
};

const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export type ReleaseArchive = {
  /** Name of the archive and of the folder in it: "nats-server-v2.11.9-linux-amd64". */
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Path under the base URL. */
  readonly urlPath: string;
  /** Path of the binary inside the archive. */
  readonly member: string;
};

/** Undefined where no sum is pinned. `platform` and `arch` are Node's `process.platform` and `process.arch`. */
export function releaseArchive(platform: string, arch: string): ReleaseArchive | undefined {
  const target = `${platform}-${GO_ARCH[arch] ?? arch}`;
  const sha256 = ARCHIVE_SHA256[target];
  if (sha256 === undefined) return undefined;
  const tag = `v${RELEASE_VERSION.join('.')}`;
  const name = `nats-server-${tag}-${target}`;
  return { name, sha256, urlPath: `${tag}/${name}.tar.gz`, member: `${name}/nats-server` };
}
