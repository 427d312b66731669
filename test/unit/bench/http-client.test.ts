import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeAnswer, encodeGet, encodePost, HttpClient } from '../../../bench/http-client.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(handler: Parameters<typeof createServer>[1]): Promise<number> {
  server = createServer(handler as never);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('HTTP client', () => {
  it('gives each caller its own answer over a few connections, whatever order they come in', async () => {
    const port = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const text = `echo ${body} é`;
        setTimeout(() => response.setHeader('content-length', Buffer.byteLength(text)).end(text), Number(body) % 7);
      });
    });
    const client = await HttpClient.open('127.0.0.1', port, 3);
    const ids = Array.from({ length: 40 }, (_, index) => index);
    const answers = await Promise.all(ids.map((id) => client.post(encodePost('127.0.0.1', port, '/', String(id)))));
    expect(answers.map((answer) => answer.body.toString())).toEqual(ids.map((id) => `echo ${id} é`));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    client.close();
  });

  it('asks by GET too', async () => {
    const port = await listen((request, response) => {
      const text = `${request.method} ${request.url}`;
      response.setHeader('content-length', Buffer.byteLength(text)).end(text);
    });
    const client = await HttpClient.open('127.0.0.1', port, 1);
    const answer = await client.post(encodeGet('127.0.0.1', port, '/v2/health/live'));
    expect(answer.body.toString()).toBe('GET /v2/health/live');
    client.close();
  });

  it('rejects the request under way and later ones when the server hangs up', async () => {
    const port = await listen((request) => request.socket.destroy());
    const client = await HttpClient.open('127.0.0.1', port, 1);
    const request = encodePost('127.0.0.1', port, '/', '{}');
    await expect(client.post(request)).rejects.toThrow(/closed|ECONNRESET/);
    client.close();
  });

  it('reads an answer cut anywhere exactly once it is whole', () => {
    const whole = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX: y\r\n\r\nhello');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (cut) => {
        const answer = decodeAnswer(whole.subarray(0, cut));
        if (cut < whole.length) expect(answer).toBeNull();
        else expect({ status: answer?.status, body: answer?.body.toString() }).toEqual({ status: 404, body: 'hello' });
      }),
    );
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'Content-Length'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab', 'bytes after'],
    ['SSH-2.0-x\r\n\r\n', 'not an HTTP/1.1 answer'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n', 'up to 1 MiB'],
  ])('refuses %j', (text, message) => {
    expect(() => decodeAnswer(Buffer.from(text))).toThrow(message);
  });
});
