#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: what was compiled once is not compiled again at the next start.
enableCompileCache();
await import('./cli/program.ts');
