/** A free loopback port, chosen by the system. */
import { createServer } from 'node:net';

/** Another process may take it before it is used: callers retry or fail loudly. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string')
          reject(new Error('no port in the address of a TCP server'));
        else resolve(address.port);
      });
    });
  });
}
