import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';
import { SLOW } from './slow.ts';

/** Run by `npm run test:integration`, not by `npm test`: what takes long. */
export default defineConfig({ test: { ...base.test, include: [...SLOW], exclude: [] } });
