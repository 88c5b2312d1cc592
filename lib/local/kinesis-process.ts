/**
 * Runs kinesis-local in a process of its own, started by kinesis.ts. kinesis-local listens on all interfaces and does not
 * say on which port; this makes it listen on the loopback interface only, on free ports, and tells the parent the plain one.
 */
import { createRequire, enableCompileCache, flushCompileCache } from 'node:module';
import { type AddressInfo, Server } from 'node:net';

/** Never bound: the number by which the plain server is told from the TLS one. */
const PLAIN_MARK = 1;
const TLS_MARK = 2;
process.env.KINESIS_MOCK_PLAIN_PORT = String(PLAIN_MARK);
process.env.KINESIS_MOCK_TLS_PORT = String(TLS_MARK);

const listen = Server.prototype.listen;
const listenOnLoopback = function (this: Server, ...given: unknown[]): Server {
  const callback = given.find((value): value is () => void => typeof value === 'function');
  if (given[0] === PLAIN_MARK) {
    this.once('listening', () => process.send?.({ port: (this.address() as AddressInfo).port }));
  }
  return listen.call(this, { port: 0, host: '127.0.0.1' }, callback);
};
Server.prototype.listen = listenOnLoopback as typeof listen;

// However the parent ends, the channel closes, and this process goes with it.
process.on('disconnect', () => process.exit(0));

// Nine megabytes of JavaScript: compiling them takes half of its start. The process is killed rather than ended, so they are kept now.
enableCompileCache();
createRequire(import.meta.url)('kinesis-local/main.js');
flushCompileCache();
