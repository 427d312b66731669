/**
 * Direct links between processes of one machine: Unix domain sockets that carry the same envelopes as NATS does between
 * machines, at a third of the time a hop. Optional by nature: where there is no link, or it breaks, the transport uses
 * NATS. A link that breaks is also the first sign that its process has died.
 *
 *     frame   u32 length, little-endian · envelope
 */
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '../clock.ts';
import type { Log } from '../log.ts';
import { randomHex } from '../random.ts';

export const FRAME_HEADER_BYTES = 4;

export type LocalLinksOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** Larger frames end the link that they came in by. */
  readonly frameBytesMax: number;
  /** Bytes waiting in one link; the transport goes by NATS above this. */
  readonly bufferedBytesMax: number;
  readonly onEnvelope: (bytes: Uint8Array) => void;
  /** A link that had been open broke. */
  readonly onLost: (node: string) => void;
};

export type LocalPeer = { readonly node: string; readonly endpoint: string };

type Link = { readonly endpoint: string; socket: Socket | null; open: boolean; retry: TimerHandle | null };

const RETRY_MS = 500;
/** sun_path holds 108 bytes on Linux, 104 on macOS. */
const PATH_BYTES_MAX = 100;

export class LocalLinks {
  readonly #options: LocalLinksOptions;
  readonly #links = new Map<string, Link>();
  readonly #incoming = new Set<Socket>();
  #server: Server | null = null;
  #endpoint = '';
  #machine = '';
  #path = '';
  #closed = false;

  constructor(options: LocalLinksOptions) {
    this.#options = options;
  }

