/** The engine in a process of its own, so that its memory and work are its own. Tells the parent where it is, and answers 'memory'. */
import { startEngine } from '../../lib/local/engine.ts';

const engine = await startEngine({ assembly: process.argv[2] ?? '', port: 0, onNotice: (text) => console.error(text) });

process.on('message', (message) => {
  if (message === 'memory') process.send?.(process.memoryUsage.rss());
});
process.on('disconnect', () => void engine.close().then(() => process.exit(0)));
process.send?.(engine.url);
