/** Links between processes of one machine over real sockets: when one counts as open, and when no longer. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { LocalLinks } from '../../cluster/transport/local-links.ts';
import { eventually } from '../support/nats-fixture.ts';

const open: LocalLinks[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((links) => links.close()));
});

async function listening(lost: string[] = []): Promise<LocalLinks> {
  const links = new LocalLinks({
    clock: systemClock,
    log: silentLog,
    frameBytesMax: 1_024,
    bufferedBytesMax: 65_536,
    onEnvelope: () => {},
    onLost: (node) => lost.push(node),
  });
  await links.listen();
  open.push(links);
  return links;
}

describe('a link', () => {
  it('is open from the moment that the other side took it, under its node alone', async () => {
    const [one, other] = [await listening(), await listening()];
    expect(one.isOpen('b.i1')).toBe(false);
    one.setPeers([{ node: 'b.i1', endpoint: other.endpoint }]);
    expect(one.isOpen('b.i1')).toBe(false);
    await eventually('the link is open', () => one.isOpen('b.i1'));
    expect(one.isOpen('b.i2')).toBe(false);
    expect(other.isOpen('b.i1')).toBe(false);
  });

  it('is not open any more once the other process is gone, which is said once', async () => {
    const lost: string[] = [];
    const [one, other] = [await listening(lost), await listening()];
    one.setPeers([{ node: 'b.i1', endpoint: other.endpoint }]);
    await eventually('the link is open', () => one.isOpen('b.i1'));
    await other.close();
    await eventually('the link is lost', () => lost.length > 0);
    expect(one.isOpen('b.i1')).toBe(false);
    expect(lost).toEqual(['b.i1']);
  });

  it('is not open any more to one that is no peer any more, nor is that a loss', async () => {
    const lost: string[] = [];
    const [one, other] = [await listening(lost), await listening()];
    one.setPeers([{ node: 'b.i1', endpoint: other.endpoint }]);
    await eventually('the link is open', () => one.isOpen('b.i1'));
    one.setPeers([]);
    expect(one.isOpen('b.i1')).toBe(false);
    await other.close();
    expect(lost).toEqual([]);
  });

  it('never opens to where nobody listens', async () => {
    const [one, other] = [await listening(), await listening()];
    const { endpoint } = other;
    await other.close();
    one.setPeers([{ node: 'b.i1', endpoint }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(one.isOpen('b.i1')).toBe(false);
  });
});
