import { tryRunbooks } from './commands.ts';

tryRunbooks([
  'iterator-age',
  'log-lag-messages',
  'catch-up',
  'hot-shard',
  'late-dropped',
  'state-failures',
  'producer-errors',
  'oldest-unpublished',
  'function-errors',
]);
