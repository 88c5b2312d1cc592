import { startEngine } from '../../lib/local/engine.ts';
const t = performance.now();
const engine = await startEngine({ assembly: process.argv[2] ?? '/tmp/b/cdk.out', port: 0, onNotice: (n) => console.log('NOTICE', n), onLog: (l) => console.log('LOG', l.line) });
console.log(engine.url, performance.now() - t, engine.stacks.map(s => [s.name, Object.keys(s.resources).length]));
console.log(await (await fetch(engine.url + '/_sluice/health')).text());
await engine.close();
console.log('closed', performance.now() - t, process.getActiveResourcesInfo());
