import { tryRunbooks } from './commands.ts';
import { LOG_SITUATIONS } from './log-situations.ts';

tryRunbooks(LOG_SITUATIONS);
