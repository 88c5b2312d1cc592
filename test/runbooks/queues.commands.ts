import { tryRunbooks } from './commands.ts';
import { QUEUE_SITUATIONS } from './queue-situations.ts';

tryRunbooks(QUEUE_SITUATIONS);