  /** What others need to connect, for heartbeats; empty where there are no links. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** Listens. Never rejects: a machine where that fails has no links. */
  async listen(): Promise<void> {
    if (process.platform === 'win32') return;
    try {
      const directory = await privateDirectory();
      await sweep(directory);
      this.#path = join(directory, `${process.pid}-${randomHex(4)}.sock`);
      if (Buffer.byteLength(this.#path) > PATH_BYTES_MAX) throw new Error(`socket path ${this.#path} is too long`);
      this.#machine = await machineId();
      const server = createServer((socket) => this.#accept(socket));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.#path, resolve);
      });
      server.on('error', (error) => this.#options.log.warn({ err: error }, 'local links: listening failed'));
      this.#server = server;
      this.#endpoint = `${this.#machine}:${this.#path}`;
    } catch (thrown) {
      this.#options.log.info({ err: thrown }, 'no local links; everything goes by NATS');
    }
  }

  /** The processes there are now: connects to new ones of this machine, lets go of those that left. */
  setPeers(peers: readonly LocalPeer[]): void {
    if (this.#endpoint === '' || this.#closed) return;
    const present = new Set<string>();
    for (const { node, endpoint } of peers) {
      if (endpoint === this.#endpoint || !endpoint.startsWith(`${this.#machine}:`)) continue;
      present.add(node);
      if (this.#links.has(node)) continue;
      const link: Link = { endpoint, socket: null, open: false, retry: null };
      this.#links.set(node, link);
      this.#connect(node, link);
    }
    for (const [node, link] of this.#links) if (!present.has(node)) this.#drop(node, link);
  }

  /** Whether the process is there, however busy: the kernel keeps its end of the link open until it ends. */
  isOpen(node: string): boolean {
    return this.#links.get(node)?.open === true;
  }

  /** True when handed to an open link. `frame`: header and envelope, not to be changed afterwards. */
  send(node: string, frame: Uint8Array): boolean {
    const link = this.#links.get(node);
    if (link === undefined || !link.open) return false;
    const socket = link.socket!;
    if (socket.writableLength > this.#options.bufferedBytesMax) return false;
    socket.write(frame);
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endpoint = '';
    for (const [node, link] of [...this.#links]) this.#drop(node, link);
    for (const socket of this.#incoming) socket.destroy();
    const server = this.#server;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #connect(node: string, link: Link): void {
    const socket = connect(link.endpoint.slice(this.#machine.length + 1));
    link.socket = socket;
    socket.on('connect', () => {
      link.open = true;
    });
    socket.on('error', (error) => this.#options.log.debug({ err: error, node }, 'local link'));
    socket.on('close', () => {
      const wasOpen = link.open;
      link.open = false;
      if (this.#closed || this.#links.get(node) !== link) return;
      // It may be the link alone; whether the process lives is for the heartbeats to say.
      link.retry = this.#options.clock.after(RETRY_MS, () => this.#connect(node, link));
      if (wasOpen) this.#options.onLost(node);
    });
    // Nothing is read from this side, but an unread end of stream would go unnoticed.
    socket.resume();
  }

  #drop(node: string, link: Link): void {
    this.#links.delete(node);
    link.retry?.cancel();
    link.open = false;
    // What has been written still goes out; a process that is gone does not keep us waiting for it.
    link.socket?.end();
    link.socket?.unref();
  }

  #accept(socket: Socket): void {
    this.#incoming.add(socket);
    socket.on('close', () => this.#incoming.delete(socket));
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'local link'));
    const frames = new FrameReader(this.#options.frameBytesMax, this.#options.onEnvelope);
    socket.on('data', (chunk) => {
      if (frames.read(chunk as Buffer)) return;
      this.#options.log.warn({}, 'local link closed: a frame is larger than allowed');
      socket.destroy();
    });
  }
}

/** Cuts a byte stream into frames. Pure but for the callback. */
export class FrameReader {
  readonly #bytesMax: number;
  readonly #onFrame: (bytes: Uint8Array) => void;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes needed before anything can be done with what is held. */
  #needed = FRAME_HEADER_BYTES;

  constructor(bytesMax: number, onFrame: (bytes: Uint8Array) => void) {
    this.#bytesMax = bytesMax;
    this.#onFrame = onFrame;
  }

  /** False for a frame larger than allowed: the stream cannot be followed any further. */
  read(chunk: Buffer): boolean {
    let bytes = chunk;
    if (this.#held > 0) {
      this.#parts.push(chunk);
      this.#held += chunk.byteLength;
      if (this.#held < this.#needed) return true;
      bytes = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#held = 0;
    }
    let offset = 0;
    while (bytes.byteLength - offset >= FRAME_HEADER_BYTES) {
      const length = bytes.readUInt32LE(offset);
      if (length > this.#bytesMax) return false;
      const end = offset + FRAME_HEADER_BYTES + length;
      if (end > bytes.byteLength) {
        this.#hold(bytes, offset, FRAME_HEADER_BYTES + length);
        return true;
      }
      this.#onFrame(bytes.subarray(offset + FRAME_HEADER_BYTES, end));
      offset = end;
    }
    if (offset < bytes.byteLength) this.#hold(bytes, offset, FRAME_HEADER_BYTES);
    return true;
  }

  #hold(bytes: Buffer, from: number, needed: number): void {
    this.#parts = [bytes.subarray(from)];
    this.#held = bytes.byteLength - from;
    this.#needed = needed;
  }
}

/** A directory that nobody else can enter: whoever reaches a socket in it is trusted as a process of the cluster. */
async function privateDirectory(): Promise<string> {
  const { uid } = userInfo();
  const directory = join(tmpdir(), `dovetail-${uid}`);
  await mkdir(directory, { mode: 0o700, recursive: true });
  const entry = await stat(directory);
  if (entry.uid !== uid || (entry.mode & 0o077) !== 0) throw new Error(`${directory} is not private to this user`);
  return directory;
}

/** Sockets of processes that ended without cleaning up. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = /^(\d+)-[0-9a-f]+\.sock$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await unlink(join(directory, name)).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The same for all processes that could share a socket: the boot on Linux, the host's name elsewhere. */
async function machineId(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return boot.trim() === '' ? hostname().replaceAll(':', '-') : boot.trim();
}
