/** A real nats-server for one test file: started on a free port, restarted over the same data, stopped at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { connectNats, type NatsLink } from '../../cluster/nats/nats-link.ts';
import { type NatsServerProcess, startNatsServer } from '../../cluster/nats-server/launch.ts';
import { locateNatsServer } from '../../cluster/nats-server/locate.ts';
import { tryListen } from '../../cluster/nats-server/probe.ts';

export class NatsFixture {
  readonly dataDir: string;
  readonly port: number;
  readonly #path: string;
  readonly #maxPayloadBytes: number | undefined;
  #server: NatsServerProcess | null = null;
  #links: NatsLink[] = [];

  private constructor(path: string, dataDir: string, port: number, maxPayloadBytes: number | undefined) {
    this.#path = path;
    this.dataDir = dataDir;
    this.port = port;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  static async start(options: { maxPayloadBytes?: number } = {}): Promise<NatsFixture> {
    const { path } = await locateNatsServer({ clock: systemClock });
    const dataDir = await mkdtemp(join(tmpdir(), 'nats-fixture-'));
    const fixture = new NatsFixture(path, dataDir, await freePort(), options.maxPayloadBytes);
    await fixture.startServer();
    return fixture;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async startServer(): Promise<void> {
    const { dataDir, port } = this;
    const limits = this.#maxPayloadBytes === undefined ? {} : { maxPayloadBytes: this.#maxPayloadBytes };
    this.#server = await startNatsServer({ path: this.#path, port, dataDir, clock: systemClock, ...limits });
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = null;
  }

  async connect(name = 'test'): Promise<NatsLink> {
    const link = await connectNats({
      url: this.url,
      name,
      clock: systemClock,
      log: silentLog,
      connectTimeoutMs: 5_000,
    });
    this.#links.push(link);
    return link;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
    await this.stopServer();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const candidate = 20_001 + Math.floor(Math.random() * 12_000);
    if ((await tryListen('127.0.0.1', candidate)) === undefined) return candidate;
  }
  throw new Error('no free port');
}

/** Resolves once `condition` holds; rejects, naming `what`, when it does not within `timeoutMs`. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
