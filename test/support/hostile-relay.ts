/** A relay in hostile hands: it stands between a person and the server's port and does with the bytes as it likes. TLS records, for that is all it gets to see. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export type Direction = 'to-server' | 'to-person';

/** What becomes of each TLS record, in order: none, one or several. */
export type Meddle = (record: Buffer, direction: Direction) => readonly Buffer[];

export interface HostileRelay {
  readonly port: number;
  /** All records that passed, as they came. */
  readonly seen: readonly { readonly record: Buffer; readonly direction: Direction }[];
  meddle: Meddle;
  stop(): Promise<void>;
}

export async function startHostileRelay(serverPort: number): Promise<HostileRelay> {
  const seen: { record: Buffer; direction: Direction }[] = [];
  const sockets = new Set<Socket>();
  const relay = { seen, meddle: (record: Buffer): readonly Buffer[] => [record] } as { seen: typeof seen; meddle: Meddle };
  const server = createServer((person) => {
    const onward = connect(serverPort, '127.0.0.1');
    pass(person, onward, 'to-server');
    pass(onward, person, 'to-person');
  });
  function pass(from: Socket, to: Socket, direction: Direction): void {
    sockets.add(from);
    let rest = Buffer.alloc(0);
    from.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
        const record = rest.subarray(0, 5 + rest.readUInt16BE(3));
        rest = rest.subarray(record.length);
        seen.push({ record: Buffer.from(record), direction });
        for (const each of relay.meddle(record, direction)) to.write(each);
      }
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.end();
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(relay, {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
