/**
 * Runs kinesis-local in a process of its own, started by kinesis.ts. kinesis-local listens on all interfaces and does not
 * say on which port; this makes it listen on the loopback interface only, on free ports, and tells the parent the plain one.
 */
import { createRequire } from 'node:module';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { Server as TlsServer } from 'node:tls';

const listen = NetServer.prototype.listen;
const onLoopback = function (this: NetServer, ...given: unknown[]): NetServer {
  const callback = given.find((value): value is () => void => typeof value === 'function');
  this.once('listening', () => {
    if (this instanceof TlsServer) return;
    const { port } = this.address() as AddressInfo;
    process.send?.({ port });
  });
  return listen.call(this, { port: 0, host: '127.0.0.1' }, callback);
};
NetServer.prototype.listen = onLoopback as typeof listen;

// However the parent ends, the channel closes, and this process goes with it.
process.on('disconnect', () => process.exit(0));

createRequire(import.meta.url)('kinesis-local/main.js');
