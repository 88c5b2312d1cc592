import type { FunctionLog } from '../lambda/definition.ts';

/** What Lambda's Node runtime writes by itself for an error that a handler throws; it has the level already. */
const RUNTIME_ERROR = /^ERROR\t/;

/**
 * A line as it stands in the log in Lambda's text format: what a function writes through `console` begins with time, request id and level, so that
 * no filter pattern reads it as JSON; what it writes to standard output itself stands as it is.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
export function textLine({ level, line, requestId, platform }: FunctionLog, now: Date): string {
  if (platform || level === undefined) return line;
  const start = `${now.toISOString()}\t${requestId ?? 'undefined'}\t`;
  return RUNTIME_ERROR.test(line) ? start + line : `${start}${level.toUpperCase()}\t${line}`;
}
