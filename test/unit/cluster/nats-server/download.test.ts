import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, systemClock } from '../../../../cluster/clock.ts';
import { download, type FetchLike } from '../../../../cluster/nats-server/download.ts';

const LIMITS = { connectTimeoutMs: 5_000, totalTimeoutMs: 120_000, bytesMax: 1_000 };
const realFetch: FetchLike = (url, init) => fetch(url, init);

let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** Lets promises and sockets settle between steps of a manual clock. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('downloading', () => {
  it('returns the bytes, over redirects', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end('moved');
      else response.end('content');
    });
    expect(Buffer.from(await download(realFetch, systemClock, `${url}/a`, LIMITS)).toString()).toBe('content');
  });

  it('gives up on a server that accepts but does not answer, when the connect time is over', async () => {
    const url = await serve(() => {});
    const clock = new ManualClock();
    const result = download(realFetch, clock, url, LIMITS);
    const refused = expect(result).rejects.toThrow(/127\.0\.0\.1:\d+ did not answer within 5 s/);
    await settle();
    clock.advance(5_000);
    await refused;
  });

  it('gives up on a body that never ends, when the total time is over and not before', async () => {
    const url = await serve((_request, response) => {
      response.write('a little');
    });
    const clock = new ManualClock();
    let settled = false;
    const result = download(realFetch, clock, url, LIMITS).finally(() => {
      settled = true;
    });
    const refused = expect(result).rejects.toThrow('not complete within 120 s');
    await settle();
    clock.advance(119_000);
    await settle();
    expect(settled).toBe(false);
    clock.advance(1_000);
    await refused;
  });

  it('refuses a body over the limit, announced or not', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 1_001);
      response.end(Buffer.alloc(1_001));
    });
    await expect(download(realFetch, systemClock, `${url}/announced`, LIMITS)).rejects.toThrow('larger than 1000');
    await expect(download(realFetch, systemClock, `${url}/chunked`, LIMITS)).rejects.toThrow('larger than 1000');
  });

  it('accepts a body of exactly the limit', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(1_000)));
    expect((await download(realFetch, systemClock, url, LIMITS)).byteLength).toBe(1_000);
  });

  it('says the status where it is not 200', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end());
    await expect(download(realFetch, systemClock, url, LIMITS)).rejects.toThrow('answered with status 404');
  });

  it('stops following a circle of redirects', async () => {
    const url = await serve((_request, response) => response.writeHead(302, { location: '/' }).end());
    await expect(download(realFetch, systemClock, url, LIMITS)).rejects.toThrow('more than 5 redirects');
  });

  it('never follows a redirect from https to http', async () => {
    const redirect: FetchLike = async () =>
      new Response(null, { status: 302, headers: { location: 'http://elsewhere.test/' } });
    await expect(download(redirect, systemClock, 'https://releases.test/', LIMITS)).rejects.toThrow('not encrypted');
  });

  it('says why a connection failed rather than "fetch failed"', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server?.close(resolve));
    await expect(download(realFetch, systemClock, url, LIMITS)).rejects.toThrow('ECONNREFUSED');
  });
});
