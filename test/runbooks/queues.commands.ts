import { tryRunbooks } from './commands.ts';

tryRunbooks([
  'README',
  'queue-depth',
  'oldest-message',
  'dead-letters',
  'undelivered',
  'error-rate',
  'throttles',
  'received-drop',
  'unhealthy',
]);
