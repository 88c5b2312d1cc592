/**
 * Writes a line to standard output. Not by `console.log`: in Lambda that puts time, request id and level before the line, and what is no JSON any
 * more no filter pattern can read. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
export const writeLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
