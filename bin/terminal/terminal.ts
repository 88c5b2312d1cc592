import { styleText } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';

/** How a command talks: for people on a terminal, for machines with --json, plainly elsewhere. Messages go to stderr, results to stdout. */
export interface Terminal {
  readonly json: boolean;
  /** Colours and boxes, only where the results go to a terminal: a file or a pipe gets plain text. */
  readonly rich: boolean;
  note(text: string): void;
  /** A line that stays at the end while notes go by above it; '' takes it away. Only where messages go to a terminal. */
  status(text: string): void;
  /** A bar, in the same place. */
  progress(label: string, total: number): { step(): void; stop(): void };
}

const DEFAULT_COLUMNS = 80;
/** Back to the beginning of the line, and erase it. */
const CLEAR_LINE = '\r\u001B[K';

export function openTerminal({ json }: { readonly json: boolean }): Terminal {
  const rich = process.stdout.isTTY === true && !json;
  const isLive = process.stderr.isTTY === true && !json;
  let shown = '';
  const width = () => process.stderr.columns ?? DEFAULT_COLUMNS;
  const write = (text: string) => void process.stderr.write(text);
  return {
    json,
    rich,
    note: (text) => write(shown === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${shown}`),
    status(text) {
      if (!isLive) return;
      shown = text.slice(0, width() - 1);
      write(`${CLEAR_LINE}${shown}`);
    },
    progress(label, total) {
      if (!isLive) return { step: () => undefined, stop: () => undefined };
      const bar = new SingleBar(
        { format: `${label} {bar} {value}/{total}`, hideCursor: true, stream: process.stderr },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      return { step: () => bar.increment(), stop: () => bar.stop() };
    },
  };
}

type Format = Parameters<typeof styleText>[0];

/** Styles a text on a terminal only. */
export const styled = (terminal: Terminal, format: Format, text: string): string =>
  terminal.rich ? styleText(format, text) : text;
